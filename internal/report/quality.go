package report

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/crossrank/crossrank/internal/results"
)

// toldQuality is the least difference of nDCG, of MRR or of agreement that is called one.
const toldQuality = 0.005

// qualities prints how good the scores are, beside how fast they came.
func (r *Report) qualities(p *printer) {
	if len(r.Quality) == 0 {
		return
	}
	p.para("## Quality")
	p.header("Quantization", "Pairs/s", "Against", "Rank correlation", "Same best", "Same of 10 best", "Mean error", "Max error", "nDCG@10", "MRR@10")
	for i := range r.Quality {
		q := &r.Quality[i]
		cells := []string{cmp.Or(text(q.Quantization), notMeasured) + setWords(q.Set, "quantization"), r.speedOf(q).format("%.1f")}
		if a := q.Agreement; a != nil {
			cells = append(cells, text(a.Against), pointer(a.RankCorrelation).format("%.5f"), share(a.Top1), share(a.Top10),
				fmt.Sprintf("%.3g", a.MeanAbsError), fmt.Sprintf("%.3g", a.MaxAbsError))
		} else {
			cells = append(cells, notMeasured, notMeasured, notMeasured, notMeasured, notMeasured, notMeasured)
		}
		if j := q.Judged; j != nil {
			cells = append(cells, fmt.Sprintf("%.4f", j.NDCG10), fmt.Sprintf("%.4f", j.MRR10))
		} else {
			cells = append(cells, notMeasured, notMeasured)
		}
		p.row(cells...)
	}
	p.line("")
	for _, note := range r.qualityNotes() {
		p.line("- %s", note)
	}
	p.line("")
}

// qualityNotes say what the figures of quality are of.
func (r *Report) qualityNotes() []string {
	var notes []string
	for _, q := range r.Quality {
		if a := q.Agreement; a != nil {
			notes = append(notes, fmt.Sprintf("Agreement is over the logits of %d pairs, whose standard deviation is %.3g; errors are differences "+
				"of logits. The best are compared for queries with more passages than that (%d and %d).", a.Pairs, a.StdDev, a.Top1.Queries, a.Top10.Queries))
			break
		}
	}
	for _, q := range r.Quality {
		if j := q.Judged; j != nil {
			notes = append(notes, fmt.Sprintf("nDCG@10 and MRR@10, as trec_eval defines them, are means over %d queries of %s, the %d documents that BM25 ranks highest "+
				"for each ranked anew. In the order of BM25 they are %.4f and %.4f.", j.Queries, text(j.Collection), j.Candidates, j.FirstNDCG, j.FirstMRR))
			break
		}
	}
	if r.Run.Model.Meaningless {
		notes = append(notes, "The model's weights are random: agreement shows what the arithmetic does to scores, not what it does to a trained model's ranking.")
	}
	return notes
}

// speedOf is the throughput of the configurations of a server that was asked for its quality: the median.
func (r *Report) speedOf(q *results.Quality) Value {
	var speeds []float64
	for i := range r.Configs {
		if c := &r.Configs[i]; c.counts() && slices.Equal(c.Set, q.Set) {
			speeds = append(speeds, float64(c.PairsPerSecond))
		}
	}
	if len(speeds) == 0 {
		return unmeasured
	}
	return Value(median(speeds))
}

// qualityWords say what a precision costs in quality, against another.
func (r *Report) qualityWords(value, base string, faster bool) []string {
	find := func(name string) *results.Quality {
		i := slices.IndexFunc(r.Quality, func(q results.Quality) bool { return q.Quantization == name })
		if i < 0 {
			return nil
		}
		return &r.Quality[i]
	}
	q, of := find(value), find(base)
	if q == nil {
		return []string{"Its quality was not measured."}
	}
	var words []string
	worse := false
	if a := q.Agreement; a != nil {
		words = append(words, fmt.Sprintf("Of the 10 best passages, %s are the same as in %s, and of the best ones %s; the rank correlation is %s, the mean error %.3g of a standard deviation.",
			share(a.Top10), text(a.Against), share(a.Top1), pointer(a.RankCorrelation).format("%.4f"), a.MeanAbsError/a.StdDev))
		worse = a.Top10.Share != nil && *a.Top10.Share < 1-toldQuality || a.Top1.Share != nil && *a.Top1.Share < 1-toldQuality
	}
	if of != nil && q.Judged != nil && of.Judged != nil {
		ndcg, mrr := q.Judged.NDCG10-of.Judged.NDCG10, q.Judged.MRR10-of.Judged.MRR10
		words = append(words, fmt.Sprintf("nDCG@10 is %+.4f apart and MRR@10 %+.4f.", ndcg, mrr))
		worse = min(ndcg, mrr) < -toldQuality // what people judged goes before what fp32 does
	}
	speed := either(faster, "Faster", "No faster")
	return append(words, either(worse, "**"+speed+", but worse**: it does not rank as "+text(base)+" does.", speed+", and the ranking is no worse by more than "+fmt.Sprint(toldQuality)+"."))
}

func pointer(p *float64) Value { return valueOf(p) }

func share(t results.TopAgreement) string {
	if t.Share == nil {
		return notMeasured
	}
	return fmt.Sprintf("%.1f %%", 100**t.Share)
}

// setWords lists settings but one, ready to be put behind a name.
func setWords(set []results.Setting, but string) string {
	words := ""
	for _, s := range set {
		if s.Short() != but {
			words += fmt.Sprintf(", %s=%s", text(s.Short()), text(s.Value))
		}
	}
	return words
}
