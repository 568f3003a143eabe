package stats

import "math"

// Confidence is the confidence level of verdicts about percentiles.
const Confidence = 0.99

// maxNeeded bounds the search of [Needed].
const maxNeeded = 1 << 40

// Needed gives the number of measurements that confirm, with [Confidence], that at least p percent
// of all requests meet a bound when late of the measured ones exceeded it: 459 for p = 99 when none
// was late. The percentile of a smaller sample says little about the percentile of all requests.
//
// It is the early-stopping test of MLPerf Inference: the least n for which a process that meets the
// bound in only p percent of cases shows so few late ones by chance with a probability of at most
// 1−Confidence,
//
//	P(X ≤ late) ≤ 1−Confidence,   X ~ Binomial(n, 1−p/100).
//
// It is 0, which means never, unless 0 < p < 100 and late ≥ 0.
func Needed(p float64, late int) int {
	if !(p > 0 && p < 100) || late < 0 {
		return 0
	}
	q := 1 - p/100
	holds := func(n int) bool { return binomialCDF(late, n, q) <= 1-Confidence }
	low, high := late, late+1 // holds(low) is false: all of them would be late
	for !holds(high) {
		if high > maxNeeded {
			return 0
		}
		low, high = high, high*2
	}
	for high-low > 1 {
		if mid := low + (high-low)/2; holds(mid) {
			high = mid
		} else {
			low = mid
		}
	}
	return high
}

// binomialCDF is P(X ≤ k) for X ~ Binomial(n, q), 0 < q < 1, summed from the logarithms of its
// terms.
func binomialCDF(k, n int, q float64) float64 {
	if k >= n {
		return 1
	}
	logQ, logP := math.Log(q), math.Log1p(-q)
	// The terms rise towards n·q; those far below the last one are too small to matter.
	var sum float64
	term := logChoose(n, k) + float64(k)*logQ + float64(n-k)*logP
	for i := k; i >= 0; i-- {
		t := math.Exp(term)
		sum += t
		if t < sum*1e-17 && float64(i) < float64(n)*q {
			break
		}
		// choose(n, i−1)/choose(n, i) = i/(n−i+1)
		term += math.Log(float64(i)) - math.Log(float64(n-i+1)) - logQ + logP
	}
	return min(1, sum)
}

func logChoose(n, k int) float64 {
	a, _ := math.Lgamma(float64(n) + 1)
	b, _ := math.Lgamma(float64(k) + 1)
	c, _ := math.Lgamma(float64(n-k) + 1)
	return a - b - c
}
