package batch

import (
	"cmp"
	"context"
	"math"
	"runtime/debug"
	"slices"
	"time"
)

// runner is the scratch memory of one goroutine that runs batches.
type runner[T, R any] struct {
	slots   []slot[T, R]
	values  []T
	results []R
	cost    int
	longest int
	items   int         // that the batch may hold
	most    float64     // cost up to which the batch ends before the deadlines in it
	pace    float64     // as it was when the batch was formed
	started time.Time   // of the batch
	timer   *time.Timer // wakes the runners when a waiting batch is due; nil until first needed
}

// slot is the place of an item in a batch. It has the value, for the caller of a request that is ended while the batch is
// still being formed takes the items along.
type slot[T, R any] struct {
	req   *request[T, R]
	index int
	cost  int
	value T
}

// loop takes and runs batches until the Batcher is closed and nothing waits.
func (b *Batcher[T, R]) loop() {
	r := new(runner[T, R])
	b.mu.Lock()
	for b.await(r) {
		b.take(r)
		if len(r.slots) == 0 {
			continue // nobody waits for anything any more
		}
		r.arrange(b.opts.ByCost)
		r.started = time.Now()
		b.running.items += len(r.slots)
		b.running.cost += r.cost
		b.busy = append(b.busy, r)
		b.batches.Count(len(r.slots), r.cost, r.longest)
		b.mu.Unlock()

		b.execute(r)

		b.mu.Lock()
		b.running.items -= len(r.slots)
		b.running.cost -= r.cost
		b.busy = slices.DeleteFunc(b.busy, func(other *runner[T, R]) bool { return other == r })
		r.forget()
	}
	if r.timer != nil {
		r.timer.Stop()
	}
	b.runners--
	if b.runners == 0 {
		close(b.stopped)
	}
	b.mu.Unlock()
}

// await blocks, with b.mu held, until a batch is due. It returns false when none will ever be again.
func (b *Batcher[T, R]) await(r *runner[T, R]) bool {
	for {
		if b.queue.all.head == nil {
			if b.closed {
				return false
			}
		} else {
			wait := b.patience()
			if wait <= 0 {
				return true
			}
			r.alarm(wait, b.rouse)
		}
		b.wake.Wait()
	}
}

// patience is how much longer the next batch should wait for more items.
func (b *Batcher[T, R]) patience() time.Duration {
	if b.opts.Timeout <= 0 || b.closed || b.queue.cost >= b.opts.MaxCost || b.queue.items >= b.opts.MaxItems || b.preferred() > 0 {
		return 0
	}
	return b.opts.Timeout - time.Since(b.queue.all.head.admitted)
}

// preferred is the largest of the preferred numbers of items that what waits can fill; 0 if it can fill none.
func (b *Batcher[T, R]) preferred() int {
	n := 0
	for _, p := range b.opts.Preferred {
		if p <= b.queue.items {
			n = p
		}
	}
	return n
}

// most is how many items the next batch may hold.
func (b *Batcher[T, R]) most(now time.Time) int {
	n := b.preferred()
	if n == 0 || b.opts.Timeout > 0 && now.Sub(b.queue.all.head.admitted) >= b.opts.Timeout {
		return b.opts.MaxItems
	}
	return min(n, b.opts.MaxItems)
}

// rouse lets the runners look at the queue again. It takes the lock so that it cannot fall between look and wait.
func (b *Batcher[T, R]) rouse() {
	b.mu.Lock()
	b.wake.Broadcast()
	b.mu.Unlock()
}

