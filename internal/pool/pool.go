// Package pool runs several instances of one model as one engine, and routes work among them.
//
// An instance is an engine with its own cores; instances may share the weights. All instances of
// a [Pool] compute the same scores, so routing affects only time, never a score.
//
// With [FirstIdle] all work waits in one queue, and an instance that becomes free takes the next
// batch from it. No instance idles while anything waits, and a request of several batches is spread
// over all instances that are free.
//
// The other routings give each instance its own queue, and send each request, whole, to one of
// them when it arrives: in turn ([RoundRobin]), to the one that has the fewest pairs ([LeastBusy]),
// or to the one that should finish it first ([SmartIdle]). With these an instance may idle while
// work waits for another, since nothing moves from queue to queue. They exist for comparison,
// and for engines that are faster with whole requests.
//
// With every routing callers take turns in each queue, one limit bounds what waits in all queues
// together, and each [Item] gets its own result: see package batch.
package pool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/crossrank/crossrank/internal/batch"
	"github.com/crossrank/crossrank/internal/fairqueue"
	"github.com/crossrank/crossrank/internal/network"
)

// Engine computes logits. Logits writes one per sequence to out; it neither changes nor keeps its
// arguments. A Pool calls each of its engines from one goroutine at a time, or from
// [Options.InFlight].
type Engine interface {
	Logits(seqs []network.Sequence, out []float32) error
}

// Item is one sequence to be computed.
type Item = batch.Item[network.Sequence, float32]

type batcher = batch.Batcher[network.Sequence, float32]

// Routing says how an instance is chosen.
type Routing string

const (
	FirstIdle  Routing = "first_idle"  // one queue: the first free instance takes the next batch
	RoundRobin Routing = "round_robin" // a request goes to each instance in turn
	LeastBusy  Routing = "least_busy"  // a request goes where the fewest pairs wait and run
	SmartIdle  Routing = "smart_idle"  // a request goes where it should be finished first, by tokens and measured speed
)

// Routings lists those that [New] takes; the first is the default.
var Routings = []Routing{FirstIdle, RoundRobin, LeastBusy, SmartIdle}

// Options configure a [Pool]. The zero value works.
type Options struct {
	// Options say how batches are formed in each queue, and how much may wait in all queues
	// together.
	batch.Options

	Routing Routing // "" means FirstIdle

	// InFlight is how many batches an engine may be given at once; 0 means 1. More are for an engine
	// that computes one after another and prepares the next one meanwhile, and must be called from
	// several goroutines. Engines that share a queue have one each.
	InFlight int

	// Probe is a batch that each instance computes before it is given work, so that its speed is
	// known from the start. It is counted nowhere. Empty means that no speed is known before the
	// first batch.
	Probe []network.Sequence
}

// Pool runs sequences on its instances. It is safe for concurrent use. It does not own its engines:
// close those after it.
type Pool struct {
	routing   Routing
	limit     batch.AdmissionLimit // of all queues together; the one queue of FirstIdle has its own
	instances []*instance
	shared    *batcher // the queue of FirstIdle; nil with other routings

	idle chan *instance // with FirstIdle and several instances: those that run nothing

	mu     sync.Mutex // held while a request is routed and queued, so that the next one sees it there
	turn   int        // the instance to look at first
	closed bool
}

// New starts a Pool of at least one engine. End it with [Pool.Drain] or [Pool.Close].
func New(engines []Engine, opts Options) (*Pool, error) {
	if opts.Routing == "" {
		opts.Routing = FirstIdle
	}
	switch {
	case len(engines) == 0 || slices.Contains(engines, nil):
		return nil, errors.New("starting a pool: it has no engine, or a nil one; give it at least one")
	case !slices.Contains(Routings, opts.Routing):
		return nil, fmt.Errorf("starting a pool: routing %q does not exist; use one of %v", opts.Routing, Routings)
	}
	p := &Pool{routing: opts.Routing}
	for i, e := range engines {
		in := &instance{engine: e}
		if err := in.probe(opts.Probe); err != nil {
			return nil, fmt.Errorf("starting a pool: computing a first batch on instance %d: %w", i, err)
		}
		p.instances = append(p.instances, in)
	}
	if p.routing == FirstIdle {
		p.share(opts)
		return p, nil
	}
	p.limit = opts.Limit()
	opts.MaxQueuedTokens, opts.MaxQueueAge = math.MaxInt, 0
	for _, in := range p.instances {
		in.queue = batch.New(in.run, opts.Options, batch.Runners{InFlight: opts.InFlight, Throughput: in.speed.rate})
	}
	return p, nil
}

// share makes the one queue of all instances.
func (p *Pool) share(opts Options) {
	runners := batch.Runners{Count: len(p.instances), InFlight: opts.InFlight, Throughput: p.throughput}
	if len(p.instances) == 1 {
		p.shared = batch.New(p.instances[0].run, opts.Options, runners)
		return
	}
	p.idle = make(chan *instance, len(p.instances))
	for _, in := range p.instances {
		p.idle <- in
	}
	p.shared = batch.New(p.runOnIdle, opts.Options, runners)
}

// Do has all of a sender's items computed. Its errors, and its rules for the memory of items, are
// those of [batch.Batcher.Do].
func (p *Pool) Do(ctx context.Context, from fairqueue.Sender, items []Item) error {
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

// Continue has further items of a sender's request computed, see [batch.Batcher.Continue].
func (p *Pool) Continue(ctx context.Context, from fairqueue.Sender, items []Item) error {
	if p.shared != nil {
		return p.shared.Continue(ctx, from, items)
	}
	p.mu.Lock()
	queues, _ := p.queueStates()
	in := p.instances[p.choose(queues, tokensOfItems(items))]
	p.mu.Unlock()
	return in.queue.Continue(ctx, from, items)
}

// Check is [batch.Batcher.Check]. With a queue for each instance it leaves deadlines to Do.
func (p *Pool) Check(ctx context.Context, from fairqueue.Sender, tokens int) error {
	if p.shared != nil {
		return p.shared.Check(ctx, from, tokens)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return batch.ErrClosed
	}
	_, total := p.queueStates()
	return p.admissionErr(from, tokens, total)
}

// runOnIdle runs a batch of the shared queue. There are as many runners as instances, so one is
// idle.
func (p *Pool) runOnIdle(seqs []network.Sequence, out []float32) error {
	in := <-p.idle
	defer func() { p.idle <- in }()
	return in.run(seqs, out)
}

// queues are those of all instances.
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

// Drain refuses new work, lets what waits be run, and returns when the instances are idle. If ctx
// ends first, what still waits fails with [batch.ErrClosed], and the error is ctx's.
func (p *Pool) Drain(ctx context.Context) error {
	return p.end(func(q *batcher) error { return q.Drain(ctx) })
}

// Close refuses new work, fails what waits with [batch.ErrClosed], and returns when the instances
// are idle. It may be called more than once.
func (p *Pool) Close() {
	// Closing a queue gives no error; only draining does.
	_ = p.end(func(q *batcher) error { q.Close(); return nil })
}

// end has all queues ended at once, and returns the first error.
func (p *Pool) end(endOne func(*batcher) error) error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	errs := make([]error, len(p.instances))
	var ending sync.WaitGroup
	for i, q := range p.queues() {
		ending.Go(func() { errs[i] = endOne(q) })
	}
	ending.Wait()
	return cmp.Or(errs...)
}
