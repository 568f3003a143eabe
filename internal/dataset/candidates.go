package dataset

import (
	"fmt"
	"maps"
	"slices"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/stats"
)

// Candidates is one query of a collection with the documents to rank for it.
type Candidates struct {
	Query     Text
	Documents []Text    // in the order of the first stage, best first
	Scores    []float64 // of the first stage
	Grades    []float64 // of the Documents; 0 for those without a judgment
	Known     []bool    // which Documents have a judgment
	Judged    []float64 // the grades of all judgments for the query, candidates or not
}

// Candidates returns, for every query with a relevant document, the n documents that the first
// stage ranks highest: those of the run, or those of BM25. Relevant documents that it does not find
// are not added, because a server would not see them either. For BM25, words are runs of letters
// and digits in lower case, without stemming and stop words; idf is ln(1+(N−n+½)/(n+½)); a document
// without a word of the query is not found. Ties are broken as by trec_eval, the higher id first.
func (c *Collection) Candidates() []Candidates {
	search := c.ranked
	if c.Run == nil {
		index := newIndex(c.Documents)
		search = func(q Text) ([]int, []float64) { return index.search(q.Text, c.Documents, c.most) }
	}
	var all []Candidates
	for _, q := range c.Queries {
		can := Candidates{Query: q, Judged: slices.Sorted(maps.Values(c.grades[q.ID]))}
		if stats.CountRelevant(can.Judged) == 0 {
			continue
		}
		var found []int
		found, can.Scores = search(q)
		for _, i := range found {
			grade, known := c.grades[q.ID][c.Documents[i].ID]
			can.Documents = append(can.Documents, c.Documents[i])
			can.Grades, can.Known = append(can.Grades, grade), append(can.Known, known)
		}
		all = append(all, can)
	}
	return all
}

// FirstStage names what chooses the candidates: BM25, or the run.
func (c *Collection) FirstStage() string {
	if c.Run == nil {
		return "BM25"
	}
	return c.Run.Name
}

// resolveRun finds the documents of the run, for the queries that have judgments.
func (c *Collection) resolveRun() error {
	if c.Run == nil {
		return nil
	}
	c.places = make(map[string]int, len(c.Documents))
	for i, d := range c.Documents {
		c.places[d.ID] = i
	}
	missing := 0
	for _, q := range c.Queries {
		if _, judged := c.grades[q.ID]; !judged {
			continue
		}
		if len(c.Run.queries[q.ID]) == 0 {
			missing++
		}
		for _, d := range c.Run.queries[q.ID] {
			if _, there := c.places[d.id]; !there {
				return &LineError{c.Run.path, d.line, fmt.Errorf("the document %q is not in the collection", d.id)}
			}
		}
	}
	if missing > 0 {
		c.Notes = append(c.Notes, fmt.Sprintf("judged queries without a document in %s, counted with 0: %d", c.Run.Name, missing))
	}
	return nil
}

// ranked returns the documents of the run for a query, and their scores.
func (c *Collection) ranked(q Text) (found []int, scores []float64) {
	for _, d := range c.Run.queries[q.ID] {
		found, scores = append(found, c.places[d.id]), append(scores, d.score)
	}
	return found, scores
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
	for _, i := range stats.RankOrder(scores, func(i int) string { return c.Documents[i].ID }) {
		grades = append(grades, c.Grades[i])
	}
	return grades
}
