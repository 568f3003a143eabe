package stats

import (
	"math"
	"testing"
)

func TestMannWhitney(t *testing.T) {
	six := []float64{1, 2, 3, 4, 5, 6}
	for _, c := range []struct {
		what string
		a, b []float64
		want float64
	}{
		// Hollander and Wolfe, Nonparametric Statistical Methods, table 4.1, of which R's manual of
		// wilcox.test gives the one-sided p as 0.1272: permeability of the chorioamnion.
		{"permeability", []float64{0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46}, []float64{1.15, 0.88, 0.90, 0.74, 1.21}, 0.2544},
		{"six a side, apart: 2 of 924 orders", six, []float64{7, 8, 9, 10, 11, 12}, 2. / 924},
		{"the other way", []float64{7, 8, 9, 10, 11, 12}, six, 2. / 924},
		{"three a side, apart: 2 of 20", []float64{1, 2, 3}, []float64{4, 5, 6}, 0.1},
		{"all the same", []float64{1, 1, 1}, []float64{1, 1}, 1},
		{"the same values twice", six, six, 1},
		{"nothing", nil, six, nan},
	} {
		if got := MannWhitney(c.a, c.b); math.Abs(got-c.want) > 5e-5 && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("%s: got %v, want %v", c.what, got, c.want)
		}
	}
}

// The approximation for ties is close to the exact count where one value is moved a little so that
// it ties no more.
func TestMannWhitneyWithTies(t *testing.T) {
	a := []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	tied := []float64{5, 6.5, 7.5, 8.5, 9.5, 10.5, 11, 12, 13, 14}
	loose := []float64{5.1, 6.5, 7.5, 8.5, 9.5, 10.5, 11, 12, 13, 14}
	if p, q := MannWhitney(a, tied), MannWhitney(a, loose); math.Abs(p-q) > 0.004 {
		t.Errorf("with a tie %v, without %v", p, q)
	}
}

func TestMedianInterval(t *testing.T) {
	for _, c := range []struct {
		n         int
		low, high float64
	}{{5, nan, nan}, {6, 1, 6}, {8, 1, 8}, {9, 2, 8}, {0, nan, nan}} {
		var xs []float64
		for i := range c.n {
			xs = append(xs, float64(i+1))
		}
		if low, high := MedianInterval(xs, 0.95); !near(low, c.low) || !near(high, c.high) {
			t.Errorf("%d values: got %v to %v, want %v to %v", c.n, low, high, c.low, c.high)
		}
	}
}

func TestGeomean(t *testing.T) {
	if g := Geomean([]float64{2, 8}); math.Abs(g-4) > 1e-12 {
		t.Errorf("of 2 and 8: %v", g)
	}
	if g := Geomean([]float64{2, 0}); !math.IsNaN(g) {
		t.Errorf("with a 0: %v", g)
	}
}
