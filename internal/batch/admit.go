package batch

import (
	"context"
	"math"
	"time"
)

// admit queues a request, or says why it may not wait.
func (b *Batcher[T, R]) admit(from Sender, req *request[T, R]) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	from = from.clamp()
	if err := b.refuse(from, req.cost, req.cost, req.deadline, now); err != nil {
		return err
	}
	req.admitted = now
	b.queue.push(from, req)
	b.wake.Broadcast()
	return nil
}

// Check says what [Batcher.Submit] would, of a request whose cost is not known yet but for about how much it will be, before
// anything is spent on it. Nothing is queued, and its deadline counts only against what is run before it.
func (b *Batcher[T, R]) Check(ctx context.Context, from Sender, about int) error {
	deadline, _ := ctx.Deadline()
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.refuse(from.clamp(), about, 0, deadline, time.Now())
}

// refuse says, with b.mu held, why a request may not wait, if it may not. Of its cost it takes that many to be needed before
// the deadline, which is zero if there is none.
func (b *Batcher[T, R]) refuse(from Sender, cost, needed int, deadline, now time.Time) error {
	if b.closed {
		return ErrClosed
	}
	pace := b.opts.Pace()
	bound := Bound{Max: b.opts.MaxQueued, MaxAge: b.opts.MaxAge}
	if err := bound.Check(b.queue.backlog(from, cost), cost, pace); err != nil {
		err.(*FullError).Running = b.running.cost
		return err
	}
	if pace <= 0 || deadline.IsZero() {
		return nil
	}
	running := b.remaining(pace, now)
	if running == 0 && b.queue.cost == 0 {
		return nil // nobody is kept waiting, and the pace may be wrong
	}
	own, left := b.spell(0, needed, pace), deadline.Sub(now).Seconds()
	needs := func(waiting int) float64 { return own + slack*(running+float64(waiting))/pace }
	if needs(b.queue.cost) <= left {
		return nil // time even for all that waits
	}
	if n := needs(b.queue.ahead(from, needed)); n > left {
		return &LateError{Needs: duration(n), Left: duration(left), Over: duration((n - left) / slack)}
	}
	return nil
}

// slack is how much longer than expected things may take before a deadline is in danger: the pace is an average of batches
// past, others may come and take turns, and what shares a batch is run with it.
const slack = 1.25

// remaining is about how much cost of the batches that run is still to be done.
func (b *Batcher[T, R]) remaining(pace float64, now time.Time) float64 {
	each := pace / float64(b.opts.Runners)
	sum := 0.0
	for _, r := range b.busy {
		sum += max(0, float64(r.cost)-each*now.Sub(r.started).Seconds())
	}
	return sum
}

// spell is about how long a request takes of which that much is to be run, in seconds, with so much before it in the same
// batch. A batch takes one runner; what does not fit it is for all of them, in equal parts.
func (b *Batcher[T, R]) spell(before, cost int, pace float64) float64 {
	if b.opts.Runners == 1 {
		return (float64(before) + float64(cost)) / pace
	}
	batch := min(float64(before)+float64(cost), float64(b.opts.MaxCost))
	return max(float64(cost), batch*float64(b.opts.Runners)) / pace
}

// fate is what becomes of a request whose turn it is.
type fate int

const (
	runs  fate = iota // it goes into the batch
	waits             // the batch ends before it, which is better for it or for those whose deadlines are near
	fails             // it would be too late in any
)

// judge tells, with b.mu held, the fate of a request that may have a deadline. To run what cannot be done in time would give
// its caller nothing for what it costs the others. A request that nobody stands behind is left to try.
//
// It is too late for a request that has no time for a full batch, if that is less than a quarter of the time that it had. For
// under overload all that waits has waited long. If requests were run up to the last moment, every one would be run at its
// last moment, in a batch that has to be small for its sake; and then half of them would come too late.
func (b *Batcher[T, R]) judge(r *runner[T, R], req *request[T, R], now time.Time) fate {
	if r.pace <= 0 || req.deadline.IsZero() || b.queue.requests == 1 {
		return runs
	}
	had, left := req.deadline.Sub(req.admitted).Seconds(), req.deadline.Sub(now).Seconds()
	full := min(b.spell(r.cost, b.queue.cost, r.pace), b.spell(0, b.opts.MaxCost, r.pace), had/4)
	idle := b.opts.Runners - 1 - len(b.busy)
	switch {
	case len(r.slots) > 0 && req.cost <= b.opts.MaxCost && float64(r.cost)+float64(req.cost) > r.most:
		return waits // rather than to be split by the deadlines of others
	case slack*max(full, b.spell(r.cost, req.cost, r.pace)) <= left:
		return runs
	case idle > 0 && len(r.slots) > 0 && slack*max(full, b.spell(0, req.cost, r.pace)) <= left:
		return waits
	}
	return fails
}

// limit has the batch that r holds end before the deadline of a request whose items go into it, if it can. For those that
// are too late anyway nobody is held up.
func (b *Batcher[T, R]) limit(r *runner[T, R], req *request[T, R], now time.Time) {
	if r.pace <= 0 || req.deadline.IsZero() {
		return
	}
	most := req.deadline.Sub(now).Seconds() * r.pace / (slack * float64(b.opts.Runners))
	if most >= float64(r.cost)+float64(req.cost) {
		r.most = min(r.most, most)
	}
}

func duration(seconds float64) time.Duration {
	return time.Duration(min(seconds*1e9, math.MaxInt64/2))
}
