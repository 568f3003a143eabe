package dataset

import (
	"math"
	"strings"
	"unicode"

	"github.com/crossrank/crossrank/internal/stats"
)

// The usual constants of BM25 (Robertson and Zaragoza 2009).
const (
	bm25K1 = 1.2
	bm25B  = 0.75
)

// index is the inverted index of a collection.
type index struct {
	postings map[string][]posting
	lengths  []float64
	mean     float64
}

// posting is 8 bytes, since a collection has as many as its documents have different words.
type posting struct{ document, count uint32 }

func newIndex(docs []Text) *index {
	ix := &index{postings: map[string][]posting{}, lengths: make([]float64, len(docs))}
	for i, d := range docs {
		for _, w := range wordsOf(d.Text) {
			p := ix.postings[w]
			if k := len(p) - 1; k >= 0 && p[k].document == uint32(i) {
				p[k].count++
			} else {
				ix.postings[w] = append(p, posting{uint32(i), 1})
			}
			ix.lengths[i]++
		}
		ix.mean += ix.lengths[i] / float64(len(docs))
	}
	return ix
}

// scores returns the BM25 score of every document.
func (ix *index) scores(query string) []float64 {
	scores := make([]float64, len(ix.lengths))
	for _, w := range wordsOf(query) {
		found := ix.postings[w]
		n := float64(len(found))
		idf := math.Log(1 + (float64(len(scores))-n+0.5)/(n+0.5))
		for _, p := range found {
			norm := bm25K1 * (1 - bm25B + bm25B*ix.lengths[p.document]/ix.mean)
			count := float64(p.count)
			scores[p.document] += idf * count * (bm25K1 + 1) / (count + norm)
		}
	}
	return scores
}

// search returns the n documents with the highest scores above 0, best first, and their scores.
func (ix *index) search(query string, docs []Text, n int) (found []int, best []float64) {
	scores := ix.scores(query)
	id := func(i int) string { return docs[found[i]].ID }
	keep := func() { // the n best of those found so far
		order := stats.RankOrder(best, id)
		sortedFound, sortedBest := make([]int, 0, 4*n), make([]float64, 0, 4*n)
		for _, i := range order[:min(n, len(order))] {
			sortedFound, sortedBest = append(sortedFound, found[i]), append(sortedBest, best[i])
		}
		found, best = sortedFound, sortedBest
	}
	least := 0.0 // a score below it is not among the n best
	for i, score := range scores {
		if score <= 0 || score < least {
			continue
		}
		found, best = append(found, i), append(best, score)
		if len(found) == 4*n {
			keep()
			least = best[n-1]
		}
	}
	keep()
	return found, best
}

func wordsOf(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}
