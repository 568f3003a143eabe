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

	workers int32         // of the team; set while no worker waits, as spin is
	spin    time.Duration // of a wait before it sleeps
	lost    atomic.Int32  // waits that lasted longer than any worker needs that has a core
	mu      sync.Mutex
	changed sync.Cond // ended
	_       [linePair]byte
}

const (
	linePair = 128 // bytes of two cache lines, which processors fetch together
	broken   = -1
)

// errBroken is the panic of a wait at a broken barrier.
var errBroken = errors.New("another worker gave up")

func newBarrier() *barrier {
	b := new(barrier)
	b.changed.L = &b.mu
	return b
}

// reset makes the barrier new, for so many workers. No worker may be using it.
func (b *barrier) reset(workers int, spin time.Duration) {
	b.arrived.Store(0)
	b.ended.Store(0)
	b.lost.Store(0)
	b.workers, b.spin = int32(workers), spin
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
	started := time.Now()
	for time.Since(started) < b.spin {
		for range looks {
			if b.hasEnded(round) {
				return
			}
		}
	}
	b.sleep(round, started)
}

// looks is how often a wait looks for the end of its round before it looks at the clock.
const looks = 500

// sleep returns when a round has ended, for which the worker has waited since it started to.
func (b *barrier) sleep(round int32, started time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for !b.hasEnded(round) {
		b.changed.Wait()
	}
	if time.Since(started) > lostAfter {
		b.lost.Add(1)
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
