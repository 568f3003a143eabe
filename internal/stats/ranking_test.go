package stats

import (
	"math"
	"slices"
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

func TestAveragePrecision(t *testing.T) {
	for _, c := range []struct {
		what           string
		ranked, judged []float64
		want           float64
	}{
		{"ranks 1 and 3 of 2 relevant: (1/1 + 2/3)/2", []float64{1, 0, 2}, []float64{1, 2, 0}, (1 + 2.0/3) / 2},
		{"one of 4 relevant was ranked, second: (1/2)/4", []float64{0, 1}, []float64{1, 1, 1, 1}, 0.125},
		{"judged but not relevant", []float64{-1, 0, 1}, []float64{-1, 0, 1}, 1.0 / 3},
		{"nothing was ranked", nil, []float64{1}, 0},
	} {
		if got := AveragePrecision(c.ranked, c.judged); math.Abs(got-c.want) > 1e-15 {
			t.Errorf("%s: %v, want %v", c.what, got, c.want)
		}
	}
	if got := AveragePrecision([]float64{0}, []float64{0}); !math.IsNaN(got) {
		t.Errorf("without a relevant document: %v", got)
	}
}

func TestRecall(t *testing.T) {
	ranked, judged := []float64{1, 0, 3, 1}, []float64{1, 1, 3, 1, 0}
	for k, want := range map[int]float64{1: 0.25, 2: 0.25, 3: 0.5, 4: 0.75, 100: 0.75} {
		if got := Recall(ranked, judged, k); got != want {
			t.Errorf("at %d: %v, want %v", k, got, want)
		}
	}
	if got := Recall(nil, nil, 5); !math.IsNaN(got) {
		t.Errorf("without a relevant document: %v", got)
	}
}

// Ids are strings: "9" is greater than "10", and upper case comes before lower case.
func TestRankOrder(t *testing.T) {
	ids := []string{"10", "9", "a", "B"}
	id := func(i int) string { return ids[i] }
	if got := RankOrder([]float64{1, 1, 1, 1}, id); !slices.Equal(got, []int{2, 3, 1, 0}) {
		t.Errorf("equal scores: %v", got)
	}
	if got := RankOrder([]float64{-1, 2, -1, 5}, id); !slices.Equal(got, []int{3, 1, 2, 0}) {
		t.Errorf("by score: %v", got)
	}
}

// The example of pytrec_eval's README, whose values were computed by trec_eval itself. Documents d1
// to d3 have the scores given.
func TestPublishedByPytrecEval(t *testing.T) {
	ids := []string{"d1", "d2", "d3"}
	for _, q := range []struct {
		grades, scores, judged []float64
		ndcg, ap               float64
	}{
		{[]float64{0, 1, 0}, []float64{1, 0, 1.5}, []float64{0, 1, 0}, 0.5, 0.3333333333333333},
		{[]float64{0, 1, 1}, []float64{1.5, 0.2, 0.5}, []float64{1, 1}, 0.6934264036172708, 0.5833333333333333},
	} {
		var ranked []float64
		for _, i := range RankOrder(q.scores, func(i int) string { return ids[i] }) {
			ranked = append(ranked, q.grades[i])
		}
		if got := NDCG(ranked, q.judged, 1000); math.Abs(got-q.ndcg) > 1e-15 {
			t.Errorf("nDCG is %v, want %v", got, q.ndcg)
		}
		if got := AveragePrecision(ranked, q.judged); math.Abs(got-q.ap) > 1e-15 {
			t.Errorf("average precision is %v, want %v", got, q.ap)
		}
	}
}
