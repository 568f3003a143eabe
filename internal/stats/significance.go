package stats

import (
	"math"
	"slices"
)

// maxExact bounds the sizes for which [MannWhitney] counts orders instead of approximating.
const maxExact = 50

// MannWhitney gives the two-sided p of the Mann–Whitney U test: how likely two samples from one and
// the same distribution would differ in rank at least as much as a and b. Small samples without
// ties are counted exactly; others take the normal approximation with correction for ties and
// continuity. It is NaN if either is empty.
func MannWhitney(a, b []float64) float64 {
	n, m := len(a), len(b)
	if n == 0 || m == 0 {
		return math.NaN()
	}
	u, ties := rankSum(a, b)
	u -= float64(n*(n+1)) / 2
	if ties == 0 && n <= maxExact && m <= maxExact {
		return exactP(n, m, int(math.Round(min(u, float64(n*m)-u))))
	}
	total := float64(n + m)
	variance := float64(n*m) / 12 * (total + 1 - ties/(total*(total-1)))
	if variance <= 0 {
		return 1 // all values are the same
	}
	z := max(0, math.Abs(u-float64(n*m)/2)-0.5) / math.Sqrt(variance)
	return math.Erfc(z / math.Sqrt2)
}

// rankSum is the sum of the ranks of a among a and b, ties taking their mean rank, and Σ(t³−t) over
// the ties.
func rankSum(a, b []float64) (sum, ties float64) {
	all := Sort(slices.Concat(a, b))
	for i := 0; i < len(all); {
		j := i
		for j < len(all) && all[j] == all[i] {
			j++
		}
		rank, t := float64(i+j+1)/2, float64(j-i)
		for _, x := range a {
			if x == all[i] {
				sum += rank
			}
		}
		ties += t*t*t - t
		i = max(j, i+1)
	}
	return sum, ties
}

// exactP is P(U ≤ u or U ≥ nm−u): the number of ways to choose n of n+m ranks with a given sum
// follows from whether the last rank is among them.
func exactP(n, m, u int) float64 {
	// ways[i][s]: subsets of size i of the ranks so far whose U, the sum less the least possible
	// one, is s.
	ways := make([][]float64, n+1)
	for i := range ways {
		ways[i] = make([]float64, n*m+1)
	}
	ways[0][0] = 1
	for rank := 1; rank <= n+m; rank++ {
		for i := min(rank, n); i >= 1; i-- {
			for s := n * m; s >= rank-i; s-- {
				ways[i][s] += ways[i-1][s-(rank-i)]
			}
		}
	}
	var below, total float64
	for s, w := range ways[n] {
		total += w
		if s <= u {
			below += w
		}
	}
	return min(1, 2*below/total)
}

// MedianInterval gives the narrowest symmetric pair of order statistics that holds the median of
// what xs were drawn from with at least the given confidence, such as 0.95. With fewer than 6
// values there is none at 0.95, and both are NaN.
func MedianInterval(xs []float64, confidence float64) (low, high float64) {
	sorted := Sort(xs)
	n := len(sorted)
	for k := (n - 1) / 2; k >= 0; k-- {
		// The median lies outside x[k] … x[n−1−k] when at most k of n fell on one side of it.
		if n > 0 && 1-2*binomialCDF(k, n, 0.5) >= confidence {
			return sorted[k], sorted[n-1-k]
		}
	}
	return math.NaN(), math.NaN()
}

// Geomean is the geometric mean of positive values; NaN if there are none or one is not positive.
func Geomean(xs []float64) float64 {
	var sum float64
	for _, x := range xs {
		if !(x > 0) {
			return math.NaN()
		}
		sum += math.Log(x)
	}
	return math.Exp(sum / float64(len(xs)))
}
