package stats

import (
	"math"
	"testing"
)

func TestNDCG(t *testing.T) {
	wikipedia := []float64{3, 2, 3, 0, 1, 2}
	for _, c := range []struct {
		what           string
		ranked, judged []float64
		k              int
		want           float64
	}{
		// The example of Wikipedia's article "Discounted cumulative gain": 6.861 of 8.740, which it
		// gives as 0.785.
		{"the published example", wikipedia, append([]float64{3, 2}, wikipedia...), 6, 6.861126688593501 / 8.740262365546284},
		{"the best order", []float64{3, 2, 1}, []float64{1, 2, 3}, 10, 1},
		{"the only relevant one second: 1/log2(3)", []float64{0, 1}, []float64{1}, 10, 1 / math.Log2(3)},
		{"the relevant one beyond the cut", []float64{0, 0, 1}, []float64{1}, 2, 0},
		{"one of two relevant was no candidate: 1/(1+1/log2(3))", []float64{1}, []float64{1, 1}, 10, 1 / (1 + 1/math.Log2(3))},
		{"a negative grade gains nothing and costs nothing", []float64{-1, 1}, []float64{-1, 1}, 10, 1 / math.Log2(3)},
		{"nothing was ranked", nil, []float64{1}, 10, 0},
	} {
		if got := NDCG(c.ranked, c.judged, c.k); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s: %v, want %v", c.what, got, c.want)
		}
	}
	if got := NDCG([]float64{3, 2, 3, 0, 1, 2}, append([]float64{3, 2}, wikipedia...), 6); math.Abs(got-0.785) > 5e-4 {
		t.Errorf("the published example is %v, not the 0.785 that is published", got)
	}
	if got := NDCG([]float64{0}, nil, 10); !math.IsNaN(got) {
		t.Errorf("without a relevant document it is %v", got)
	}
}

func TestReciprocalRank(t *testing.T) {
	for _, c := range []struct {
		what   string
		ranked []float64
		want   float64
	}{
		{"the first", []float64{2, 0}, 1},
		{"the third", []float64{0, -1, 1, 1}, 1.0 / 3},
		{"the eleventh of ten", []float64{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 0},
		{"none", nil, 0},
	} {
		if got := ReciprocalRank(c.ranked, 10); got != c.want {
			t.Errorf("%s: %v, want %v", c.what, got, c.want)
		}
	}
}
