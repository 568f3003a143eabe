package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/summary"
)

// changedRows is how many queries with the largest changes the table of a terminal has.
const changedRows = 5

// EvaluationTable writes an evaluation for a terminal.
func EvaluationTable(w io.Writer, s *summary.Summary) error {
	e := s.Evaluation
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(cells ...string) { fmt.Fprintln(t, strings.Join(cells, "\t")) }
	for _, f := range evaluationFacts(s) {
		row(f[0], f[1])
	}
	// tabwriter aligns consecutive lines only, so that the tables below have columns of their own.
	row("")
	row(append([]string{fmt.Sprintf("mean [%.0f %% interval]", 100*e.Confidence)}, labels(e)...)...)
	for _, cells := range meanRows(e) {
		row(cells...)
	}
	for i := range e.Comparisons {
		c := comparisonOf(e, &e.Comparisons[i])
		row("")
		row(append([]string{c.Title}, differenceNames[1:]...)...)
		for _, cells := range c.Rows {
			row(cells...)
		}
	}
	if c := lastComparison(e); c != nil {
		writeChanged(row, e, c)
	}
	return t.Flush()
}

// lastComparison is that of the models, or that of the only one with the first stage.
func lastComparison(e *summary.Evaluation) *summary.Comparison {
	if len(e.Comparisons) == 0 {
		return nil
	}
	return &e.Comparisons[len(e.Comparisons)-1]
}

// writeChanged lists the queries with the largest changes between two systems.
func writeChanged(row func(...string), e *summary.Evaluation, c *summary.Comparison) {
	changed := e.Changed(c.Base, c.Other, changedRows)
	if len(changed) == 0 {
		return
	}
	first := e.Measures[0]
	row("")
	row("largest changes of "+first.Name, e.Systems[c.Base].Label, e.Systems[c.Other].Label, "query")
	for _, i := range changed {
		q := &e.ByQuery[i]
		before, after := q.Values[first.Key][c.Base], q.Values[first.Key][c.Other]
		row(fmt.Sprintf("%+.4f", after-before), fmt.Sprintf("%.4f", before), fmt.Sprintf("%.4f", after), q.ID+": "+cut(oneLine(q.Text), 60))
	}
}

// evaluationFacts say what was ranked, and by what.
func evaluationFacts(s *summary.Summary) [][2]string {
	e := s.Evaluation
	facts := [][2]string{
		{"collection", fmt.Sprintf("%s: %d queries with a relevant document, %d documents", e.Collection, e.Queries, e.Documents)},
		{"first stage", fmt.Sprintf("%s, the %d best documents of each query, %d pairs", firstStageWords(e), e.Candidates, e.Pairs)},
	}
	for i, m := range e.Models {
		facts = append(facts, [2]string{[]string{"model", "against"}[min(i, 1)], modelWords(m)})
	}
	facts = append(facts, [2]string{"measures", fmt.Sprintf("as trec_eval: ties by the higher id; %s over queries, %d resamples; p: %s",
		"bootstrap intervals", e.Resamples, e.Test)})
	for _, note := range e.Notes {
		facts = append(facts, [2]string{"note", note})
	}
	for _, why := range s.Partial {
		facts = append(facts, [2]string{"PARTIAL", why})
	}
	if meaninglessModels(e) {
		facts = append(facts, [2]string{"NOTE", "the scores of a model with random weights mean nothing, and so do the figures of its ranking"})
	}
	return facts
}

func firstStageWords(e *summary.Evaluation) string {
	if e.FirstStageHash == "" {
		return "this program's own " + e.FirstStage
	}
	return "the run " + e.FirstStage
}

func modelWords(m results.EvaluatedModel) string {
	words := []string{m.Label, m.Info.Weights, m.Info.Tier, m.Target}
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), ", ")
}

func meaninglessModels(e *summary.Evaluation) bool {
	return slices.ContainsFunc(e.Models, func(m results.EvaluatedModel) bool { return m.Info.Meaningless })
}

func labels(e *summary.Evaluation) []string {
	var all []string
	for i := range e.Systems {
		all = append(all, e.Systems[i].Label)
	}
	return all
}

// meanRows are the rows of the measures and of speed, with a cell for each system.
func meanRows(e *summary.Evaluation) [][]string {
	var rows [][]string
	for _, m := range e.Measures {
		cells := []string{m.Name}
		for i := range e.Systems {
			cells = append(cells, estimateWords(e.Systems[i].Values[m.Key], "%.4f"))
		}
		rows = append(rows, cells)
	}
	return append(rows, speedRows(e)...)
}

// speedRows are the rows of speed, with a cell for each system.
func speedRows(e *summary.Evaluation) [][]string {
	rows := [][]string{{"pairs/s"}, {"seconds, of which in the engine"}}
	for i := range e.Systems {
		speed := e.Systems[i].Speed
		if speed == nil {
			rows[0], rows[1] = append(rows[0], "–"), append(rows[1], "–")
			continue
		}
		rows[0] = append(rows[0], speed.PairsPerSecond.Format("%.1f"))
		rows[1] = append(rows[1], speed.Seconds.Format("%.2f")+", "+speed.EngineSeconds.Format("%.2f"))
	}
	return rows
}

// differenceNames are the columns of a comparison.
var differenceNames = []string{"Measure", "Difference", "p", "Wins", "Ties", "Losses"}

// comparisonTable is a comparison, laid out.
type comparisonTable struct {
	Title string
	Rows  [][]string
}

func comparisonOf(e *summary.Evaluation, c *summary.Comparison) comparisonTable {
	t := comparisonTable{Title: e.Systems[c.Other].Label + " − " + e.Systems[c.Base].Label}
	for _, m := range e.Measures {
		d := c.Measures[m.Key]
		t.Rows = append(t.Rows, []string{m.Name, estimateWords(d.Estimate, "%+.4f"), pWords(d.P), fmt.Sprint(d.Wins), fmt.Sprint(d.Ties), fmt.Sprint(d.Losses)})
	}
	return t
}

func estimateWords(e summary.Estimate, format string) string {
	return fmt.Sprintf("%s [%s %s]", e.Mean.Format(format), e.Low.Format(format), e.High.Format(format))
}

func pWords(p summary.Value) string {
	if p.Measured() && p < 0.0001 {
		return "< 0.0001"
	}
	return p.Format("%.4f")
}

// oneLine puts a text on one line.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// cut shortens a text to n characters.
func cut(text string, n int) string {
	if runes := []rune(text); len(runes) > n {
		return string(runes[:n-1]) + "…"
	}
	return text
}
