package compare

import (
	"fmt"
	"slices"

	"github.com/crossrank/crossrank/internal/markdown"
	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/summary"
)

// leastQuality is the least difference of nDCG, of MRR or of agreement that counts as one.
const leastQuality = 0.005

// qualityWords say what a precision costs in quality, against another.
func (r experiment) qualityWords(value, base string, faster bool) []string {
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
			Overlap(a.Top10), markdown.Text(a.Against), Overlap(a.Top1), summary.Optional(a.RankCorrelation).Format("%.4f"), a.MeanAbsError/a.StdDev))
		worse = agreementLost(a.Top10) || agreementLost(a.Top1)
	}
	if of != nil && q.Judged != nil && of.Judged != nil {
		ndcg, mrr := q.Judged.NDCG10-of.Judged.NDCG10, q.Judged.MRR10-of.Judged.MRR10
		words = append(words, fmt.Sprintf("nDCG@10 differs by %+.4f and MRR@10 by %+.4f.", ndcg, mrr))
		worse = min(ndcg, mrr) < -leastQuality // human judgments go before agreement with fp32
	}
	speed := "No faster"
	if faster {
		speed = "Faster"
	}
	if worse {
		return append(words, fmt.Sprintf("**%s, but worse**: it does not rank as %s does.", speed, markdown.Text(base)))
	}
	return append(words, fmt.Sprintf("%s, and the ranking is no worse by more than %g.", speed, leastQuality))
}

// agreementLost reports whether the agreement is worse by more than counts as none.
func agreementLost(t results.TopAgreement) bool { return t.Share != nil && *t.Share < 1-leastQuality }

// Overlap is an agreement in percent.
func Overlap(t results.TopAgreement) string {
	if t.Share == nil {
		return summary.NotMeasured
	}
	return fmt.Sprintf("%.1f %%", 100**t.Share)
}
