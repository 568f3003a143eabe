package stats

import (
	"cmp"
	"slices"
)

// Spearman is the rank correlation of x and y, two lists of the same length: [Pearson] of their
// [Ranks]. It is 1 for the same order, −1 for the reverse, and NaN where Pearson is
// (Spearman 1904).
func Spearman(x, y []float64) float64 {
	if len(x) != len(y) {
		panic("stats: Spearman of lists of different lengths")
	}
	return Pearson(Ranks(x), Ranks(y))
}

// Ranks gives each of xs its place in ascending order, from 1. Equal values share the mean of their
// places; NaNs are equal and come first.
func Ranks(xs []float64) []float64 {
	order := make([]int, len(xs))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(xs[a], xs[b]) })
	ranks := make([]float64, len(xs))
	for low := 0; low < len(order); {
		high := low + 1
		for high < len(order) && cmp.Compare(xs[order[low]], xs[order[high]]) == 0 {
			high++
		}
		for _, i := range order[low:high] {
			ranks[i] = float64(low+1+high) / 2
		}
		low = high
	}
	return ranks
}
