package report

import (
	"fmt"

	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/summary"
)

const (
	shownQueries   = 20 // of a page, side by side
	shownDocuments = 5  // of each ranking
)

var evaluationPage = page("evaluation.html")

// sideBySide is a query with the first documents of every system.
type sideBySide struct {
	summary.QueryValues
	Labels   []string // of the systems
	First    []string // values of the first measure, by system
	Change   string   // between the systems of the last comparison
	Rankings [][]shownDocument
}

// shownDocument is a document of a ranking.
type shownDocument struct {
	Rank     int
	ID, Text string
	Grade    string // n/a without a judgment
	Relevant bool
	From     int // its rank in the first stage
	Score    string
}

// EvaluationHTML lays an evaluation out as one page that asks for nothing else: the figures, and
// the queries that are ranked worst and those that changed most, with the first documents of every
// system side by side. Rankings are those that the summary is of.
func EvaluationHTML(s *summary.Summary, rankings []results.Ranking) ([]byte, error) {
	e := s.Evaluation
	view := struct {
		*summary.Summary
		Meaningless bool
		Labels      []string
		What        [][2]string
		Means       [][]string
		Names       []string
		Comparisons []comparisonTable
		Changed     []sideBySide
		Worst       []sideBySide
		ChangedWord string
		WorstWord   string
		Facts       [][2]string
	}{Summary: s, Meaningless: meaninglessModels(e), Labels: labels(e), What: evaluationFacts(s), Means: meanRows(e), Names: differenceNames, Facts: facts(s)}
	for i := range e.Comparisons {
		view.Comparisons = append(view.Comparisons, comparisonOf(e, &e.Comparisons[i]))
	}
	c := lastComparison(e)
	view.WorstWord = fmt.Sprintf("by %s of %s", e.Measures[0].Name, e.Systems[1].Label)
	view.ChangedWord = fmt.Sprintf("%s of %s minus that of %s", e.Measures[0].Name, e.Systems[c.Other].Label, e.Systems[c.Base].Label)
	for _, i := range e.Worst(1, shownQueries) {
		view.Worst = append(view.Worst, besides(e, i, c, &rankings[i]))
	}
	for _, i := range e.Changed(c.Base, c.Other, shownQueries) {
		view.Changed = append(view.Changed, besides(e, i, c, &rankings[i]))
	}
	return execute(evaluationPage, view)
}

// besides puts the rankings of a query side by side.
func besides(e *summary.Evaluation, i int, c *summary.Comparison, r *results.Ranking) sideBySide {
	q := sideBySide{QueryValues: e.ByQuery[i], Labels: labels(e)}
	values := q.Values[e.Measures[0].Key]
	q.Change = fmt.Sprintf("%+.4f", values[c.Other]-values[c.Base])
	from := make([]int, len(r.Documents)) // rank in the first stage
	first, _ := summary.Ranked(r, 0)
	for rank, d := range first {
		from[d] = rank + 1
	}
	for system := range e.Systems {
		q.First = append(q.First, fmt.Sprintf("%.4f", values[system]))
		order, scores := summary.Ranked(r, system)
		var shown []shownDocument
		for rank, d := range order[:min(shownDocuments, len(order))] {
			doc := &r.Documents[d]
			one := shownDocument{Rank: rank + 1, ID: doc.ID, Text: cut(oneLine(doc.Text), 160), From: from[d], Score: fmt.Sprintf("%.4g", scores[d]), Grade: summary.NotMeasured}
			if doc.Grade != nil {
				one.Grade, one.Relevant = fmt.Sprintf("%g", *doc.Grade), *doc.Grade >= 1
			}
			shown = append(shown, one)
		}
		q.Rankings = append(q.Rankings, shown)
	}
	return q
}
