package native

import (
	"errors"
	"sync"
	"sync/atomic"
)

// part is one worker's part of a pass that several workers compute together. The zero value is the
// whole pass.
//
// Workers split rows. Each computes its own rows through the linear layers, and waits for the
// others only around attention, where it reads their keys and values.
type part struct {
	index, count int      // which worker this is, and how many there are
	barrier      *barrier // the same for all
}

// of returns the worker's part of n rows, in multiples of unit.
func (p part) of(n, unit int) (low, high int) {
	if p.count <= 1 {
		return 0, n
	}
	units := (n + unit - 1) / unit
	each := (units + p.count - 1) / p.count * unit
	low = min(n, p.index*each)
	return low, min(n, low+each)
}

func (p part) wait() {
	if p.count > 1 {
		p.barrier.wait()
	}
}

// barrier lets a fixed number of workers wait for each other, again and again. On cores of their
// own they are a fraction of a layer apart, so a wait spins at first. Then it sleeps, which frees
// its core for a worker that has lost its own.
type barrier struct {
	workers int32
	arrived atomic.Int32
	round   atomic.Int32
	broken  atomic.Bool

	mu      sync.Mutex
	changed sync.Cond // round or broken
}

// errBroken is the panic of a wait at a broken barrier.
var errBroken = errors.New("another worker gave up")

func newBarrier(workers int) *barrier {
	b := &barrier{workers: int32(workers)}
	b.changed.L = &b.mu
	return b
}

// wait returns when all workers have called it. It panics with errBroken once the barrier is
// broken.
func (b *barrier) wait() {
	// About 200 µs, which is more than a wake-up takes. A worker that slept arrives late at the
	// next wait by the time of a wake-up; if the others stopped spinning before that, they would
	// sleep in turn, and so on to the end of the pass.
	const spins = 150_000
	round := b.round.Load()
	if b.arrived.Add(1) == b.workers {
		b.arrived.Store(0)
		b.change(func() { b.round.Add(1) })
		return
	}
	for range spins {
		if b.ended(round) {
			return
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for !b.ended(round) {
		b.changed.Wait()
	}
}

// ended reports whether a round has ended.
func (b *barrier) ended(round int32) bool {
	if b.broken.Load() {
		panic(errBroken)
	}
	return b.round.Load() != round
}

// change makes a change that sleeping workers wait for.
func (b *barrier) change(f func()) {
	b.mu.Lock()
	f()
	b.mu.Unlock()
	b.changed.Broadcast()
}

// breakUp makes all waits panic, now and until reset. A worker that cannot go on calls it, so that
// the others do not wait forever.
func (b *barrier) breakUp() { b.change(func() { b.broken.Store(true) }) }

// reset makes the barrier new. No worker may be using it.
func (b *barrier) reset() {
	b.arrived.Store(0)
	b.broken.Store(false)
}
