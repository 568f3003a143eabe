package batch

import (
	"context"
	"math"
	"time"

	"github.com/crossrank/crossrank/internal/fairqueue"
)

// safetyFactor multiplies expected durations before they are compared with a deadline. The
// throughput is an average of past batches, other callers may arrive and take turns, and pairs that
// share a batch are run together.
const safetyFactor = 1.25

// enqueue queues a request, or returns why it may not wait.
func (b *Batcher[T, R]) enqueue(from fairqueue.Sender, req *request[T, R]) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	deadlineBound, err := b.admissionErr(from, req.tokens(), req.tokens(), req.deadline, now)
	if err != nil {
		return err
	}
	req.admitted, req.deadlineBound = now, deadlineBound
	if deadlineBound {
		b.deadlineBound += req.tokens()
	}
	b.queue.Push(from, &req.queued)
	b.work.Broadcast()
	return nil
}

// enqueueFirst queues what continues a request.
func (b *Batcher[T, R]) enqueueFirst(from fairqueue.Sender, req *request[T, R]) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return ErrClosed
	}
	req.admitted, req.deadlineBound = time.Now(), false
	b.queue.PushFirst(from, &req.queued)
	b.work.Broadcast()
	return nil
}

// Check returns the error that [Batcher.Submit] would give to a request of about that many tokens.
// Callers use it to refuse a request before they spend work on it. Nothing is queued, and only what
// runs before the request counts against its deadline.
func (b *Batcher[T, R]) Check(ctx context.Context, from fairqueue.Sender, tokens int) error {
	deadline, _ := ctx.Deadline()
	b.mu.Lock()
	defer b.mu.Unlock()
	_, err := b.admissionErr(from, tokens, 0, deadline, time.Now())
	return err
}

// admissionErr returns why a request of that many tokens may not wait, or nil if it may, and then
// whether only because its caller is known to wait until the deadline. Of its tokens, needed must
// be computed before the deadline; the zero time means no deadline. b.mu is held.
func (b *Batcher[T, R]) admissionErr(from fairqueue.Sender, tokens, needed int, deadline, now time.Time) (deadlineBound bool, err error) {
	if b.closed {
		return false, ErrClosed
	}
	throughput := b.runners.Throughput()
	foreseen := throughput > 0 && !deadline.IsZero()
	waiting := b.queue.Backlog(from, tokens)
	if err := b.limit.memoryErr(waiting, tokens); err != nil {
		return false, b.withRunning(err)
	}
	if err := b.limit.ageErr(waiting, b.deadlineBound, tokens, throughput); err != nil {
		if deadlineBound = foreseen && b.limit.bindsDeadline(waiting, deadline.Sub(now)); !deadlineBound {
			return false, b.withRunning(err)
		}
	}
	if !foreseen {
		return false, nil
	}
	factor := safetyFactor
	if deadlineBound {
		factor = 1 // to refuse it loses it for certain, and if it is late by its turn, it is not run
	}
	return deadlineBound, b.deadlineErr(from, needed, factor, deadline.Sub(now).Seconds(), throughput, b.remainingTokens(throughput, now))
}

// withRunning completes a [*FullError].
func (b *Batcher[T, R]) withRunning(err error) error {
	err.(*FullError).Running = b.running.tokens
	return err
}

// deadlineErr returns, with b.mu held, a [*LateError] if there are not enough seconds left for a
// request behind what runs and waits, whose expected time is multiplied by the factor.
func (b *Batcher[T, R]) deadlineErr(from fairqueue.Sender, needed int, factor, left, throughput, running float64) error {
	waiting := b.queue.Load().Cost
	if running == 0 && waiting == 0 {
		return nil // the request delays no other, and the throughput may be wrong
	}
	own := b.estimateDuration(0, needed, throughput)
	needs := func(ahead int) float64 { return own + factor*(running+float64(ahead))/throughput }
	if needs(waiting) <= left {
		return nil // time even for everything that waits
	}
	if n := needs(b.queue.Ahead(from, needed)); n > left {
		return &LateError{Needs: duration(n), Left: duration(left), Over: duration((n - left) / factor)}
	}
	return nil
}

