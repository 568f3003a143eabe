package batch

import (
	"context"
	"math"
	"time"

	"github.com/crossrank/crossrank/internal/fairqueue"
)

// safetyFactor is how much longer than expected things may take before a deadline is in danger. The
// throughput is an average of past batches, other callers may come and take turns, and pairs that
// share a batch are run together.
const safetyFactor = 1.25

// enqueue queues a request, or returns why it may not wait.
func (b *Batcher[T, R]) enqueue(from fairqueue.Sender, req *request[T, R]) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if err := b.admissionErr(from, req.tokens(), req.tokens(), req.deadline, now); err != nil {
		return err
	}
	req.admitted = now
	b.queue.Push(from, &req.queued)
	b.work.Broadcast()
	return nil
}

// Check returns the error that [Batcher.Submit] would give to a request of about that many tokens.
// It is for callers that do not want to spend anything on a request that would be refused. Nothing
// is queued, and the deadline counts only against what is run before the request.
func (b *Batcher[T, R]) Check(ctx context.Context, from fairqueue.Sender, tokens int) error {
	deadline, _ := ctx.Deadline()
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.admissionErr(from, tokens, 0, deadline, time.Now())
}

// admissionErr returns, with b.mu held, why a request of that many tokens may not wait, and nil if
// it may. Needed is how many of its tokens must be computed before the deadline, which is zero if
// there is none.
func (b *Batcher[T, R]) admissionErr(from fairqueue.Sender, tokens, needed int, deadline, now time.Time) error {
	if b.closed {
		return ErrClosed
	}
	throughput := b.runners.Throughput()
	if err := b.limit.Check(b.queue.Backlog(from, tokens), tokens, throughput); err != nil {
		err.(*FullError).Running = b.running.tokens
		return err
	}
	if throughput <= 0 || deadline.IsZero() {
		return nil
	}
	return b.deadlineErr(from, needed, deadline.Sub(now).Seconds(), throughput, b.remainingTokens(throughput, now))
}

// deadlineErr returns, with b.mu held, a [*LateError] if there are not enough seconds left for a
// request behind what runs and waits.
func (b *Batcher[T, R]) deadlineErr(from fairqueue.Sender, needed int, left, throughput, running float64) error {
	waiting := b.queue.Load().Cost
	if running == 0 && waiting == 0 {
		return nil // nobody is kept waiting, and the throughput may be wrong
	}
	own := b.estimateDuration(0, needed, throughput)
	needs := func(ahead int) float64 { return own + safetyFactor*(running+float64(ahead))/throughput }
	if needs(waiting) <= left {
		return nil // time even for everything that waits
	}
	if n := needs(b.queue.Ahead(from, needed)); n > left {
		return &LateError{Needs: duration(n), Left: duration(left), Over: duration((n - left) / safetyFactor)}
	}
	return nil
}

// remainingTokens estimates how many tokens of the running batches are still to be computed.
func (b *Batcher[T, R]) remainingTokens(throughput float64, now time.Time) float64 {
	each := throughput / float64(b.runners.Count)
	sum := 0.0
	for _, r := range b.busy {
		sum += max(0, float64(r.tokens)-each*now.Sub(r.started).Seconds())
	}
	return sum
}

// estimateDuration is about how many seconds a request takes of which that many tokens are to be
// run, behind others in the same batch. One batch takes one runner; what does not fit it is spread
// over all of them.
func (b *Batcher[T, R]) estimateDuration(others, tokens int, throughput float64) float64 {
	if b.runners.Count == 1 {
		return (float64(others) + float64(tokens)) / throughput
	}
	batch := min(float64(others)+float64(tokens), float64(b.opts.MaxTokens))
	return max(float64(tokens), batch*float64(b.runners.Count)) / throughput
}

// decision is what happens to a request whose turn it is.
type decision int

const (
	admit    decision = iota // it goes into the batch
	postpone                 // the batch ends before it, which is better for it or for those with near deadlines
	expire                   // it would be too late in any batch
)

// decide chooses, with b.mu held, what happens to a request that may have a deadline. To run what
// cannot be done in time would give its caller nothing for what it costs the others. The last
// request in the queue always runs, for it delays nobody.
//
// A request is too late if it has no time for a full batch, or for a quarter of the time that it
// had if that is less. For under overload everything that waits has waited long. If requests were
// run up to the last moment, every one would be run at its last moment, in a batch that has to be
// small for its sake, and half of them would then come too late.
func (b *Batcher[T, R]) decide(r *runner[T, R], req *request[T, R], now time.Time) decision {
	waiting := b.queue.Load()
	if r.throughput <= 0 || req.deadline.IsZero() || waiting.Requests == 1 {
		return admit
	}
	had, left := req.deadline.Sub(req.admitted).Seconds(), req.deadline.Sub(now).Seconds()
	full := min(b.estimateDuration(r.tokens, waiting.Cost, r.throughput), b.estimateDuration(0, b.opts.MaxTokens, r.throughput), had/4)
	idle := b.runners.Count - 1 - len(b.busy)
	begun := len(r.slots) > 0
	switch {
	case begun && req.tokens() <= b.opts.MaxTokens && float64(r.tokens)+float64(req.tokens()) > r.deadlineTokens:
		return postpone // rather than be split by the deadlines of others
	case safetyFactor*max(full, b.estimateDuration(r.tokens, req.tokens(), r.throughput)) <= left:
		return admit
	case begun && idle > 0 && safetyFactor*max(full, b.estimateDuration(0, req.tokens(), r.throughput)) <= left:
		return postpone
	}
	return expire
}

// endBefore has the batch that r holds end before the deadline of a request whose pairs go into it,
// if it can. A request that is too late anyway holds nobody up.
func (b *Batcher[T, R]) endBefore(r *runner[T, R], req *request[T, R], now time.Time) {
	if r.throughput <= 0 || req.deadline.IsZero() {
		return
	}
	most := req.deadline.Sub(now).Seconds() * r.throughput / (safetyFactor * float64(b.runners.Count))
	if most >= float64(r.tokens)+float64(req.tokens()) {
		r.deadlineTokens = min(r.deadlineTokens, most)
	}
}

func duration(seconds float64) time.Duration {
	return time.Duration(min(seconds*1e9, math.MaxInt64/2))
}
