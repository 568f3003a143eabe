package pipeline

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/batch"
)

// respond makes the answer to a request out of items that have been run. It is where the model's
// activation is applied.
func (p *Pipeline) respond(s *scratch, req *crossrank.Request, admitted time.Time) (*crossrank.Response, error) {
	resp := &crossrank.Response{
		Scores:    make([]float32, len(req.Pairs)),
		ScoreType: p.model.ScoreType,
		Model:     p.model.Name,
	}
	switch {
	case p.mode == TokenizationOnly:
		resp.ScoreType = crossrank.NoScore
	case req.Raw:
		resp.ScoreType = crossrank.Logit
	}
	first := 0
	for i := range resp.Scores {
		n := s.partsOf(i)
		at := first
		first += n
		if len(s.full) > 0 {
			if at = s.full[i]; at < 0 {
				resp.Scores[i] = crossrank.Omitted
				continue
			}
		}
		logit, ok := aggregate(s.items[at:at+n], req.Windows.Aggregate)
		if !ok {
			return nil, crossrank.Errorf(crossrank.Internal,
				"the model's score of pair %d is not a finite number; its weights may be damaged", i)
		}
		if resp.ScoreType == crossrank.Probability {
			logit = crossrank.Sigmoid(logit)
		}
		resp.Scores[i] = logit
	}
	addUsage(resp, s.items, admitted)
	if len(s.cuts) > 0 {
		resp.Truncated = slices.Clone(s.cuts)
	}
	for _, n := range s.cuts {
		resp.Usage.TruncatedTokens += n
	}
	return resp, nil
}

// retryUnknown is the Retry-After while no throughput has been measured.
const retryUnknown = time.Second

// refusal translates an error of the queue, met by the items of s if there are any, into an error
// of the root package.
func (p *Pipeline) refusal(s *scratch, err error) error {
	var full *batch.FullError
	var late *batch.LateError
	var item *batch.ItemError
	switch {
	case errors.As(err, &full):
		return &crossrank.Error{
			Code:       crossrank.Overloaded,
			Message:    "too much work is waiting already; try again later",
			RetryAfter: cmp.Or(p.pool.TimeFor(full.Queued+full.Running), retryUnknown),
			Err:        err,
		}
	case errors.As(err, &late):
		return &crossrank.Error{
			Code:       crossrank.Overloaded,
			Message:    "this request could not be done before its deadline; try again later, or allow more time",
			RetryAfter: max(late.Over, time.Millisecond),
			Err:        err,
		}
	case errors.Is(err, batch.ErrClosed):
		return &crossrank.Error{Code: crossrank.Unavailable, Message: "the model is being closed", Err: err}
	case errors.As(err, &item):
		e := crossrank.Errorf(crossrank.Internal, "pair %d could not be computed, because of a fault in the engine",
			s.pairOf(item.Index))
		e.Err = err
		return e
	}
	return contextErr(err)
}

// contextErr is the error of a caller whose context ended.
func contextErr(err error) error {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return &crossrank.Error{Code: crossrank.DeadlineExceeded, Message: "there was no time to score all pairs before the deadline", Err: err}
	case errors.Is(err, context.Canceled):
		return &crossrank.Error{Code: crossrank.Canceled, Message: "the caller left before all pairs were scored", Err: err}
	}
	return err
}
