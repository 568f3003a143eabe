// Package batch gathers the pairs of many callers into few batches.
//
// An engine is at its best when it computes many pairs at once, but callers come one by one, each
// with a few. A [Batcher] combines their pairs. A caller passes its pairs to [Batcher.Do] and
// waits. A runner that becomes free takes the waiting pairs, up to a budget of tokens and of pairs,
// runs the engine's function over them once, and gives each pair its result. One request may be
// spread over several batches, and one batch may hold pairs of several requests.
//
// The guarantees, in this order:
//
//   - No caller hangs. Every request ends with its results or with an error: when a run panics,
//     when a caller leaves, when the Batcher closes.
//   - No runner idles while work waits, and runners that are or soon will be idle divide it. There
//     is no waiting for a fuller batch unless [Options.Timeout] asks for it: while a runner is
//     busy, requests gather by themselves. A runner that may hold two batches has the next one
//     before it ends the first.
//   - One request cannot harm another. It is admitted whole or not at all. A batch that fails is
//     run again pair by pair, once, so that only the request with the faulty pair fails.
//   - One caller cannot harm another. Callers take turns (package fairqueue), and the queue is
//     bounded, with room reserved for callers that ask for little: see [AdmissionLimit].
//   - A deadline counts before it has passed. Given the measured throughput ([Runners]), a request
//     that could not be done in time is refused, one that no longer can be is not run, and a batch
//     is not made larger than the deadlines in it allow.
//   - A result does not depend on the batch that it was computed in. The function must guarantee
//     that.
//
// The package does not look into a pair: it knows only how many tokens each has, as a measure of
// its cost.
//
// Note: a pair that does not fit a batch is not skipped to fill the batch with smaller ones, which
// could starve it.
package batch

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/crossrank/crossrank/internal/fairqueue"
	"github.com/crossrank/crossrank/internal/state"
)

// Func runs a batch: it writes the result of values[i] to results[i]. It leaves values unchanged
// and keeps neither slice. An error or a panic fails the batch as a whole; the function is then
// called once more for each pair alone.
type Func[T, R any] func(values []T, results []R) error

// Item is one pair to run. The caller sets Value and Tokens; the Batcher sets the rest before
// [Batcher.Do] returns nil.
type Item[T, R any] struct {
	Value  T
	Tokens int // at least 1

	Result R
	Run    *Run // the run that Result came from, shared by all pairs of its batch: read only
}

// Run describes one run of the function.
type Run struct {
	Started, Ended time.Time // of a pair that was retried alone: start of the first attempt, end of the retry
	Pairs          int
	Tokens         int
	Longest        int // tokens of the longest pair
}

// Runners are what runs the batches.
type Runners struct {
	Count int // batches that may run at once; 0 means 1

	// InFlight is how many batches a single runner may hold, the one that it computes and those
	// that are prepared behind it; 0 means 1. Of several runners each holds one.
	InFlight int

	// Throughput returns the measured speed of all runners together, in tokens per second;
	// 0 means not known yet, and so does a nil function. It is called often and with the Batcher
	// locked. [Options.MaxQueueAge] needs it, and so do deadlines before they have passed.
	Throughput func() float64
}

// Batcher gathers pairs into batches and runs them. It is safe for concurrent use. It owns its
// runners' goroutines: end them with [Batcher.Drain] or [Batcher.Close].
type Batcher[T, R any] struct {
	run     Func[T, R]
	opts    Options
	limit   AdmissionLimit
	runners Runners

	requests sync.Pool     // of *request[T, R], none of them in use
	stopped  chan struct{} // closed when the last runner has ended

	mu            sync.Mutex // guards everything below
	work          sync.Cond  // on mu: there may be work, or closed was set
	queue         fairqueue.Queue[*request[T, R]]
	deadlineBound int             // waiting tokens of the requests that are marked so
	busy          []*runner[T, R] // that hold a batch, in the order in which they were formed
	running       struct{ pairs, tokens int }
	batches       state.Batches // started
	levels        []float64     // memory of part
	alive         int           // runners' goroutines
	closed        bool          // nothing new is admitted
}

