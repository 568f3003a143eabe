package stats

import (
	"math"
	"testing"
)

func near(a, b float64) bool {
	return math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= 1e-12*max(1, math.Abs(b))
}

var nan = math.NaN()

// The wanted values were worked out by hand.
func TestSummarize(t *testing.T) {
	for _, c := range []struct {
		what string
		xs   []float64
		want Summary
	}{
		{"nothing", nil, Summary{0, nan, nan, nan, nan, nan, nan, nan, nan}},
		{"one", []float64{7}, Summary{1, 7, 7, 7, 0, 7, 7, 7, 7}},
		{"two", []float64{10, 0}, Summary{2, 5, 0, 10, 5, 5, 9, 9.5, 9.9}},
		// The deviations from 5 are -3 -1 -1 -1 0 0 2 4; their squares sum to 32; √(32/8) = 2. The
		// rank of P90 is 6.3, of P95 6.65, of P99 6.93.
		{"eight, unsorted", []float64{9, 4, 4, 4, 5, 5, 7, 2}, Summary{8, 5, 2, 9, 2, 4.5, 7.6, 8.3, 8.86}},
		{"all the same", []float64{3, 3, 3}, Summary{3, 3, 3, 3, 0, 3, 3, 3, 3}},
		{"with a NaN", []float64{1, nan}, Summary{2, nan, nan, nan, nan, nan, nan, nan, nan}},
	} {
		g := Summarize(c.xs)
		w := c.want
		if g.N != w.N || !near(g.Mean, w.Mean) || !near(g.Min, w.Min) || !near(g.Max, w.Max) || !near(g.StdDev, w.StdDev) ||
			!near(g.P50, w.P50) || !near(g.P90, w.P90) || !near(g.P95, w.P95) || !near(g.P99, w.P99) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", c.what, g, w)
		}
	}
}

func TestSummarizeLeavesItsInput(t *testing.T) {
	xs := []float64{3, 1, 2}
	Summarize(xs)
	if xs[0] != 3 || xs[1] != 1 {
		t.Errorf("got %v", xs)
	}
}

func TestPercentile(t *testing.T) {
	s := Sort([]float64{40, 10, 20, 30})
	for _, c := range []struct{ p, want float64 }{
		{0, 10}, {25, 17.5}, {50, 25}, {75, 32.5}, {100, 40}, {-1, nan}, {101, nan}, {nan, nan},
	} {
		if got := s.Percentile(c.p); !near(got, c.want) {
			t.Errorf("P%v: got %v, want %v", c.p, got, c.want)
		}
	}
}

func TestPearson(t *testing.T) {
	for _, c := range []struct {
		what string
		x, y []float64
		want float64
	}{
		{"together", []float64{1, 2, 3}, []float64{10, 20, 30}, 1},
		{"against each other", []float64{1, 2, 3}, []float64{3, 2, 1}, -1},
		// Deviations −1.5 −0.5 0.5 1.5 and −1.5 0.5 −0.5 1.5: the products sum to 4, either's
		// squares to 5.
		{"loosely", []float64{1, 2, 3, 4}, []float64{2, 4, 3, 5}, 0.8},
		{"one never changes", []float64{1, 2}, []float64{5, 5}, nan},
		{"a single value", []float64{1}, []float64{2}, nan},
		{"nothing", nil, nil, nan},
	} {
		if got := Pearson(c.x, c.y); !near(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.what, got, c.want)
		}
	}
}

// The counts are those of MLPerf Inference's table of early stopping, at 99 % confidence.
func TestNeeded(t *testing.T) {
	for _, c := range []struct {
		p    float64
		late int
		want int
	}{
		{90, 0, 44}, {95, 0, 90}, {99, 0, 459}, {99.9, 0, 4603},
		{99, 1, 662}, {99, 2, 838}, {99, 5, 1307}, {99, 10, 2010}, {99, 100, 12571},
		{0, 0, 0}, {100, 0, 0}, {nan, 0, 0}, {99, -1, 0},
	} {
		if got := Needed(c.p, c.late); got != c.want {
			t.Errorf("P%v with %d late: got %d, want %d", c.p, c.late, got, c.want)
		}
	}
}

// With n fair coins, the sum of the terms is known exactly.
func TestBinomialCDF(t *testing.T) {
	for _, c := range []struct {
		k, n int
		want float64
	}{{0, 10, 1.0 / 1024}, {1, 10, 11.0 / 1024}, {4, 10, 386.0 / 1024}, {9, 10, 1023.0 / 1024}, {10, 10, 1}} {
		if got := binomialCDF(c.k, c.n, 0.5); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("P(X ≤ %d) of %d: got %v, want %v", c.k, c.n, got, c.want)
		}
	}
}
