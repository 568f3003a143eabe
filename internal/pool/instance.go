package pool

import (
	"cmp"
	"fmt"
	"sync"
	"time"

	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/state"
)

// instance is one engine and the account of its work.
type instance struct {
	engine Engine
	queue  *batcher // its own; nil with FirstIdle
	speed  meter

	mu      sync.Mutex     // guards everything below
	state   state.Instance // but for what waits, and the part of Busy that is not over
	started time.Time      // of the batch that runs; zero if none does
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
func (in *instance) expect(load state.Queue, cost int, usual float64) float64 {
	return float64(load.Tokens+load.RunningTokens+cost) / cmp.Or(in.speed.rate(), usual)
}

// Instances gives the account of each instance, in the order of the engines.
func (p *Pool) Instances() []state.Instance {
	states := make([]state.Instance, len(p.instances))
	for i, in := range p.instances {
		states[i] = in.account()
	}
	return states
}

func (in *instance) account() state.Instance {
	var load state.Queue
	if in.queue != nil {
		load = in.queue.Queue()
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	s := in.state
	s.QueuedPairs, s.QueuedTokens = load.Pairs, load.Tokens
	s.Speed = in.speed.rate()
	if !in.started.IsZero() {
		s.Busy += time.Since(in.started)
	}
	return s
}

// Queue reports what waits and runs at all instances together.
func (p *Pool) Queue() state.Queue {
	if p.shared != nil {
		return p.shared.Queue()
	}
	_, total := p.loads()
	return total
}

// Batches reports the batches of all instances together.
func (p *Pool) Batches() state.Batches {
	var sum state.Batches
	for _, q := range p.queues() {
		sum.Add(q.Batches())
	}
	return sum
}
