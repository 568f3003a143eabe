package native

import (
	"errors"
	"sync"
	"sync/atomic"
)

// part is one worker's part of a forward pass that several share. The zero value is the whole of it.
//
// Workers split rows: each computes its own through the linear layers, and waits for the others only around attention, where
// it reads their keys and values.
type part struct {
	Index, Count int // this worker's place, and how many there are; all have the same barrier
	barrier      *barrier
}

// of returns the worker's part of n rows, in multiples of unit.
func (s part) of(n, unit int) (low, high int) {
	if s.Count <= 1 {
		return 0, n
	}
	units := (n + unit - 1) / unit
	each := (units + s.Count - 1) / s.Count * unit
	low = min(n, s.Index*each)
	return low, min(n, low+each)
}

func (s part) wait() {
	if s.Count > 1 {
		s.barrier.Wait()
	}
}

// barrier lets a fixed number of workers wait for each other, again and again. On cores of their own they are a fraction of a
// layer apart, so a wait spins at first; then it sleeps, which frees its core for the worker that has lost its own.
type barrier struct {
	workers int32
	arrived atomic.Int32
	round   atomic.Int32
	broken  atomic.Bool

	mu   sync.Mutex
	wake sync.Cond // of the sleepers, when round or broken changes
}

// errBroken is the panic of a wait at a broken barrier.
var errBroken = errors.New("another worker gave up")

// newBarrier makes a barrier for a number of workers.
func newBarrier(workers int) *barrier {
	b := &barrier{workers: int32(workers)}
	b.wake.L = &b.mu
	return b
}

// Wait returns when all workers have called it. It panics with [errBroken] once the barrier is broken.
func (b *barrier) Wait() {
	// About 200 µs, which is more than it takes to wake up: a worker who slept arrives that late at the next wait, and if the
	// others' patience ended by then they would sleep in turn, and so on to the end of the pass.
	const patience = 150_000
	round := b.round.Load()
	if b.arrived.Add(1) == b.workers {
		b.arrived.Store(0)
		b.tell(func() { b.round.Add(1) })
		return
	}
	for range patience {
		if b.over(round) {
			return
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for !b.over(round) {
		b.wake.Wait()
	}
}

// over says whether a round has ended.
func (b *barrier) over(round int32) bool {
	if b.broken.Load() {
		panic(errBroken)
	}
	return b.round.Load() != round
}

// tell makes a change that sleepers wait for.
func (b *barrier) tell(change func()) {
	b.mu.Lock()
	change()
	b.mu.Unlock()
	b.wake.Broadcast()
}

// Break makes all waits panic, now and until Reset: a worker that cannot go on calls it, lest others wait for ever.
func (b *barrier) Break() { b.tell(func() { b.broken.Store(true) }) }

// Reset makes the barrier new. No worker may be using it.
func (b *barrier) Reset() {
	b.arrived.Store(0)
	b.broken.Store(false)
}
