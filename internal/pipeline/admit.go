package pipeline

import (
	"context"
	"time"

	"github.com/crossrank/crossrank"
)

// admit refuses a request whose deadline would pass before the engine comes to it, because of the work that waits before
// it: to be told at once serves its caller better than to wait for nothing, and the engine is not kept from those whose
// time is enough. Nothing is refused where nothing waits, or before a speed has been measured; what runs is not counted,
// for how much of it is done is not known.
func (p *Pipeline) admit(ctx context.Context) error {
	deadline, ok := ctx.Deadline()
	if !ok {
		return nil
	}
	waiting := p.pool.Stats().Cost
	if waiting == 0 {
		return nil
	}
	begins, left := p.pool.Backlog(waiting), time.Until(deadline)
	if begins <= left {
		return nil
	}
	return &crossrank.Error{
		Code:       crossrank.Overloaded,
		Message:    "the deadline would pass before this request's turn comes; try again later, or allow more time",
		RetryAfter: max(begins-left, time.Millisecond),
	}
}
