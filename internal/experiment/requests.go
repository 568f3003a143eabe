package experiment

import (
	"context"
	"slices"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/definition"
)

// Instructed returns s with requests that have the instruction of the data, if it has one. Scores
// whose quality is measured come from it.
func Instructed(s crossrank.Scorer, d definition.Data) crossrank.Scorer {
	if d.Instruction == "" {
		return s
	}
	return changing{s, func(req *crossrank.Request) { req.Instruction = d.Instruction }}
}

// Sending returns s with requests as the data asks for them.
func Sending(s crossrank.Scorer, d definition.Data) crossrank.Scorer {
	s = Instructed(s, d)
	if d.TopN > 0 {
		s = changing{s, func(req *crossrank.Request) { req.TopN = d.TopN }}
	}
	if d.OneQuery {
		s = changing{s, oneQuery}
	}
	return s
}

// changing changes a copy of every request.
type changing struct {
	scorer crossrank.Scorer
	change func(req *crossrank.Request)
}

var _ crossrank.Scorer = changing{}

// Score implements [crossrank.Scorer].
func (c changing) Score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	one := *req
	c.change(&one)
	return c.scorer.Score(ctx, &one)
}

// oneQuery makes the query of the first pair that of all.
func oneQuery(req *crossrank.Request) {
	req.Pairs = slices.Clone(req.Pairs)
	for i := range req.Pairs {
		req.Pairs[i].Query = req.Pairs[0].Query
	}
}
