package batch

import (
	"cmp"
	"runtime/debug"
	"slices"
	"time"
)

// runner is the scratch memory of one goroutine that runs batches.
type runner[T, R any] struct {
	slots   []slot[T, R]
	values  []T
	results []R
	tokens  int
	longest int
	started time.Time // when its computation began; zero while it waits behind another batch

	// Limits of the batch that is being formed.
	maxPairs       int
	part           int     // tokens, so that other runners have work too
	deadlineTokens float64 // up to which it ends before the deadlines in it
	throughput     float64 // as it was when the batch was formed

	timer *time.Timer // wakes the runners when a waiting batch should start; nil until first needed
}

// slot is the place of a pair in a batch. It keeps the value, because a request that ends while the
// batch is being formed has its items back.
type slot[T, R any] struct {
	req    *request[T, R]
	index  int
	tokens int
	value  T
}

// loop forms and runs batches until the Batcher is closed and nothing waits.
func (b *Batcher[T, R]) loop() {
	r := new(runner[T, R])
	b.mu.Lock()
	for b.waitForWork(r) {
		b.form(r)
		if len(r.slots) == 0 {
			continue // every waiting request was canceled or expired
		}
		r.arrange(*b.opts.LengthAware)
		b.begin(r)
		b.mu.Unlock()

		b.execute(r)

		b.mu.Lock()
		b.finish(r)
		r.reset()
	}
	if r.timer != nil {
		r.timer.Stop()
	}
	b.alive--
	if b.alive == 0 {
		close(b.stopped)
	}
	b.mu.Unlock()
}

// begin counts the batch that r holds, with b.mu held.
func (b *Batcher[T, R]) begin(r *runner[T, R]) {
	if len(b.busy) < b.runners.Count {
		r.started = time.Now()
	}
	b.running.pairs += len(r.slots)
	b.running.tokens += r.tokens
	b.busy = append(b.busy, r)
	b.batches.Count(len(r.slots), r.tokens, r.longest)
}

// finish counts the end of the batch that r holds, with b.mu held. The one behind it begins.
func (b *Batcher[T, R]) finish(r *runner[T, R]) {
	b.running.pairs -= len(r.slots)
	b.running.tokens -= r.tokens
	b.busy = slices.DeleteFunc(b.busy, func(other *runner[T, R]) bool { return other == r })
	if len(b.busy) > 0 && b.busy[0].started.IsZero() {
		b.busy[0].started = time.Now()
	}
}

// execute runs the batch that r holds and delivers its results.
func (b *Batcher[T, R]) execute(r *runner[T, R]) {
	started := time.Now()
	err := call(b.run, r.values, r.results)
	ended := time.Now()

	if err != nil && len(r.slots) > 1 {
		b.retry(r, started)
		return
	}
	b.mu.Lock()
	if !r.started.IsZero() { // otherwise the batch before it ended in the same moment
		started = r.started
	}
	run := &Run{Started: started, Ended: ended, Pairs: len(r.slots), Tokens: r.tokens, Longest: r.longest}
	for i := range r.slots {
		b.deliver(&r.slots[i], r.results[i], run, err)
	}
	b.mu.Unlock()
}

// retry runs each pair of a batch that failed by itself, so that only requests with a faulty pair
// fail.
func (b *Batcher[T, R]) retry(r *runner[T, R], started time.Time) {
	for i := range r.slots {
		s := &r.slots[i]
		b.mu.Lock()
		ended := s.req.ended
		b.mu.Unlock()
		if ended {
			continue
		}
		clear(r.results[i : i+1])
		err := call(b.run, r.values[i:i+1], r.results[i:i+1])
		run := &Run{Started: started, Ended: time.Now(), Pairs: 1, Tokens: s.tokens, Longest: s.tokens}
		b.mu.Lock()
		b.deliver(s, r.results[i], run, err)
		b.mu.Unlock()
	}
}

// deliver gives a pair its result, or its request the error, with b.mu held. Nothing is written to
// a request that has ended: its items are its caller's again.
func (b *Batcher[T, R]) deliver(s *slot[T, R], result R, run *Run, err error) {
	req := s.req
	if req.ended {
		return
	}
	if err != nil {
		b.end(req, &ItemError{Index: s.index, Err: err})
		return
	}
	item := &req.items[s.index]
	item.Result, item.Run = result, run
	req.open--
	if req.open == 0 {
		b.end(req, nil)
	}
}

// end finishes a request, with b.mu held: what waits of it leaves the queue, and its caller wakes.
// Only the first end of a request has an effect.
func (b *Batcher[T, R]) end(req *request[T, R], err error) {
	if req.ended {
		return
	}
	b.queue.Remove(&req.queued)
	if req.deadlineBound {
		b.deadlineBound -= req.tokens()
	}
	req.ended, req.err = true, err
	req.done <- struct{}{}
}

// arrange lays out the values of a batch.
func (r *runner[T, R]) arrange(lengthAware bool) {
	if lengthAware {
		slices.SortStableFunc(r.slots, func(x, y slot[T, R]) int { return cmp.Compare(y.tokens, x.tokens) })
	}
	for _, s := range r.slots {
		r.values = append(r.values, s.value)
		r.longest = max(r.longest, s.tokens)
	}
	r.results = slices.Grow(r.results, len(r.slots))[:len(r.slots)]
}

// reset empties the scratch memory, so that it keeps nothing of its callers alive.
func (r *runner[T, R]) reset() {
	clear(r.slots)
	clear(r.values)
	clear(r.results)
	r.slots, r.values, r.results = r.slots[:0], r.values[:0], r.results[:0]
	r.tokens, r.longest, r.started = 0, 0, time.Time{}
}

// callAfter has f called after d, in place of any earlier call.
func (r *runner[T, R]) callAfter(d time.Duration, f func()) {
	if r.timer == nil {
		r.timer = time.AfterFunc(d, f)
		return
	}
	r.timer.Reset(d)
}

// call runs a function and turns its panic into an error.
func call[T, R any](run Func[T, R], values []T, results []R) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	return run(values, results)
}
