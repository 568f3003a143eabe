package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestRandomizationByHand(t *testing.T) {
	for _, c := range []struct {
		what        string
		differences []float64
		want        float64
	}{
		{"three alike: of 8 combinations +++ and --- are as far from 0", []float64{1, 1, 1}, 2.0 / 8},
		{"zeros have no sign", []float64{0, 1, 0, 1, 1}, 2.0 / 8},
		{"1+2-3 is 0, which no combination is nearer to", []float64{1, 2, -3}, 1},
		{"4+2+1 in both directions, of 8", []float64{4, 2, 1}, 2.0 / 8},
		{"4+2-1: also 4+2+1, and both reversed", []float64{4, 2, -1}, 4.0 / 8},
		{"one", []float64{5}, 1},
		{"no difference", []float64{0, 0}, 1},
	} {
		if got := Randomization(c.differences); got != c.want {
			t.Errorf("%s: %v, want %v", c.what, got, c.want)
		}
	}
	if got := Randomization(nil); !math.IsNaN(got) {
		t.Errorf("of nothing: %v", got)
	}
}

// TestRandomizationDrawn compares the p of drawn combinations with that of all of them. The
// standard error of 10,000 draws is at most 0.005.
func TestRandomizationDrawn(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 7))
	for _, shift := range []float64{0, 0.1, 0.3} {
		xs := make([]float64, 18)
		var sum float64
		for i := range xs {
			xs[i] = rnd.Float64() - 0.5 + shift
			sum += xs[i]
		}
		want := exactSigns(xs, math.Abs(sum)*(1-1e-12))
		got := Randomization(xs)
		if math.Abs(got-want) > 0.02 {
			t.Errorf("shift %g: drawn %v, of all combinations %v", shift, got, want)
		}
		if again := Randomization(xs); again != got {
			t.Errorf("shift %g: %v at first, then %v", shift, got, again)
		}
	}
	// 100 equal differences: no drawn combination is as extreme as all of one sign.
	same := make([]float64, 100)
	for i := range same {
		same[i] = 0.1
	}
	if got, want := Randomization(same), 1.0/(Resamples+1); got != want {
		t.Errorf("100 equal differences: %v, want %v", got, want)
	}
}

// TestBootstrapMean compares the interval of a large sample with the normal one, mean ± 1.96·s/√n.
func TestBootstrapMean(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 3))
	xs := make([]float64, 400)
	for i := range xs {
		xs[i] = rnd.Float64()
	}
	low, high := BootstrapMean(xs, 0.95)
	half := 1.96 * StdDev(xs) / math.Sqrt(float64(len(xs)))
	if mean := Mean(xs); math.Abs(low-(mean-half)) > 0.1*half || math.Abs(high-(mean+half)) > 0.1*half {
		t.Errorf("from %v to %v, want about %v ± %v", low, high, mean, half)
	}
	if l, h := BootstrapMean(xs, 0.95); l != low || h != high {
		t.Error("a second time it is another interval")
	}
	// The mean of two values drawn from {0, 1} is 0, 0.5 or 1, with probabilities 1/4, 1/2, 1/4.
	if low, high := BootstrapMean([]float64{0, 1}, 0.95); low != 0 || high != 1 {
		t.Errorf("of 0 and 1: from %v to %v", low, high)
	}
	if low, high := BootstrapMean([]float64{0, 1}, 0.4); low != 0.5 || high != 0.5 {
		t.Errorf("the middle 40 %% of 0 and 1: from %v to %v", low, high)
	}
	if low, high := BootstrapMean([]float64{2, 2, 2}, 0.95); low != 2 || high != 2 {
		t.Errorf("of equal values: from %v to %v", low, high)
	}
	if low, high := BootstrapMean([]float64{1}, 0.95); !math.IsNaN(low) || !math.IsNaN(high) {
		t.Errorf("of one value: from %v to %v", low, high)
	}
}
