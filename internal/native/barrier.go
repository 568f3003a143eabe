package native

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// barrier lets the workers of a team wait for each other, again and again. On cores of their own
// they are a fraction of a layer apart, so a wait spins at first. Then it sleeps, which frees its
// core for a worker that has lost its own.
//
// Arriving workers write arrived while those before them read ended. Each word is on cache lines of
// its own, so that no arrival takes the line that the others look at.
type barrier struct {
	arrived atomic.Int32
	_       [linePair - 4]byte
	ended   atomic.Int32 // rounds; broken once it is broken
	_       [linePair - 4]byte

	workers int32 // of the team; set while no worker waits
	mu      sync.Mutex
	changed sync.Cond // ended
	_       [linePair]byte
}

const (
	linePair = 128 // bytes of two cache lines, which processors fetch together
	broken   = -1

	// spin is how long a wait spins. It is more than a wake-up takes: a worker that slept arrives
	// late at the next wait by the time of a wake-up, and if the others stopped spinning before
	// that, they would sleep in turn, and so on to the end of the pass. Yet a worker that spins
	// uses up time that the system gives it, and has less when it could compute.
	spin  = 100 * time.Microsecond
	looks = 500 // at the word, for each at the clock
)

// errBroken is the panic of a wait at a broken barrier.
var errBroken = errors.New("another worker gave up")

func newBarrier() *barrier {
	b := new(barrier)
	b.changed.L = &b.mu
	return b
}

// reset makes the barrier new, for so many workers. No worker may be using it.
func (b *barrier) reset(workers int) {
	b.arrived.Store(0)
	b.ended.Store(0)
	b.workers = int32(workers)
}

// wait returns when all workers have called it. It panics with errBroken once the barrier is
// broken.
func (b *barrier) wait() {
	round := b.ended.Load()
	if b.arrived.Add(1) == b.workers {
		b.arrived.Store(0)
		b.end(round + 1)
		return
	}
	for started := time.Now(); time.Since(started) < spin; {
		for range looks {
			if b.hasEnded(round) {
				return
			}
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for !b.hasEnded(round) {
		b.changed.Wait()
	}
}

// hasEnded reports whether a round has ended.
func (b *barrier) hasEnded(round int32) bool {
	now := b.ended.Load()
	if now == broken {
		panic(errBroken)
	}
	return now != round
}

// end ends the round that workers wait for, unless the barrier is broken.
func (b *barrier) end(next int32) {
	b.mu.Lock()
	if b.ended.Load() != broken {
		b.ended.Store(next)
	}
	b.mu.Unlock()
	b.changed.Broadcast()
}

// breakUp makes all waits panic, now and until reset. A worker that cannot go on calls it, so that
// the others do not wait forever.
func (b *barrier) breakUp() { b.end(broken) }
