package main

import (
	"math"
	"math/rand/v2"

	"github.com/crossrank/crossrank/internal/stats"
)

// slope fits y = a + b·x by least squares and gives b and its standard error √(Σr²/(n−2) /
// Σ(x−x̄)²), r being what the line leaves over. The error supposes that those are independent; see
// [blocks]. Both are NaN with fewer than three points.
func slope(x, y []float64) (b, err float64) {
	n := float64(len(x))
	if n < 3 {
		return math.NaN(), math.NaN()
	}
	mx, my := stats.Mean(x), stats.Mean(y)
	var xx, xy float64
	for i := range x {
		xx += (x[i] - mx) * (x[i] - mx)
		xy += (x[i] - mx) * (y[i] - my)
	}
	b = xy / xx
	var rr float64
	for i := range x {
		r := y[i] - my - b*(x[i]-mx)
		rr += r * r
	}
	return b, math.Sqrt(rr / (n - 2) / xx)
}

// blocks replaces n points in a row by their means. Memory goes up and down slowly, so that
// neighbouring samples say the same; means of stretches are nearer to what a slope's standard error
// supposes.
func blocks(x []float64, n int) (means []float64) {
	for len(x) >= n {
		means = append(means, stats.Mean(x[:n]))
		x = x[n:]
	}
	return means
}

// growth is by how many percent the P99 of b is above that of a, and half of the interval that
// holds it with a confidence of 95 %, by resampling each (Efron's bootstrap).
func growth(a, b []float64) (percent, margin float64) {
	rng := rand.New(rand.NewPCG(1, 2))
	again := func(xs []float64) []float64 {
		out := make([]float64, len(xs))
		for i := range out {
			out[i] = xs[rng.IntN(len(xs))]
		}
		return out
	}
	if len(a) == 0 || len(b) == 0 {
		return math.NaN(), math.NaN()
	}
	var all []float64
	for range 500 {
		all = append(all, 100*(p99(again(b))/p99(again(a))-1))
	}
	s := stats.Sort(all)
	return 100 * (p99(b)/p99(a) - 1), (s.Percentile(97.5) - s.Percentile(2.5)) / 2
}
