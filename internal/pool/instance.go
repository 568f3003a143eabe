package pool

import (
	"cmp"
	"fmt"
	"sync"
	"time"

	"github.com/crossrank/crossrank/internal/batch"
	"github.com/crossrank/crossrank/internal/network"
)

// instance is one engine and the account of its work.
type instance struct {
	engine Engine
	queue  *batcher // its own; nil with FirstIdle
	speed  meter

	mu      sync.Mutex // guards everything below
	state   State      // but for what waits, and the part of Busy that is not over
	started time.Time  // of the batch that runs; zero if none does
}

// State is the account of one instance at one moment.
type State struct {
	QueuedPairs, QueuedTokens   int // waiting for it alone; 0 with [FirstIdle], where all wait for any
	RunningPairs, RunningTokens int // in the batch that it computes

	// Since the start, and never falling. A batch that fails is run again pair by pair: each of those runs counts.
	Batches, Pairs, Tokens int64
	Failures               int64         // runs that ended with an error or a panic; not among the others
	Busy                   time.Duration // time spent in its engine, that of the batch that runs included

	Speed float64 // tokens a second while busy, of the last ten seconds or so; 0 if it has computed nothing
}

// probe measures the speed of an instance that has no work yet. The first time is not counted: caches are cold, and memory is
// not there yet.
func (in *instance) probe(seqs []network.Sequence) (err error) {
	if len(seqs) == 0 {
		return nil
	}
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	out := make([]float32, len(seqs))
	if err := in.engine.Logits(seqs, out); err != nil {
		return err
	}
	started := time.Now()
	if err := in.engine.Logits(seqs, out); err != nil {
		return err
	}
	in.speed.observe(tokensOf(seqs), time.Since(started))
	return nil
}

func tokensOf(seqs []network.Sequence) int {
	tokens := 0
	for i := range seqs {
		tokens += len(seqs[i].IDs)
	}
	return tokens
}

// run computes one batch and keeps the account of it.
func (in *instance) run(seqs []network.Sequence, out []float32) error {
	in.begin(len(seqs), tokensOf(seqs))
	done := false
	defer func() { in.end(done) }() // also when the engine panics, which package batch makes an error
	if err := in.engine.Logits(seqs, out); err != nil {
		return err
	}
	done = true
	return nil
}

func (in *instance) begin(pairs, tokens int) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.started = time.Now()
	in.state.RunningPairs, in.state.RunningTokens = pairs, tokens
}

func (in *instance) end(done bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	took := time.Since(in.started)
	s := &in.state
	s.Busy += took
	if done {
		s.Batches++
		s.Pairs += int64(s.RunningPairs)
		s.Tokens += int64(s.RunningTokens)
		in.speed.observe(s.RunningTokens, took)
	} else {
		s.Failures++
	}
	s.RunningPairs, s.RunningTokens, in.started = 0, 0, time.Time{}
}

// expect is when the instance would be done with a request of that cost, from now, in seconds: with what waits and runs
// before it, at its measured speed, or at the usual one while it has none.
func (in *instance) expect(load batch.Stats, cost int, usual float64) float64 {
	return float64(load.Cost+load.RunningCost+cost) / cmp.Or(in.speed.rate(), usual)
}

// Instances gives the account of each instance, in the order of the engines.
func (p *Pool) Instances() []State {
	states := make([]State, len(p.instances))
	for i, in := range p.instances {
		states[i] = in.account()
	}
	return states
}

func (in *instance) account() State {
	var load batch.Stats
	if in.queue != nil {
		load = in.queue.Stats()
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	s := in.state
	s.QueuedPairs, s.QueuedTokens = load.Items, load.Cost
	s.Speed = in.speed.rate()
	if !in.started.IsZero() {
		s.Busy += time.Since(in.started)
	}
	return s
}

// Stats is what waits and runs at all instances together.
func (p *Pool) Stats() batch.Stats {
	if p.shared != nil {
		return p.shared.Stats()
	}
	_, total := p.loads()
	return total
}

// Totals counts the batches of all instances.
func (p *Pool) Totals() batch.Totals {
	var sum batch.Totals
	for _, q := range p.queues() {
		sum.Add(q.Totals())
	}
	return sum
}
