package quality

import (
	"cmp"
	"math"
	"slices"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/stats"
)

// Agree compares two lists of the logits of pairs; against names the precision of the second.
func Agree(pairs []crossrank.Pair, got, want []float64, against string) *results.Agreement {
	a := &results.Agreement{Against: against, Pairs: len(pairs), StdDev: stats.StdDev(want)}
	for i := range want {
		e := math.Abs(got[i] - want[i])
		a.MaxAbsError = max(a.MaxAbsError, e)
		a.MeanAbsError += e / float64(len(want))
	}
	if r := stats.Spearman(got, want); !math.IsNaN(r) {
		a.RankCorrelation = &r
	}
	byQuery := map[string][]int{}
	for i, p := range pairs {
		byQuery[p.Query] = append(byQuery[p.Query], i)
	}
	a.Top1, a.Top10 = topOverlap(byQuery, got, want, 1), topOverlap(byQuery, got, want, 10)
	return a
}

// topOverlap compares the n best passages of each query that has more than n.
func topOverlap(byQuery map[string][]int, got, want []float64, n int) results.TopAgreement {
	var top results.TopAgreement
	both := 0
	for _, places := range byQuery {
		if len(places) <= n {
			continue
		}
		top.Queries++
		wanted := highest(places, want, n)
		for _, i := range highest(places, got, n) {
			if slices.Contains(wanted, i) {
				both++
			}
		}
	}
	if top.Queries > 0 {
		top.Share = new(float64(both) / float64(n*top.Queries))
	}
	return top
}

// highest returns the n of places with the highest scores; of equal ones the first.
func highest(places []int, scores []float64, n int) []int {
	sorted := slices.Clone(places)
	slices.SortStableFunc(sorted, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	return sorted[:n]
}
