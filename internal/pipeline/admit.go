package pipeline

import (
	"context"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/batch"
)

// sender is whose the request is, to the queue, and how urgent. A degree of urgency spans the priorities of one more digit.
func sender(ctx context.Context, req *crossrank.Request) batch.Sender {
	class := 0
	for p := req.Priority; p > 0; p /= 10 {
		class++
	}
	return batch.Sender{Caller: crossrank.CallerOf(ctx), Class: min(class, batch.Classes-1)}
}

// admit refuses a request whose deadline would pass before the engine comes to it, because of the work that is run before
// it: to be told at once serves its caller better than to wait for nothing, and the engine is not kept from those whose
// time is enough. Nothing is refused where nothing waits, or before a speed has been measured; what runs is not counted,
// for how much of it is done is not known.
func (p *Pipeline) admit(ctx context.Context, from batch.Sender) error {
	deadline, ok := ctx.Deadline()
	if !ok {
		return nil
	}
	waiting := p.pool.Stats().Cost
	if waiting == 0 {
		return nil
	}
	left := time.Until(deadline)
	if p.pool.Backlog(waiting) <= left {
		return nil // time even for all that waits
	}
	begins := p.pool.Backlog(p.pool.Ahead(from))
	if begins <= left {
		return nil
	}
	return &crossrank.Error{
		Code:       crossrank.Overloaded,
		Message:    "the deadline would pass before this request's turn comes; try again later, or allow more time",
		RetryAfter: max(begins-left, time.Millisecond),
	}
}
