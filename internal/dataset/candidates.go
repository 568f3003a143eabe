package dataset

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"

	"github.com/crossrank/crossrank"
)

// Candidates is one query of a collection with the documents to rank for it.
type Candidates struct {
	Query     Text
	Documents []Text    // in the order of the first stage, best first
	Grades    []float64 // of the Documents; 0 for those without a judgment
	Judged    []float64 // the grades of all judgments for the query, candidates or not
}

// The usual constants of BM25 (Robertson and Zaragoza 2009).
const (
	bm25K1 = 1.2
	bm25B  = 0.75
)

// Candidates returns, for every query with a relevant document, the n documents that BM25 ranks
// highest: the first stage that a reranker follows. Relevant documents that BM25 does not find are
// not added, because a server would not see them either. Words are runs of letters and digits in
// lower case, without stemming and stop words; idf is ln(1+(N−n+½)/(n+½)). Ties are broken as by
// trec_eval, the higher id first.
func (c *Collection) Candidates(n int) []Candidates {
	index := newIndex(c.Documents)
	var all []Candidates
	for _, q := range c.Queries {
		grades := c.grades[q.ID]
		can := Candidates{Query: q}
		relevant := false
		for _, g := range grades {
			can.Judged = append(can.Judged, g)
			relevant = relevant || g >= 1
		}
		if !relevant {
			continue
		}
		slices.Sort(can.Judged)
		scores := index.scores(q.Text)
		for _, i := range best(scores, c.Documents, n) {
			can.Documents = append(can.Documents, c.Documents[i])
			can.Grades = append(can.Grades, grades[c.Documents[i].ID])
		}
		if len(can.Documents) > 0 {
			all = append(all, can)
		}
	}
	return all
}

// Pairs returns all pairs of a query and a candidate, in order.
func Pairs(all []Candidates) []crossrank.Pair {
	var pairs []crossrank.Pair
	for _, c := range all {
		for _, d := range c.Documents {
			pairs = append(pairs, crossrank.Pair{Query: c.Query.Text, Passage: d.Text})
		}
	}
	return pairs
}

// Ranked returns the grades of the candidates in the order of scores, one per document: the highest
// first, ties as in [Collection.Candidates].
func (c *Candidates) Ranked(scores []float64) []float64 {
	var grades []float64
	for _, i := range best(scores, c.Documents, len(c.Documents)) {
		grades = append(grades, c.Grades[i])
	}
	return grades
}

// best returns the indexes of the n highest scores.
func best(scores []float64, docs []Text, n int) []int {
	order := make([]int, len(docs))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(scores[b], scores[a]), cmp.Compare(docs[b].ID, docs[a].ID))
	})
	return order[:min(n, len(order))]
}

// index is the inverted index of a collection.
type index struct {
	postings map[string][]posting
	lengths  []float64
	mean     float64
}

type posting struct {
	document int
	count    float64
}

func newIndex(docs []Text) *index {
	ix := &index{postings: map[string][]posting{}, lengths: make([]float64, len(docs))}
	for i, d := range docs {
		for _, w := range wordsOf(d.Text) {
			p := ix.postings[w]
			if k := len(p) - 1; k >= 0 && p[k].document == i {
				p[k].count++
			} else {
				ix.postings[w] = append(p, posting{i, 1})
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
			scores[p.document] += idf * p.count * (bm25K1 + 1) / (p.count + norm)
		}
	}
	return scores
}

func wordsOf(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}