// New starts a Batcher that runs its batches with run. With several runners or batches in flight,
// run is called concurrently.
func New[T, R any](run Func[T, R], opts Options, runners Runners) *Batcher[T, R] {
	runners.Count = max(1, runners.Count)
	if runners.Throughput == nil {
		runners.Throughput = func() float64 { return 0 }
	}
	b := &Batcher[T, R]{run: run, opts: opts.WithDefaults(), limit: opts.Limit(), runners: runners, alive: runners.Count}
	if runners.Count == 1 {
		b.alive = max(1, runners.InFlight)
	}
	b.stopped = make(chan struct{})
	b.work.L = &b.mu
	b.queue.Quantum = b.opts.Quantum
	b.requests.New = func() any { return newRequest[T, R]() }
	for range b.alive {
		go b.loop()
	}
	return b
}

// Do has all of a sender's pairs run and returns nil once each holds its result. Otherwise the
// results are undefined, pairs that are not running yet never will be, and the error is
//
//   - ctx's, when ctx has ended or would end before all is done;
//   - a [*FullError] when too much waits, or a [*LateError] when the deadline is too near for what
//     waits;
//   - an [*ItemError] when one of the pairs cannot be run;
//   - [ErrClosed] when the Batcher is closed.
//
// Only after nil may the caller reuse the memory that the values refer to: after an error a run may
// still be reading it. The items themselves are the caller's again in either case.
func (b *Batcher[T, R]) Do(ctx context.Context, from fairqueue.Sender, items []Item[T, R]) error {
	if len(items) == 0 {
		return nil
	}
	t, err := b.Submit(ctx, from, items)
	if err != nil {
		return err
	}
	return t.Wait(ctx)
}

// Continue is [Batcher.Do] for further pairs of a request whose first ones were admitted for all of
// it. They are not refused for what waits, and their turn comes before that of the sender's other
// requests.
func (b *Batcher[T, R]) Continue(ctx context.Context, from fairqueue.Sender, items []Item[T, R]) error {
	if len(items) == 0 {
		return nil
	}
	t, err := b.submit(ctx, from, items, (*Batcher[T, R]).enqueueFirst)
	if err != nil {
		return err
	}
	return t.Wait(ctx)
}

// Ticket stands for pairs that wait to be run. Its [Ticket.Wait] must be called, once.
type Ticket[T, R any] struct {
	batcher *Batcher[T, R]
	req     *request[T, R]
}

// Submit is the first half of [Batcher.Do]: it queues one pair or more, or refuses them, and does
// not wait. It is for callers that choose between Batchers.
func (b *Batcher[T, R]) Submit(ctx context.Context, from fairqueue.Sender, items []Item[T, R]) (Ticket[T, R], error) {
	return b.submit(ctx, from, items, (*Batcher[T, R]).enqueue)
}

// enqueueFunc queues a request of a sender, or returns why it may not wait.
type enqueueFunc[T, R any] func(b *Batcher[T, R], from fairqueue.Sender, req *request[T, R]) error

func (b *Batcher[T, R]) submit(ctx context.Context, from fairqueue.Sender, items []Item[T, R], enqueue enqueueFunc[T, R]) (Ticket[T, R], error) {
	tokens, err := totalTokens(items)
	if err != nil {
		return Ticket[T, R]{}, err
	}
	if err := ctx.Err(); err != nil {
		return Ticket[T, R]{}, err
	}
	req := b.requests.Get().(*request[T, R])
	req.reset(ctx, items, tokens, *b.opts.LengthAware)
	if err := enqueue(b, from, req); err != nil {
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

// release returns a request that nothing refers to any more to the pool.
func (b *Batcher[T, R]) release(req *request[T, R]) {
	req.items, req.canceled = nil, nil
	b.requests.Put(req)
}

func totalTokens[T, R any](items []Item[T, R]) (int, error) {
	sum := 0
	for i := range items {
		n := items[i].Tokens
		if n < 1 || n > math.MaxInt-sum {
			return 0, &ItemError{Index: i, Err: fmt.Errorf("it has %d tokens; want at least 1, and a sum that fits an int", n)}
		}
		sum += n
	}
	return sum, nil
}
