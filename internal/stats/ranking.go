package stats

import (
	"cmp"
	"math"
	"slices"
)

// NDCG is the normalized discounted cumulative gain of the first k of a ranking (Järvelin and
// Kekäläinen 2002), as trec_eval computes ndcg_cut_k:
//
//	DCG = Σ gain(i) / log2(i+1),   i = 1 … k,   NDCG = DCG / DCG of the ideal ranking.
//
// Ranked holds the grades of the documents in their ranked order. Judged holds those of all
// documents that were judged for the query, in any order; the best ranking is made of them, so a
// relevant document that was never a candidate counts as lost. Negative grades count as 0. NDCG is
// NaN if no document has a positive grade.
func NDCG(ranked, judged []float64, k int) float64 {
	best := slices.SortedFunc(slices.Values(judged), func(a, b float64) int { return cmp.Compare(b, a) })
	return dcg(ranked, k) / dcg(best, k)
}

func dcg(gains []float64, k int) float64 {
	var sum float64
	for i, g := range gains[:min(k, len(gains))] {
		sum += max(0, g) / math.Log2(float64(i+2))
	}
	return sum
}

// ReciprocalRank is 1 over the rank of the first relevant document, whose grade is at least 1,
// among the first k, and 0 if there is none. MRR@k, as MS MARCO uses it, is its mean over the
// queries.
func ReciprocalRank(ranked []float64, k int) float64 {
	for i, g := range ranked[:min(k, len(ranked))] {
		if g >= 1 {
			return 1 / float64(i+1)
		}
	}
	return 0
}
