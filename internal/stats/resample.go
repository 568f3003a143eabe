package stats

import (
	"math"
	"math/rand/v2"
)

// Resamples is how many samples [BootstrapMean] and [Randomization] draw.
const Resamples = 10_000

// ResampleSeed is the seed of those draws, so that the same values have the same interval and p.
const ResampleSeed = 1

// maxSigns is the most differences of which [Randomization] tries every combination of signs: fewer
// than [Resamples] combinations.
const maxSigns = 13

// BootstrapMean gives the percentile bootstrap interval of the mean of xs (Efron 1979): the means
// of [Resamples] samples, each as large as xs and drawn from it with replacement, lie within it
// with the given confidence, such as 0.95. With fewer than two values there is none, and both are
// NaN.
func BootstrapMean(xs []float64, confidence float64) (low, high float64) {
	n := len(xs)
	if n < 2 {
		return math.NaN(), math.NaN()
	}
	rnd := rand.New(rand.NewPCG(ResampleSeed, 0))
	means := make([]float64, Resamples)
	for i := range means {
		var sum float64
		for range n {
			sum += xs[rnd.IntN(n)]
		}
		means[i] = sum / float64(n)
	}
	sorted := Sort(means)
	tail := 50 * (1 - confidence)
	return sorted.Percentile(tail), sorted.Percentile(100 - tail)
}

// Randomization gives the two-sided p of the paired randomization test (Fisher 1935), which
// Smucker, Allan and Carterette (2007) recommend for comparing rankings. If it made no difference
// which of two systems ranked a query, each difference between them could as well have the other
// sign. P is the part of all combinations of signs whose sum is at least as far from 0 as that of
// differences. Up to 13 differences other than 0 have all combinations tried. For more, [Resamples]
// combinations are drawn, and the observed one counts among them. It is NaN without differences.
func Randomization(differences []float64) float64 {
	if len(differences) == 0 {
		return math.NaN()
	}
	var signed []float64 // a 0 has no sign
	var sum float64
	for _, d := range differences {
		if d != 0 {
			signed = append(signed, d)
			sum += d
		}
	}
	// Combinations with the observed sum differ from it by rounding alone.
	bound := math.Abs(sum) * (1 - 1e-12)
	if len(signed) <= maxSigns {
		return exactSigns(signed, bound)
	}
	rnd := rand.New(rand.NewPCG(ResampleSeed, 0))
	extreme := 1
	for range Resamples {
		if math.Abs(signedSum(signed, rnd.Uint64)) >= bound {
			extreme++
		}
	}
	return float64(extreme) / (Resamples + 1)
}

// exactSigns is the part of all combinations of signs whose sum is at least bound away from 0.
func exactSigns(xs []float64, bound float64) float64 {
	extreme, all := 0, uint64(1)<<len(xs)
	for signs := range all {
		if math.Abs(signedSum(xs, func() uint64 { return signs })) >= bound {
			extreme++
		}
	}
	return float64(extreme) / float64(all)
}

// signedSum adds xs with the signs of bits, which gives 64 at a time.
func signedSum(xs []float64, bits func() uint64) float64 {
	var sum float64
	var signs uint64
	for i, x := range xs {
		if i%64 == 0 {
			signs = bits()
		}
		if signs&1 == 0 {
			sum += x
		} else {
			sum -= x
		}
		signs >>= 1
	}
	return sum
}