// remainingTokens estimates how many tokens of the running batches are still to be computed.
func (b *Batcher[T, R]) remainingTokens(throughput float64, now time.Time) float64 {
	sum := 0.0
	for _, r := range b.busy {
		sum += b.remainingOf(r, throughput, now)
	}
	return sum
}

// remainingOf is remainingTokens of one runner. A batch that waits behind another one has all of
// them left.
func (b *Batcher[T, R]) remainingOf(r *runner[T, R], throughput float64, now time.Time) float64 {
	if r.started.IsZero() {
		return float64(r.tokens)
	}
	return max(0, float64(r.tokens)-throughput/float64(b.runners.Count)*now.Sub(r.started).Seconds())
}

// estimateDuration estimates the seconds until a request's tokens are computed, behind other tokens
// in the same batch. One runner computes one batch; what waits is divided among all runners, or
// where it is not, tokens beyond one batch are.
func (b *Batcher[T, R]) estimateDuration(others, tokens int, throughput float64) float64 {
	if b.runners.Count == 1 {
		return (float64(others) + float64(tokens)) / throughput
	}
	batch := min(float64(others)+float64(tokens), float64(b.opts.MaxTokens))
	if b.divides() {
		batch = min(batch, max(float64(b.opts.MinTokens), (float64(others)+float64(tokens))/float64(b.runners.Count)))
	}
	return max(float64(tokens), batch*float64(b.runners.Count)) / throughput
}

// decision is what happens to a request whose turn it is.
type decision int

const (
	admit    decision = iota // it goes into the batch
	postpone                 // the batch is closed without it, and it stays queued
	expire                   // it would miss its deadline in any batch
)

// decide chooses what happens to a request that may have a deadline, if the batch begins at that
// time; b.mu is held. A request that would miss its deadline is not run: it would cost the others
// time and give its caller nothing.
// The last request in the queue always runs, because it delays no other.
//
// A request expires when the time left is too short for a full batch, or for a quarter of its whole
// time if that is less. Without this margin, an overloaded runner would run every request at its
// last moment, in a batch kept small for that request, and half of them would miss their deadlines.
func (b *Batcher[T, R]) decide(r *runner[T, R], req *request[T, R], begin time.Time) decision {
	waiting := b.queue.Load()
	if r.throughput <= 0 || req.deadline.IsZero() || waiting.Requests == 1 {
		return admit
	}
	had, left := req.deadline.Sub(req.admitted).Seconds(), req.deadline.Sub(begin).Seconds()
	full := min(b.estimateDuration(r.tokens, waiting.Cost, r.throughput), b.estimateDuration(0, b.opts.MaxTokens, r.throughput), had/4)
	idle := b.runners.Count - 1 - len(b.busy)
	started := len(r.slots) > 0
	switch {
	case started && req.tokens() <= b.opts.MaxTokens && float64(r.tokens)+float64(req.tokens()) > r.deadlineTokens:
		return postpone // so that the deadlines of others do not split it
	case safetyFactor*max(full, b.estimateDuration(r.tokens, req.tokens(), r.throughput)) <= left:
		return admit
	case started && idle > 0 && safetyFactor*max(full, b.estimateDuration(0, req.tokens(), r.throughput)) <= left:
		return postpone
	}
	return expire
}

// endBefore limits the batch of r, which begins at that time, so that it ends before the deadline
// of a request that joins it. A request that misses its deadline in any case sets no limit.
func (b *Batcher[T, R]) endBefore(r *runner[T, R], req *request[T, R], begin time.Time) {
	if r.throughput <= 0 || req.deadline.IsZero() {
		return
	}
	most := req.deadline.Sub(begin).Seconds() * r.throughput / (safetyFactor * float64(b.runners.Count))
	if most >= float64(r.tokens)+float64(req.tokens()) {
		r.deadlineTokens = min(r.deadlineTokens, most)
	}
}

func duration(seconds float64) time.Duration {
	return time.Duration(min(seconds*1e9, math.MaxInt64/2))
}
