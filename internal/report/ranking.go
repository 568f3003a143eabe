package report

import (
	"fmt"

	"github.com/crossrank/crossrank/internal/markdown"
)

// ranking prints how well the first stage and the models rank, if that was evaluated.
func (d *document) ranking() {
	e := d.Evaluation
	if e == nil {
		return
	}
	d.Para("## Ranking")
	for _, f := range evaluationFacts(d.Summary) {
		d.Line("- %s: %s", f[0], markdown.Text(f[1]))
	}
	d.Line("")
	head := []string{fmt.Sprintf("Mean [%.0f %% interval]", 100*e.Confidence)}
	for _, label := range labels(e) {
		head = append(head, markdown.Text(label))
	}
	d.Header(head...)
	for _, cells := range meanRows(e) {
		d.Row(cells...)
	}
	d.Line("")
	for i := range e.Comparisons {
		t := comparisonOf(e, &e.Comparisons[i])
		d.Para("### %s", markdown.Text(t.Title))
		d.Header(differenceNames...)
		for _, cells := range t.Rows {
			d.Row(cells...)
		}
		d.Line("")
	}
}
