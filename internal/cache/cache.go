// Package cache keeps scores that were computed, so that they need not be computed again.
//
// The score of a sequence of tokens is a function of that sequence alone, whatever batch it is computed in. So it can be
// shared in two ways. A [Table] remembers the scores of the past, up to a bound in bytes, and forgets first what was asked
// for least recently. And it knows what is being computed at this moment: whoever asks for the same meanwhile waits for
// that, instead of having it computed twice.
//
// One who needs a score asks with [Table.Claim], and is told one of three things: the score; or the [Flight] of somebody
// who is having it computed, to wait for with [Flight.Wait]; or that it falls to him. Then a flight of his own is known
// to all, until [Table.Settle] brings the score or [Table.Abandon] says that he will not. Whoever waited for a flight
// that was abandoned asks again. Nobody's failure becomes another's, and no score depends on who was first.
//
// Keys are whole sequences, not hashes of them (see [AppendKey]): two that differ never share a score. A table holds the
// scores of one model in one precision.
//
// Note: one lock guards all. It is held for the look-up of one key, some hundred nanoseconds, where computing a
// sequence takes a core about a millisecond; shards would divide the bound on bytes for nothing. The order of least
// recent use costs two pointers an entry, which CLOCK would save, but CLOCK looks for a victim for as long as it takes.
package cache

import (
	"sync"
	"time"

	"github.com/crossrank/crossrank/internal/state"
)

// Options configure a [Table]. The zero value does nothing useful: it neither remembers nor lets anybody wait.
type Options struct {
	MaxBytes int64 // of all that is remembered, what keeps it included; 0 means nothing is
	Coalesce bool  // those who ask for what is being computed wait for it
}

// Table holds the scores of one model. It is safe for concurrent use. Make one with [New].
type Table struct {
	opts Options

	mu      sync.Mutex
	entries map[string]*entry
	recent  entry              // the ring of entries: next is the most recently used, before the least
	flights map[string]*Flight // led, not settled
	stats   state.Cache
}

// New makes an empty Table.
func New(opts Options) *Table {
	t := &Table{opts: opts, entries: map[string]*entry{}, flights: map[string]*Flight{}}
	t.recent.next, t.recent.before = &t.recent, &t.recent
	return t
}

// Role is what a [Table.Claim] came to.
type Role uint8

const (
	Lead   Role = iota // to have the score computed falls to the one who asked
	Follow             // somebody else does
	Hit                // the score is there
)

// Claim asks for the score of a key. The role says what the rest means: a Hit has a score; a Follow has a flight to wait
// for, whose weight is patience at most; a Lead has neither, and f, which must be new but for its weight, is from now on the
// flight of the key, unless one too heavy to wait for is. Whoever leads must call [Table.Abandon] with f when the score is
// there or will never be.
func (t *Table) Claim(f *Flight, key string, patience int64) (score float32, other *Flight, role Role) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := t.entries[key]; e != nil {
		t.stats.Hits++
		t.use(e)
		return e.score, nil, Hit
	}
	if other := t.flights[key]; other != nil && other.Weight <= patience {
		t.stats.Coalesced++
		if other.done == nil {
			other.done = make(chan struct{})
		}
		return 0, other, Follow
	} else if other == nil && t.opts.Coalesce {
		f.key, f.led = key, true
		t.flights[key] = f
	}
	t.stats.Misses++
	return 0, nil, Lead
}

// Settle brings the score of a key and the time in which it was computed. It may be called by anybody who has a score,
// and more than once: all who compute a key come to the same.
func (t *Table) Settle(key []byte, score float32, started, ended time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if f := t.flights[string(key)]; f != nil {
		f.score, f.started, f.ended, f.ok = score, started, ended, true
		t.land(f)
	}
	t.remember(key, score)
}

// Abandon ends those of the flights that are still led: whoever waits for one is told to ask again. The others are left as
// they are.
func (t *Table) Abandon(flights []Flight) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range flights {
		if flights[i].led {
			t.land(&flights[i])
		}
	}
}

// Stats reports how the table has been used.
func (t *Table) Stats() state.Cache {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.stats
	s.Scores, s.MaxBytes = int64(len(t.entries)), t.opts.MaxBytes
	return s
}
