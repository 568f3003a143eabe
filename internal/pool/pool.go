// Package pool puts several instances of one model behind one, and chooses which of them computes what.
//
// An instance is an engine of its own, with cores of its own; the weights may be shared. All instances of a [Pool] compute
// the same scores, so that a choice is one of time alone. There are two ways to choose. With [FirstIdle] all work waits in
// one queue, and an instance that becomes free takes the next batch from it: no instance idles while anything waits, and a
// request of several batches is spread over all that are free. The other routings give every instance a queue of its own
// and send each request, whole, to one of them when it arrives: by turns ([RoundRobin]), to the one that has least to do
// ([LeastBusy]), or to the one that is expected to be done with it first ([SmartIdle]). Within its queue an instance is as
// work-conserving as package batch makes it, but it may idle while work waits for another; nothing moves from queue to
// queue. Those routings exist to be compared, and for engines that are better off with the requests that were given them.
//
// Whatever the routing, callers take turns in each queue, the bound on what may wait is one for all queues together, and an [Item] gets its own result:
// package batch sees to that, in each queue.
package pool

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/crossrank/crossrank/internal/batch"
	"github.com/crossrank/crossrank/internal/network"
)

// Engine computes. Logits writes one logit a sequence to out; it neither changes nor keeps what it is given. A Pool calls
// each of its engines from one goroutine at a time.
type Engine interface {
	Logits(seqs []network.Sequence, out []float32) error
}

// Item is one sequence to be computed. Its cost is its tokens.
type Item = batch.Item[network.Sequence, float32]

type batcher = batch.Batcher[network.Sequence, float32]

// Routing says how an instance is chosen.
type Routing string

const (
	FirstIdle  Routing = "first_idle"  // one queue: whichever instance is free takes the next batch
	RoundRobin Routing = "round_robin" // a request goes to each instance in turn
	LeastBusy  Routing = "least_busy"  // a request goes where the fewest pairs wait and run
	SmartIdle  Routing = "smart_idle"  // a request goes where it is expected to be done first, by tokens and measured speed
)

// Routings lists those that [New] takes; the first is the default.
var Routings = []Routing{FirstIdle, RoundRobin, LeastBusy, SmartIdle}

// Options configure a [Pool]. The zero value works.
type Options struct {
	Routing Routing // "" means FirstIdle

	// Batch is how batches are formed in each queue. Its Runners and Pace mean nothing: an instance runs one batch at a time,
	// and its speed is measured. Its MaxQueued and MaxAge bound what waits in all queues together.
	Batch batch.Options

	// Probe is computed twice by each instance before it is given work, and the second time is measured, so that its speed is known
	// from the start. It counts in no account. Empty means that nothing is known before the first batch.
	Probe []network.Sequence
}

// Pool runs sequences on its instances. It is safe for concurrent use. It does not own its engines: close those after it.
type Pool struct {
	routing   Routing
	bound     batch.Bound // with queues of their own; the one queue has its own
	instances []*instance
	shared    *batcher // the one queue of FirstIdle; nil with other routings

	idle chan *instance // with FirstIdle: those that run nothing

	mu     sync.Mutex // held while a request is routed and queued, so that the next one sees it there
	turn   int        // the instance to look at first
	closed bool
}

// New starts a Pool of one engine at least. End it with [Pool.Drain] or [Pool.Close].
func New(engines []Engine, opts Options) (*Pool, error) {
	if opts.Routing == "" {
		opts.Routing = FirstIdle
	}
	switch {
	case len(engines) == 0 || slices.Contains(engines, nil):
		return nil, errors.New("starting a pool: it needs one engine at least, and all that it is given")
	case !slices.Contains(Routings, opts.Routing):
		return nil, fmt.Errorf("starting a pool: there is no routing %q; use one of %v", opts.Routing, Routings)
	}
	p := &Pool{routing: opts.Routing, idle: make(chan *instance, len(engines))}
	for i, e := range engines {
		in := &instance{engine: e}
		if err := in.probe(opts.Probe); err != nil {
			return nil, fmt.Errorf("starting a pool: computing a first batch on instance %d: %w", i, err)
		}
		p.instances = append(p.instances, in)
	}
	if p.routing == FirstIdle {
		for _, in := range p.instances {
			p.idle <- in
		}
		opts.Batch.Runners, opts.Batch.Pace = len(engines), p.pace
		p.shared = batch.New(p.runOnIdle, opts.Batch)
		return p, nil
	}
	p.bound = batch.Bound{Max: opts.Batch.MaxQueued, MaxAge: opts.Batch.MaxAge}
	opts.Batch.Runners, opts.Batch.MaxQueued, opts.Batch.MaxAge = 1, 0, 0
	for _, in := range p.instances {
		opts.Batch.Pace = in.speed.rate
		in.queue = batch.New(in.run, opts.Batch)
	}
	return p, nil
}

// Do has all of a sender's items computed. It is [batch.Batcher.Do], with that method's errors and its rules for the memory of items.
func (p *Pool) Do(ctx context.Context, from batch.Sender, items []Item) error {
	switch {
	case len(items) == 0:
		return nil
	case p.shared != nil:
		return p.shared.Do(ctx, from, items)
	}
	ticket, err := p.submit(ctx, from, items)
	if err != nil {
		return err
	}
	return ticket.Wait(ctx)
}

// Check is [batch.Batcher.Check], with that method's errors. With queues of their own it leaves deadlines to Do.
func (p *Pool) Check(ctx context.Context, from batch.Sender, about int) error {
	if p.shared != nil {
		return p.shared.Check(ctx, from, about)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return batch.ErrClosed
	}
	_, total := p.loads()
	return p.admit(from, about, total)
}

// runOnIdle runs a batch of the shared queue. There are as many runners as instances, so one is idle.
func (p *Pool) runOnIdle(seqs []network.Sequence, out []float32) error {
	in := <-p.idle
	defer func() { p.idle <- in }()
	return in.run(seqs, out)
}

// queues are all that there are.
func (p *Pool) queues() []*batcher {
	if p.shared != nil {
		return []*batcher{p.shared}
	}
	qs := make([]*batcher, len(p.instances))
	for i, in := range p.instances {
		qs[i] = in.queue
	}
	return qs
}

// Drain refuses new work, lets what waits be run, and returns when the instances are at rest. If ctx ends first, what
// still waits fails with [batch.ErrClosed], and the error is ctx's.
func (p *Pool) Drain(ctx context.Context) error {
	return p.end(func(q *batcher) error { return q.Drain(ctx) })
}

// Close refuses new work, fails what waits with [batch.ErrClosed], and returns when the instances are at rest. It may be
// called more than once.
func (p *Pool) Close() {
	// A queue has no error to give when it is closed, only when it is drained.
	_ = p.end(func(q *batcher) error { q.Close(); return nil })
}

// end ends all queues at once, and returns the first error of any.
func (p *Pool) end(how func(*batcher) error) error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	errs := make([]error, len(p.instances))
	var ending sync.WaitGroup
	for i, q := range p.queues() {
		ending.Go(func() { errs[i] = how(q) })
	}
	ending.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
