package pipeline

import (
	"errors"
	"fmt"
	"math"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/pool"
	"github.com/crossrank/crossrank/internal/tokenizer"
)

// errorBound says how far the logits of drafts are from those in full: their errors, full less
// draft, lie within mean ± most.
type errorBound struct {
	mean, most float64
}

// deviations is how many standard deviations of the samples' errors the bound has at least. Of a
// normal distribution one value in 16,000 lies beyond four, and the largest of a few dozen is about
// two and a half. The fifth is for texts whose errors are larger than those of samples.
const deviations = 5

// boundOf is the bound of errors that are like the given ones.
func boundOf(errs []float64) errorBound {
	n := float64(len(errs))
	var b errorBound
	for _, e := range errs {
		b.mean += e / n
	}
	variance := 0.0
	for _, e := range errs {
		variance += (e - b.mean) * (e - b.mean) / n
		b.most = max(b.most, math.Abs(e-b.mean))
	}
	b.most = max(b.most, deviations*math.Sqrt(variance))
	return b
}

// measureErrors computes samples as drafts and in full, in one batch, and returns the bound of
// their errors. The result depends on the model and the samples alone.
func (p *Pipeline) measureErrors(e pool.Engine, samples []crossrank.Pair) (errorBound, error) {
	seqs := make([]network.Sequence, 0, 2*len(samples))
	for _, pair := range samples {
		query := p.model.Prompt.AppendQuery(nil, p.model.Tokenizer, "", pair.Query)
		passage := p.model.Tokenizer.AppendSide(nil, p.model.Prompt.Passage(pair.Passage))
		ids, split, _ := p.model.Tokenizer.Join(nil, query, passage, p.model.MaxLength, tokenizer.KeepStart)
		q := network.Sequence{IDs: ids, TypeBoundary: split}
		seqs = append(seqs, q)
		q.Draft = true
		seqs = append(seqs, q)
	}
	logits := make([]float32, len(seqs))
	if err := e.Logits(seqs, logits); err != nil {
		return errorBound{}, fmt.Errorf("measuring the error of drafts: %w", err)
	}
	errs := make([]float64, len(samples))
	for i := range errs {
		errs[i] = float64(logits[2*i]) - float64(logits[2*i+1])
	}
	b := boundOf(errs)
	if math.IsNaN(b.most) || math.IsInf(b.most, 0) {
		return b, errors.New("measuring the error of drafts: the model's scores are not finite numbers; its weights may be damaged")
	}
	return b, nil
}
