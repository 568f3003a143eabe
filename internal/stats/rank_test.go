package stats

import (
	"slices"
	"testing"
)

// The wanted values were worked out by hand.
func TestRanks(t *testing.T) {
	for _, c := range []struct {
		what     string
		xs, want []float64
	}{
		{"nothing", nil, []float64{}},
		{"in order", []float64{-1, 0, 5}, []float64{1, 2, 3}},
		{"out of order", []float64{30, 10, 20}, []float64{3, 1, 2}},
		{"two share the places 2 and 3", []float64{7, 1, 7, 9}, []float64{2.5, 1, 2.5, 4}},
		{"all the same", []float64{4, 4, 4}, []float64{2, 2, 2}},
		{"two NaNs share the places 1 and 2", []float64{nan, 3, nan}, []float64{1.5, 3, 1.5}},
	} {
		if got := Ranks(c.xs); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.what, got, c.want)
		}
	}
}

func TestSpearman(t *testing.T) {
	for _, c := range []struct {
		what string
		x, y []float64
		want float64
	}{
		{"alike, though not in a line", []float64{1, 2, 3, 4}, []float64{1, 10, 100, 1000}, 1},
		{"in reverse", []float64{1, 2, 3}, []float64{9, 8, -5}, -1},
		// The ranks differ by 0 1 −1 0 0, so it is 1 − 6·2/(5·24) = 0.9.
		{"one swap among five", []float64{1, 2, 3, 4, 5}, []float64{10, 30, 20, 40, 50}, 0.9},
		// Ranks 1 2.5 2.5 4 and 1 2 3 4: deviations −1.5 0 0 1.5 and −1.5 −0.5 0.5 1.5; products
		// sum to 4.5, squares to 4.5 and 5; 4.5/√22.5.
		{"a tie on one side", []float64{1, 2, 2, 3}, []float64{1, 2, 3, 4}, 0.9486832980505138},
		{"one never changes", []float64{1, 2}, []float64{5, 5}, nan},
		{"a single value", []float64{1}, []float64{2}, nan},
		{"nothing", nil, nil, nan},
	} {
		if got := Spearman(c.x, c.y); !near(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.what, got, c.want)
		}
	}
}
