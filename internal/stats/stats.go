// Package stats has the statistics that reports and verdicts use: means, spreads and percentiles,
// correlation and rank tests, ranking quality, saturation, and the number of measurements that a
// percentile needs.
//
// Percentiles interpolate linearly between ranks, and standard deviations are the population's, as
// NumPy computes both by default. A figure that does not exist, such as the mean of nothing, is
// NaN; it is printed as "n/a".
package stats

import (
	"math"
	"slices"
	"time"
)

// Summary is the usual figures of a sample. All but N are NaN if it is empty or holds a NaN.
type Summary struct {
	N                  int
	Mean, Min, Max     float64
	StdDev             float64
	P50, P90, P95, P99 float64
}

// Summarize sums up xs, which it leaves unchanged.
func Summarize(xs []float64) Summary {
	sorted := Sort(xs)
	return Summary{
		N: len(xs), Mean: Mean(xs), Min: sorted.Percentile(0), Max: sorted.Percentile(100), StdDev: StdDev(xs),
		P50: sorted.Percentile(50), P90: sorted.Percentile(90), P95: sorted.Percentile(95), P99: sorted.Percentile(99),
	}
}

// Mean is the arithmetic mean.
func Mean(xs []float64) float64 {
	var sum float64
	for _, x := range xs {
		sum += x
	}
	return sum / float64(len(xs))
}

// StdDev is the standard deviation of the population, √(Σ(x−mean)²/n).
func StdDev(xs []float64) float64 {
	mean := Mean(xs)
	var sum float64
	for _, x := range xs {
		sum += (x - mean) * (x - mean)
	}
	return math.Sqrt(sum / float64(len(xs)))
}

// Sorted is a sample in ascending order, as [Sort] makes it.
type Sorted []float64

// Sort gives a sorted copy of xs. NaNs come first.
func Sort(xs []float64) Sorted {
	s := slices.Clone(xs)
	slices.Sort(s)
	return s
}

// Percentile gives the p-th percentile, 0 ≤ p ≤ 100:
// with n values x[0] ≤ … ≤ x[n−1] and the rank r = p/100·(n−1), it is x[⌊r⌋] +
// (r−⌊r⌋)·(x[⌊r⌋+1]−x[⌊r⌋]).
func (s Sorted) Percentile(p float64) float64 {
	if len(s) == 0 || math.IsNaN(s[0]) || !(p >= 0 && p <= 100) {
		return math.NaN()
	}
	rank := p / 100 * float64(len(s)-1)
	below := int(rank)
	if below >= len(s)-1 {
		return s[len(s)-1]
	}
	return s[below] + (rank-float64(below))*(s[below+1]-s[below])
}

// Median is the 50th percentile of xs.
func Median(xs []float64) float64 { return Sort(xs).Percentile(50) }

// Milliseconds gives a duration in ms.
func Milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// Pearson is the correlation of x and y, two lists of the same length: from −1 to 1. It is NaN when
// there are fewer than two values or when either never changes.
func Pearson(x, y []float64) float64 {
	if len(x) != len(y) {
		panic("stats: Pearson of lists of different lengths")
	}
	mx, my := Mean(x), Mean(y)
	var xy, xx, yy float64
	for i := range x {
		dx, dy := x[i]-mx, y[i]-my
		xy += dx * dy
		xx += dx * dx
		yy += dy * dy
	}
	if len(x) < 2 || xx == 0 || yy == 0 {
		return math.NaN()
	}
	return min(1, max(-1, xy/math.Sqrt(xx*yy)))
}
