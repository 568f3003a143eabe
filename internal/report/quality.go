package report

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/crossrank/crossrank/internal/compare"
	"github.com/crossrank/crossrank/internal/markdown"
	"github.com/crossrank/crossrank/internal/summary"
)

// qualityNames are the columns of the table of quality.
var qualityNames = []string{
	"Quantization", "Pairs/s", "Against", "Rank correlation", "Same best", "Same of 10 best", "Mean error", "Max error", "nDCG@10", "MRR@10",
}

// qualities prints how good the scores are, beside how fast they came.
func (d *document) qualities() {
	if len(d.Quality) == 0 {
		return
	}
	d.Para("## Quality")
	d.Header(qualityNames...)
	for _, row := range qualityRows(d.Summary) {
		for i := range row {
			row[i] = markdown.Text(row[i])
		}
		d.Row(row...)
	}
	d.Line("")
	for _, note := range qualityNotes(d.Summary) {
		d.Line("- %s", note)
	}
	d.Line("")
}

// qualityRows are the rows of the table of quality.
func qualityRows(s *summary.Summary) [][]string {
	var rows [][]string
	for i := range s.Quality {
		q := &s.Quality[i]
		name := cmp.Or(q.Quantization, summary.NotMeasured)
		if set := summary.SetWords(q.Set, "quantization"); set != "" {
			name += ", " + set
		}
		row := slices.Repeat([]string{summary.NotMeasured}, len(qualityNames))
		row[0], row[1] = name, s.SpeedOf(q).Format("%.1f")
		if a := q.Agreement; a != nil {
			copy(row[2:], []string{a.Against, summary.Optional(a.RankCorrelation).Format("%.5f"), compare.Overlap(a.Top1), compare.Overlap(a.Top10),
				fmt.Sprintf("%.3g", a.MeanAbsError), fmt.Sprintf("%.3g", a.MaxAbsError)})
		}
		if j := q.Judged; j != nil {
			copy(row[8:], []string{fmt.Sprintf("%.4f", j.NDCG10), fmt.Sprintf("%.4f", j.MRR10)})
		}
		rows = append(rows, row)
	}
	return rows
}

// qualityNotes say what the figures of quality are of.
func qualityNotes(s *summary.Summary) []string {
	var notes []string
	for _, q := range s.Quality {
		if a := q.Agreement; a != nil {
			notes = append(notes, fmt.Sprintf("Agreement is over the logits of %d pairs, whose standard deviation is %.3g; errors are differences "+
				"of logits. The best are compared for the queries that have more passages than that (%d and %d queries).", a.Pairs, a.StdDev, a.Top1.Queries, a.Top10.Queries))
			break
		}
	}
	for _, q := range s.Quality {
		if j := q.Judged; j != nil {
			notes = append(notes, fmt.Sprintf("nDCG@10 and MRR@10, as trec_eval defines them, are means over %d queries of %s. The %d documents that %s ranks "+
				"highest for each query are reranked. In the order of %[4]s the means are %.4f and %.4f.", j.Queries, markdown.Text(j.Collection), j.Candidates, markdown.Text(cmp.Or(j.FirstStage, "BM25")), j.FirstNDCG, j.FirstMRR))
			break
		}
	}
	if s.Run.Model.Meaningless {
		notes = append(notes, "The model's weights are random: agreement shows what the arithmetic does to scores, not what it does to a trained model's ranking.")
	}
	return notes
}