// take forms the next batch, with b.mu held: the items whose turn it is, as far as they fit the budget, one at least. The
// batch is empty if the callers of all that waited had left, or were too late.
func (b *Batcher[T, R]) take(r *runner[T, R]) {
	now := time.Now()
	r.items, r.most, r.pace = b.most(now), math.Inf(1), b.opts.Pace()
	var last *request[T, R]
	for req := b.queue.next(); req != nil; req = b.queue.next() {
		if req != last {
			if err := req.gone(now); err != nil {
				b.end(req, err)
				continue
			}
			switch b.judge(r, req, now) {
			case fails:
				b.end(req, context.DeadlineExceeded)
				continue
			case waits:
				return
			}
			last = req
			b.limit(r, req, now)
		}
		if !b.draw(r, req) {
			return
		}
		if b.opts.Unshared {
			for req.flow != nil && b.draw(r, req) {
			}
			return
		}
	}
}

// draw moves the next item of a request into the batch, unless it does not fit.
func (b *Batcher[T, R]) draw(r *runner[T, R], req *request[T, R]) bool {
	item := &req.items[req.place()]
	cost, value := item.Cost, item.Value
	if len(r.slots) > 0 &&
		(cost > b.opts.MaxCost-r.cost || len(r.slots) == r.items || float64(r.cost)+float64(cost) > r.most) {
		return false
	}
	r.slots = append(r.slots, slot[T, R]{req: req, index: b.queue.pop(req), cost: cost, value: value})
	r.cost += cost
	return true
}

// execute runs the batch that r holds and settles its items.
func (b *Batcher[T, R]) execute(r *runner[T, R]) {
	started := time.Now()
	err := call(b.run, r.values, r.results)
	ended := time.Now()

	if err != nil && len(r.slots) > 1 {
		b.retry(r, started)
		return
	}
	run := &Run{Started: started, Ended: ended, Items: len(r.slots), Cost: r.cost, Longest: r.longest}
	b.mu.Lock()
	for i := range r.slots {
		b.settle(&r.slots[i], r.results[i], run, err)
	}
	b.mu.Unlock()
}

// retry runs each item of a batch that failed by itself, so that only the owners of those at fault fail.
func (b *Batcher[T, R]) retry(r *runner[T, R], started time.Time) {
	for i := range r.slots {
		s := &r.slots[i]
		b.mu.Lock()
		over := s.req.over
		b.mu.Unlock()
		if over {
			continue
		}
		clear(r.results[i : i+1])
		err := call(b.run, r.values[i:i+1], r.results[i:i+1])
		run := &Run{Started: started, Ended: time.Now(), Items: 1, Cost: s.cost, Longest: s.cost}
		b.mu.Lock()
		b.settle(s, r.results[i], run, err)
		b.mu.Unlock()
	}
}

// settle gives an item its result, or its request the error, with b.mu held. Nothing is written to a request that is
// over: its items are its caller's again.
func (b *Batcher[T, R]) settle(s *slot[T, R], result R, run *Run, err error) {
	req := s.req
	if req.over {
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

// end finishes a request, with b.mu held: what waits of it leaves the queue, and its caller wakes. Only the first end
// of a request counts.
func (b *Batcher[T, R]) end(req *request[T, R], err error) {
	if req.over {
		return
	}
	b.queue.remove(req)
	req.over, req.err = true, err
	req.done <- struct{}{}
}

// arrange lays out the values of a batch.
func (r *runner[T, R]) arrange(byCost bool) {
	if byCost {
		slices.SortStableFunc(r.slots, func(x, y slot[T, R]) int { return cmp.Compare(y.cost, x.cost) })
	}
	for _, s := range r.slots {
		r.values = append(r.values, s.value)
		r.longest = max(r.longest, s.cost)
	}
	r.results = slices.Grow(r.results, len(r.slots))[:len(r.slots)]
}

// forget empties the scratch memory, so that it keeps nothing of its callers alive.
func (r *runner[T, R]) forget() {
	clear(r.slots)
	clear(r.values)
	clear(r.results)
	r.slots, r.values, r.results = r.slots[:0], r.values[:0], r.results[:0]
	r.cost, r.longest = 0, 0
}

// alarm has f called after d, in place of any earlier alarm.
func (r *runner[T, R]) alarm(d time.Duration, f func()) {
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
