package experiment

import (
	"context"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/definition"
)

// Instructed returns s with requests that have the instruction of the data, if it has one. Scores
// whose quality is measured come from it.
func Instructed(s crossrank.Scorer, d definition.Data) crossrank.Scorer {
	if d.Instruction == "" {
		return s
	}
	return instructed{s, d.Instruction}
}

// Sending returns s with requests as the data asks for them.
func Sending(s crossrank.Scorer, d definition.Data) crossrank.Scorer {
	s = Instructed(s, d)
	if d.TopN > 0 {
		s = highest{s, d.TopN}
	}
	if d.OneQuery {
		return oneQuery{s}
	}
	return s
}

// instructed gives every request an instruction.
type instructed struct {
	scorer crossrank.Scorer
	text   string
}

var _ crossrank.Scorer = instructed{}

// Score implements [crossrank.Scorer].
func (i instructed) Score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	one := *req
	one.Instruction = i.text
	return i.scorer.Score(ctx, &one)
}

// highest asks for so many scores of every request.
type highest struct {
	scorer crossrank.Scorer
	topN   int
}

var _ crossrank.Scorer = highest{}

// Score implements [crossrank.Scorer].
func (h highest) Score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	one := *req
	one.TopN = h.topN
	return h.scorer.Score(ctx, &one)
}

// oneQuery scores all passages of a request for the query of its first pair.
type oneQuery struct{ scorer crossrank.Scorer }

var _ crossrank.Scorer = oneQuery{}

// Score implements [crossrank.Scorer].
func (o oneQuery) Score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	if len(req.Pairs) < 2 {
		return o.scorer.Score(ctx, req)
	}
	one := *req
	one.Pairs = make([]crossrank.Pair, len(req.Pairs))
	for i, p := range req.Pairs {
		one.Pairs[i] = crossrank.Pair{Query: req.Pairs[0].Query, Passage: p.Passage}
	}
	return o.scorer.Score(ctx, &one)
}
