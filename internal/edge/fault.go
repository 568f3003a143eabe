package edge

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/crossrank/crossrank"
)

// Fault is an error as its caller may see it: a code, and a message without internals.
type Fault struct {
	Code       crossrank.Code
	Message    string
	RetryAfter time.Duration // 0 = unknown
	Hidden     bool          // the error says more than Message; it is logged with the id of the request
}

// Explain turns an error into what its caller may see. Messages of a [crossrank.Error] are made for
// callers. Those of other errors may contain files, addresses or memory and are hidden.
func Explain(err error) Fault {
	if e, ok := errors.AsType[*crossrank.Error](err); ok {
		return Fault{Code: e.Code, Message: e.Message, RetryAfter: e.RetryAfter, Hidden: e.Code == crossrank.Internal}
	}
	switch code := crossrank.CodeOf(err); code {
	case crossrank.DeadlineExceeded:
		return Fault{Code: code, Message: "the deadline passed before the answer was ready"}
	case crossrank.Canceled:
		return Fault{Code: code, Message: "the request was canceled"}
	default:
		return Fault{Code: crossrank.Internal, Message: "the server has a fault; its log has the details", Hidden: true}
	}
}

// Score calls s and checks the response: one score per pair, all of them finite but for those that
// the request lets the scorer omit. Anything else is a fault of the model or the engine and must
// not reach a caller as a ranking.
func Score(ctx context.Context, s crossrank.Scorer, req *crossrank.Request) (*crossrank.Response, error) {
	resp, err := s.Score(ctx, req)
	if err != nil {
		return nil, &scorerError{err}
	}
	if len(resp.Scores) != len(req.Pairs) {
		return nil, fmt.Errorf("the scorer gave %d scores for %d pairs", len(resp.Scores), len(req.Pairs))
	}
	mayOmit := 0
	if req.TopN > 0 {
		mayOmit = max(0, len(req.Pairs)-req.TopN)
	}
	for i, score := range resp.Scores {
		if score == crossrank.Omitted && mayOmit > 0 {
			mayOmit--
			continue
		}
		if v := float64(score); math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, crossrank.Errorf(crossrank.Internal, "the model gave no finite score for document %d", i)
		}
	}
	return resp, nil
}

// scorerError marks an error of a request that the scorer has counted.
type scorerError struct{ error }

// AfterScoring marks an error that ends a request after its scores were computed, such as a reply
// that does not fit. The metrics have counted the request already.
func AfterScoring(err error) error { return &scorerError{err} }

func (e *scorerError) Unwrap() error { return e.error }

// FromScorer reports whether an error that ends a request came from the scorer, which has counted
// it, or from the edge itself. Panics count as the scorer's: nearly all code that a request runs is
// behind it.
func FromScorer(err error) bool {
	if _, ok := errors.AsType[*Panic](err); ok {
		return true
	}
	_, ok := errors.AsType[*scorerError](err)
	return ok
}

// Panic is a panic in the handling of a request, as an error, so that only that request fails.
type Panic struct {
	Value any
	Stack []byte
}

// Error is for the log; callers only see that there was a fault. It may contain what the panicking
// code put into its value, never the request.
func (p *Panic) Error() string { return fmt.Sprintf("panic: %v\n%s", p.Value, p.Stack) }
