package stats

import (
	"cmp"
	"math"
	"slices"
)

// Relevant is the lowest grade of a relevant document, trec_eval's default.
const Relevant = 1

// RankOrder returns the indexes of scores in the order of a ranking, as trec_eval has it: the
// highest score first, and of equal scores the id that is greater as a string of bytes.
func RankOrder(scores []float64, id func(i int) string) []int {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(scores[b], scores[a]), cmp.Compare(id(b), id(a)))
	})
	return order
}

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

// ReciprocalRank is 1 over the rank of the first [Relevant] document among the first k, and 0 if
// there is none. MRR@k, as MS MARCO uses it, is its mean over the queries: recip_rank of
// trec_eval -M k.
func ReciprocalRank(ranked []float64, k int) float64 {
	for i, g := range ranked[:min(k, len(ranked))] {
		if g >= Relevant {
			return 1 / float64(i+1)
		}
	}
	return 0
}

// AveragePrecision is the mean, over all relevant documents of judged, of the precision at the rank
// of each, which is 0 for a document that was not ranked. Its mean over the queries is map of
// trec_eval. It is NaN if no document is relevant.
func AveragePrecision(ranked, judged []float64) float64 {
	var sum, found float64
	for i, g := range ranked {
		if g >= Relevant {
			found++
			sum += found / float64(i+1)
		}
	}
	return sum / float64(CountRelevant(judged))
}

// Recall is the part of the relevant documents of judged that is among the first k of a ranking:
// recall_k of trec_eval. It is NaN if no document is relevant.
func Recall(ranked, judged []float64, k int) float64 {
	return float64(CountRelevant(ranked[:min(k, len(ranked))])) / float64(CountRelevant(judged))
}

// CountRelevant counts the grades that mean relevant.
func CountRelevant(grades []float64) int {
	n := 0
	for _, g := range grades {
		if g >= Relevant {
			n++
		}
	}
	return n
}
