package pool

import (
	"cmp"
	"fmt"
	"sync"
	"time"

	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/state"
)

// instance is one engine, and what it has done.
type instance struct {
	engine Engine
	queue  *batcher // its own; nil with FirstIdle
	speed  meter

	mu       sync.Mutex     // guards everything below
	done     state.Instance // but for what waits, and the current batch's part of Busy
	inFlight int            // batches given to the engine
	started  time.Time      // of the current batch: when it was given to the engine, or the one before it ended
}

// longProbe is how long one sequence of a probe takes on an engine that needs no second look.
const longProbe = 20 * time.Millisecond

// probe measures the speed of an instance that has no work yet. It computes one of the sequences,
// since at first caches are cold and memory is not mapped yet, and then measures all of them. On a
// large model the first one takes so long that this matters little, and all take several times as
// long: there it is the measurement.
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
	measure := func(part []network.Sequence) (took time.Duration, err error) {
		started := time.Now()
		err = in.engine.Logits(part, out)
		return time.Since(started), err
	}
	measured := seqs[:1]
	took, err := measure(measured)
	if err == nil && took < longProbe {
		measured = seqs
		took, err = measure(measured)
	}
	if err != nil {
		return err
	}
	in.speed.observe(tokensOf(measured), took)
	return nil
}

func tokensOf(seqs []network.Sequence) int {
	tokens := 0
	for i := range seqs {
		tokens += seqs[i].Tokens()
	}
	return tokens
}

// run computes one batch and counts it.
func (in *instance) run(seqs []network.Sequence, out []float32) error {
	tokens := tokensOf(seqs)
	in.begin(len(seqs), tokens)
	ok := false
	defer func() { in.end(len(seqs), tokens, ok) }() // also when the engine panics, which package batch makes an error
	if err := in.engine.Logits(seqs, out); err != nil {
		return err
	}
	ok = true
	return nil
}

func (in *instance) begin(pairs, tokens int) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.inFlight == 0 {
		in.started = time.Now()
	}
	in.inFlight++
	in.done.RunningPairs += pairs
	in.done.RunningTokens += tokens
}

// end counts the end of a batch. Batches that overlap share the time: each has what passed since
// the one before it ended.
func (in *instance) end(pairs, tokens int, ok bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	now := time.Now()
	took := now.Sub(in.started)
	d := &in.done
	d.Busy += took
	if ok {
		d.Batches++
		d.Pairs += int64(pairs)
		d.Tokens += int64(tokens)
		in.speed.observe(tokens, took)
	} else {
		d.Failures++
	}
	d.RunningPairs -= pairs
	d.RunningTokens -= tokens
	in.inFlight--
	in.started = now
}

// timeToFinish is how many seconds the instance needs to finish a request of that many tokens and
// everything before it, at its measured speed, or at the usual one while it has none.
func (in *instance) timeToFinish(before state.Queue, tokens int, usual float64) float64 {
	return float64(before.Tokens+before.RunningTokens+tokens) / cmp.Or(in.speed.rate(), usual)
}

// report is what the instance has done and does now.
func (in *instance) report() state.Instance {
	var waiting state.Queue
	if in.queue != nil {
		waiting = in.queue.Queue()
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	s := in.done
	s.QueuedPairs, s.QueuedTokens = waiting.Pairs, waiting.Tokens
	s.Speed = in.speed.rate()
	if in.inFlight > 0 {
		s.Busy += time.Since(in.started)
	}
	return s
}
