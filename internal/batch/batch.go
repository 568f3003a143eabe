// Package batch turns the work of many callers into few runs.
//
// An engine is at its best when it is given much at once, but callers come one by one, each with a few items. A
// [Batcher] stands between them. Callers hand over their items with [Batcher.Do] and wait. A runner that becomes free
// takes whatever waits, up to a budget of cost and of items, runs the caller's function over it once, and gives every
// result back to the item that it belongs to. One request may be spread over several batches, and one batch may serve
// several requests.
//
// Goals, in this order. Nobody hangs: every request ends with its results or with an error, whatever panics, whoever
// leaves, whenever the Batcher closes. The runner never idles while work waits: there is no waiting for a fuller batch
// unless [Options.Timeout] asks for it, because while the runner is busy requests gather by themselves. One request
// cannot harm another: admission is whole or not at all and bounded in cost, and a batch that fails is run again item
// by item, once, so that only the owner of the item at fault is told of it.
//
// One caller cannot harm another either. Callers take turns, each with a quantum of cost a round and what it saved of the
// round before: deficit round robin. So a caller with one large request, or with many, gets its share and no more while
// others wait, and all that there is while none does. A caller's own requests are served first come, first served, a
// request's items in their own order or by cost. A [Sender] may say that a request is less urgent: the more urgent class is
// served first, and each of the others gets an eighth of what it gets, so that nothing starves.
//
// A quantum is large on purpose. It is at the same time the largest request that is run without a break, and those of usual
// size should be: when requests of one size share a runner in small portions, all of them end when the last one does.
//
// Nor can it fill the queue: what may wait is bounded for all together, and beyond the bound there is room for whoever has
// less than an equal share of it waiting; see [Bound]. Given the speed at which work is run, [Options.Pace], that bound can be
// one of time, and deadlines count before they have passed: a request that could not be done in time is refused, or is no
// longer run if that shows later, and a batch is not made larger than the deadlines in it allow.
//
// Note: skipping over an item that does not fit, to fill a batch with smaller ones from behind, was left out: it can starve
// the large item.
//
// The package knows nothing of texts, tokens or models: a cost is a positive number in the caller's unit.
package batch

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/crossrank/crossrank/internal/state"
)

// Func runs a batch: it writes the result of values[i] to results[i]. It leaves values unchanged and keeps neither slice.
// An error or a panic fails the batch as a whole; it is then called once more for each item alone.
type Func[T, R any] func(values []T, results []R) error

// Item is one piece of work. The caller sets Value and Cost; the Batcher sets the rest when [Batcher.Do] gives nil.
type Item[T, R any] struct {
	Value T
	Cost  int // at least 1

	Result R
	Run    *Run // the run that Result came from, shared by all items of its batch: read only
}

// Run describes one run of the function.
type Run struct {
	Started, Ended time.Time // of an item that was run again alone: the start of the first attempt, the end of its own
	Items          int       // how many items it held
	Cost           int       // their cost together
	Longest        int       // the cost of the most costly one
}

// Options configure a [Batcher]. In the zero value one runner takes everything that waits, without bounds.
type Options struct {
	// MaxCost and MaxItems bound a batch; 0 means no bound. An item that costs more than MaxCost is run alone.
	MaxCost  int
	MaxItems int

	// MaxQueued and MaxAge bound what waits, running batches not included: see [Bound]. A request that would exceed the
	// bound is refused with a [*FullError].
	MaxQueued int
	MaxAge    time.Duration

	// Pace tells the cost that all runners together get done in a second, as measured; 0 means that it is not known yet,
	// and so does nil. It is called often and with the Batcher locked. MaxAge needs it, and deadlines are only foreseen
	// with it: a request that is expected to be done too late is refused with a [*LateError].
	Pace func() float64

	// Timeout is how long a batch that is not full waits for more, counted from the arrival of its oldest request.
	// 0, which is best for nearly everybody, means not at all.
	Timeout time.Duration

	// Preferred are numbers of items, ascending, at which a batch is as good as full: one is due as soon as what waits
	// reaches any of them, and takes the most of them that what waits can fill, unless MaxCost ends it before that. What is
	// left over waits on, for at most Timeout in all; then the batch takes everything, of whatever number.
	Preferred []int

	// Quantum is the cost that each caller gets a round while several wait; 0 means a quarter of MaxCost, or 4,096 if that
	// has no bound. The smaller, the less a request waits for the large ones of others, and the longer it takes to be done
	// if it is larger than the quantum itself.
	Quantum int

	// Runners is how many batches may run at once; 0 means 1.
	Runners int

	// Unshared gives every request batches of its own. Timeout and Preferred have no meaning then: there is nobody to wait
	// for.
	Unshared bool

	// ByCost orders items by cost, the most costly first: those of a request before they are dealt into batches, so that
	// the batches of a large request hold items of like cost, and those of a batch, so that a function that splits it
	// over cores can deal them out evenly. Otherwise items stand in the order in which they were taken.
	ByCost bool
}

