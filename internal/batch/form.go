package batch

import (
	"context"
	"math"
	"time"
)

// waitForWork blocks, with b.mu held, until a batch is due. It returns false when none will ever be
// again.
func (b *Batcher[T, R]) waitForWork(r *runner[T, R]) bool {
	for {
		if b.queue.Oldest() == nil {
			if b.closed {
				return false
			}
		} else {
			d := b.timeToWait()
			if d <= 0 {
				return true
			}
			r.callAfter(d, b.wake)
		}
		b.work.Wait()
	}
}

// timeToWait is how much longer the next batch should wait for more pairs.
func (b *Batcher[T, R]) timeToWait() time.Duration {
	waiting := b.queue.Load()
	if b.opts.Timeout <= 0 || b.closed || waiting.Cost >= b.opts.MaxTokens || waiting.Items >= b.opts.MaxPairs || b.preferred() > 0 {
		return 0
	}
	return b.opts.Timeout - b.oldestAge(time.Now())
}

// oldestAge is how long the oldest request has waited; something must wait.
func (b *Batcher[T, R]) oldestAge(now time.Time) time.Duration {
	return now.Sub(b.queue.Oldest().Value.admitted)
}

// preferred is the largest of the preferred numbers of pairs that what waits can fill; 0 if it can
// fill none.
func (b *Batcher[T, R]) preferred() int {
	n := 0
	for _, p := range b.opts.PreferredPairs {
		if p <= b.queue.Load().Items {
			n = p
		}
	}
	return n
}

// maxPairs is how many pairs the next batch may hold.
func (b *Batcher[T, R]) maxPairs(now time.Time) int {
	n := b.preferred()
	if n == 0 || b.opts.Timeout > 0 && b.oldestAge(now) >= b.opts.Timeout {
		return b.opts.MaxPairs
	}
	return min(n, b.opts.MaxPairs)
}

// wake lets the runners look at the queue again. It takes the lock so that it cannot fall between
// look and wait.
func (b *Batcher[T, R]) wake() {
	b.mu.Lock()
	b.work.Broadcast()
	b.mu.Unlock()
}

// form fills the next batch, with b.mu held: at least one pair, and the pairs whose turn it is as
// far as they fit the budget. The batch stays empty if the callers of everything that waited had
// left, or were too late.
func (b *Batcher[T, R]) form(r *runner[T, R]) {
	now := time.Now()
	r.maxPairs, r.deadlineTokens, r.throughput = b.maxPairs(now), math.Inf(1), b.runners.Throughput()
	var last *request[T, R]
	for e := b.queue.Next(); e != nil; e = b.queue.Next() {
		req := e.Value
		if req != last {
			if err := req.cancelErr(now); err != nil {
				b.end(req, err)
				continue
			}
			switch b.decide(r, req, now) {
			case expire:
				b.end(req, context.DeadlineExceeded)
				continue
			case postpone:
				return
			}
			last = req
			b.endBefore(r, req, now)
		}
		if !b.takeNext(r, req) {
			return
		}
		if !*b.opts.Enabled {
			for req.queued.Queued() && b.takeNext(r, req) {
			}
			return
		}
	}
}

// takeNext moves the next pair of a request into the batch, and returns false if it does not fit.
func (b *Batcher[T, R]) takeNext(r *runner[T, R], req *request[T, R]) bool {
	item := &req.items[req.nextIndex()]
	tokens, value := item.Tokens, item.Value
	if len(r.slots) > 0 && (tokens > b.opts.MaxTokens-r.tokens || len(r.slots) == r.maxPairs ||
		float64(r.tokens)+float64(tokens) > r.deadlineTokens) {
		return false
	}
	r.slots = append(r.slots, slot[T, R]{req: req, index: req.pop(&b.queue), tokens: tokens, value: value})
	r.tokens += tokens
	return true
}
