package stats

import (
	"math"
	"testing"
)

// NIST's Statistical Reference Datasets have certified means and sample standard deviations, s;
// ours is the population's, s·√((n−1)/n). The values of NumAcc1 to 3 leave few digits for the
// deviation, as times of a clock that counts from far back do.
func TestCertifiedByNIST(t *testing.T) {
	alternating := func(middle, step float64) []float64 {
		xs := []float64{middle}
		for range 500 {
			xs = append(xs, middle-step, middle+step)
		}
		return xs
	}
	for _, c := range []struct {
		what            string
		xs              []float64
		mean, deviation float64
		digits          float64
	}{
		{"NumAcc1", []float64{10000001, 10000003, 10000002}, 10000002, 1, 1e-12},
		{"NumAcc2", alternating(1.2, 0.1), 1.2, 0.1, 1e-12},
		{"NumAcc3", alternating(1000000.2, 0.1), 1000000.2, 0.1, 1e-8},
		{"NumAcc4", alternating(10000000.2, 0.1), 10000000.2, 0.1, 1e-7},
	} {
		n := float64(len(c.xs))
		got := Summarize(c.xs)
		if math.Abs(got.Mean-c.mean) > c.digits*c.mean {
			t.Errorf("%s: mean %v, certified %v", c.what, got.Mean, c.mean)
		}
		if s := got.StdDev * math.Sqrt(n/(n-1)); math.Abs(s-c.deviation) > c.digits*max(1, c.deviation) {
			t.Errorf("%s: standard deviation %v, certified %v", c.what, s, c.deviation)
		}
	}
}

// Anscombe's quartet ("Graphs in statistical analysis", 1973): four samples that look different and
// have the same correlation, published as 0.816.
func TestAnscombe(t *testing.T) {
	x := []float64{10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5}
	for i, c := range []struct {
		x, y []float64
	}{
		{x, []float64{8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68}},
		{x, []float64{9.14, 8.14, 8.74, 8.77, 9.26, 8.10, 6.13, 3.10, 9.13, 7.26, 4.74}},
		{x, []float64{7.46, 6.77, 12.74, 7.11, 7.81, 8.84, 6.08, 5.39, 8.15, 6.42, 5.73}},
		{[]float64{8, 8, 8, 8, 8, 8, 8, 19, 8, 8, 8}, []float64{6.58, 5.76, 7.71, 8.84, 8.47, 7.04, 5.25, 12.50, 5.56, 7.91, 6.89}},
	} {
		if r := Pearson(c.x, c.y); math.Abs(r-0.8165) > 5e-4 {
			t.Errorf("sample %d: correlation %v, published 0.816", i+1, r)
		}
		if m := Mean(c.y); math.Abs(m-7.50) > 0.005 {
			t.Errorf("sample %d: mean %v, published 7.50", i+1, m)
		}
	}
}

// Quartiles by the rule of linear interpolation, number 7 of Hyndman and Fan ("Sample quantiles in
// statistical packages", 1996), of the eleven values that its definition is easy to follow on: the
// rank is p·(n−1).
func TestQuantilesOfTypeSeven(t *testing.T) {
	s := Sort([]float64{6, 7, 15, 36, 39, 40, 41, 42, 43, 47, 49})
	for p, want := range map[float64]float64{25: 25.5, 50: 40, 75: 42.5, 90: 47} {
		if got := s.Percentile(p); !near(got, want) {
			t.Errorf("P%v: got %v, want %v", p, got, want)
		}
	}
}