// Batcher gathers items into batches and runs them. It is safe for concurrent use. It owns its runners' goroutines:
// end them with [Batcher.Drain] or [Batcher.Close].
type Batcher[T, R any] struct {
	run  Func[T, R]
	opts Options

	requests sync.Pool     // of *request[T, R], none of them in use
	stopped  chan struct{} // closed when the last runner has ended

	mu      sync.Mutex // guards everything below
	wake    sync.Cond  // on mu: there may be work, or closed was set
	queue   queue[T, R]
	running load            // in batches being run
	busy    []*runner[T, R] // that run them
	batches state.Batches   // begun
	runners int             // goroutines alive
	closed  bool            // nothing new is admitted
}

// New starts a Batcher that runs its batches with run. With several runners, run is called concurrently.
func New[T, R any](run Func[T, R], opts Options) *Batcher[T, R] {
	opts.Quantum = quantum(opts)
	opts.MaxCost = orUnbounded(opts.MaxCost)
	opts.MaxItems = orUnbounded(opts.MaxItems)
	opts.Runners = max(1, opts.Runners)
	if opts.Unshared {
		opts.Timeout, opts.Preferred = 0, nil
	}
	if opts.Pace == nil {
		opts.Pace = func() float64 { return 0 }
	}
	b := &Batcher[T, R]{run: run, opts: opts, stopped: make(chan struct{}), runners: opts.Runners}
	b.wake.L = &b.mu
	b.queue.quantum = opts.Quantum
	b.requests.New = func() any { return &request[T, R]{done: make(chan struct{}, 1)} }
	for range b.runners {
		go b.loop()
	}
	return b
}

// Do has all of a sender's items run and returns nil once each holds its result. It returns early, leaving their results undefined,
// with ctx's error when ctx ends, or would before all is done; with [ErrClosed] when the Batcher is closed; with a [*FullError]
// when too much waits already, or a [*LateError] when there is no time for what waits; with an [*ItemError] when one of the
// items cannot be run. Items not yet running then never will be.
//
// Only after nil may the caller reuse the memory that the values refer to: after an error a run may still be reading it.
// Items itself is the caller's again in either case.
func (b *Batcher[T, R]) Do(ctx context.Context, from Sender, items []Item[T, R]) error {
	if len(items) == 0 {
		return nil
	}
	t, err := b.Submit(ctx, from, items)
	if err != nil {
		return err
	}
	return t.Wait(ctx)
}

// Ticket stands for items that wait to be run. Its [Ticket.Wait] must be called, once.
type Ticket[T, R any] struct {
	batcher *Batcher[T, R]
	req     *request[T, R]
}

// Submit is the first half of [Batcher.Do]: it queues items, one at least, or refuses them, and does not wait. It is for
// who must choose between batchers.
func (b *Batcher[T, R]) Submit(ctx context.Context, from Sender, items []Item[T, R]) (Ticket[T, R], error) {
	cost, err := total(items)
	if err != nil {
		return Ticket[T, R]{}, err
	}
	if err := ctx.Err(); err != nil {
		return Ticket[T, R]{}, err
	}
	req := b.requests.Get().(*request[T, R])
	req.items, req.open, req.next, req.cost = items, len(items), 0, cost
	req.over, req.err = false, nil
	req.deadline, _ = ctx.Deadline()
	req.left = ctx.Done()
	req.arrange(b.opts.ByCost)
	if err := b.admit(from, req); err != nil {
		b.release(req)
		return Ticket[T, R]{}, err
	}
	return Ticket[T, R]{b, req}, nil
}

// Wait is the second half of [Batcher.Do].
func (t Ticket[T, R]) Wait(ctx context.Context) error {
	b, req := t.batcher, t.req
	select {
	case <-req.done:
	case <-ctx.Done():
		b.mu.Lock()
		b.end(req, ctx.Err()) // has no effect if it ended just now
		b.mu.Unlock()
		<-req.done
	}
	if req.err != nil {
		return req.err // a run may still refer to req, so it is left to the garbage collector
	}
	b.release(req)
	return nil
}

// release gives a request that nothing refers to any more back to the pool.
func (b *Batcher[T, R]) release(req *request[T, R]) {
	req.items, req.left = nil, nil
	b.requests.Put(req)
}

// total adds up the cost of items.
func total[T, R any](items []Item[T, R]) (int, error) {
	sum := 0
	for i := range items {
		cost := items[i].Cost
		if cost < 1 || cost > math.MaxInt-sum {
			return 0, &ItemError{Index: i, Err: fmt.Errorf("its cost is %d; want at least 1, and a sum that fits an int", cost)}
		}
		sum += cost
	}
	return sum, nil
}

// quantum is what a caller gets a round.
func quantum(opts Options) int {
	switch {
	case opts.Quantum > 0:
		return min(opts.Quantum, maxPrice)
	case opts.MaxCost > 0:
		return min(max(1, opts.MaxCost/4), maxPrice)
	}
	return 4096
}

func orUnbounded(n int) int {
	if n <= 0 {
		return math.MaxInt
	}
	return n
}
