package batch

import (
	"context"
	"math"
	"time"
)

// waitForWork blocks until the next batch should start. It returns false when the Batcher is closed
// and its queue is empty. b.mu is held.
func (b *Batcher[T, R]) waitForWork(r *runner[T, R]) bool {
	for {
		if b.queue.Oldest() == nil {
			if b.closed {
				return false
			}
		} else {
			d := max(b.timeToWait(), b.timeUntilAhead(time.Now()))
			if d <= 0 {
				return true
			}
			if d < never {
				r.callAfter(d, b.wake)
			}
		}
		b.work.Wait()
	}
}

// timeToWait is how much longer the next batch should wait for more pairs.
func (b *Batcher[T, R]) timeToWait() time.Duration {
	if b.opts.Timeout <= 0 || b.closed || b.fills() {
		return 0
	}
	return b.opts.Timeout - b.oldestAge(time.Now())
}

// fills reports whether what waits fills a batch.
func (b *Batcher[T, R]) fills() bool {
	waiting := b.queue.Load()
	return waiting.Cost >= b.opts.MaxTokens || waiting.Items >= b.opts.MaxPairs || b.preferred() > 0
}

// oldestAge is how long the oldest request has waited. The queue must not be empty.
func (b *Batcher[T, R]) oldestAge(now time.Time) time.Duration {
	return now.Sub(b.queue.Oldest().Value.admitted)
}

// preferred is the largest preferred number of pairs that the queue can fill; 0 if there is none.
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

// wake makes the runners look at the queue again. It locks, so that no runner can miss it between
// its look and its wait.
func (b *Batcher[T, R]) wake() {
	b.mu.Lock()
	b.work.Broadcast()
	b.mu.Unlock()
}

// form fills the next batch with pairs in the order of the queue, until the budget is reached; b.mu
// is held. The batch holds at least one pair, unless every waiting request was canceled or expired.
func (b *Batcher[T, R]) form(r *runner[T, R]) {
	now := time.Now()
	r.maxPairs, r.deadlineTokens, r.throughput = b.maxPairs(now), math.Inf(1), b.runners.Throughput()
	r.part = b.part(r.throughput, now)
	begin := b.expectedStart(r.throughput, now)
	var last *request[T, R]
	for e := b.queue.Next(); e != nil; e = b.queue.Next() {
		req := e.Value
		if req != last {
			if err := req.cancelErr(now); err != nil {
				b.end(req, err)
				continue
			}
			switch b.decide(r, req, begin) {
			case expire:
				b.end(req, context.DeadlineExceeded)
				continue
			case postpone:
				return
			}
			last = req
			b.endBefore(r, req, begin)
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
	at, ok := 0, true
	if len(r.slots) > 0 {
		if at, ok = req.fitting(r.part - r.tokens); !ok {
			return false
		}
	}
	item := &req.items[req.indexAt(at)]
	tokens, value := item.Tokens, item.Value
	if len(r.slots) > 0 && (tokens > b.opts.MaxTokens-r.tokens || len(r.slots) == r.maxPairs ||
		float64(r.tokens)+float64(tokens) > r.deadlineTokens) {
		return false
	}
	req.bring(at)
	r.slots = append(r.slots, slot[T, R]{req: req, index: req.pop(&b.queue), tokens: tokens, value: value})
	r.tokens += tokens
	if req.deadlineBound {
		b.deadlineBound -= tokens
	}
	return true
}
