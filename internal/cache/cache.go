// Package cache reuses scores, so that a sequence is not computed twice.
//
// The score of a sequence of tokens depends on that sequence alone, whatever batch it is computed
// in. So a [Table] can reuse it in two ways. It keeps computed scores, within a bound in bytes, and
// evicts the least recently used first. And it knows which scores are being computed: a second
// request for one of them waits for that result.
//
// A request that needs a score calls [Table.Claim], which has one of three outcomes:
//
//   - [Hit]: the score is there.
//   - [Follow]: another request is computing it; wait for its [Flight] with [Flight.Wait].
//   - [Lead]: this request computes it. Its own flight is visible to others until [Table.Publish]
//     brings the score or [Table.Abandon] gives it up.
//
// A request whose flight was abandoned asks again. So a failure stays with its own request, and no
// score depends on which request came first.
//
// Keys are whole sequences, not hashes of them (see [AppendKey]): two sequences that differ never
// share a score. A table holds the scores of one model in one precision.
//
// Note: one lock guards everything. It is held for the look-up of one key, some hundred
// nanoseconds, where computing a sequence takes a core about a millisecond; shards would only
// divide the bound on bytes. The order of use costs two pointers per entry. CLOCK would save
// them, but its search for a victim has no bound.
package cache

import (
	"sync"
	"time"

	"github.com/crossrank/crossrank/internal/state"
)

// Options configure a [Table]. With the zero value nothing is reused.
type Options struct {
	MaxBytes int64 // memory for scores, bookkeeping included; 0 means that none are kept
	Coalesce bool  // requests wait for scores that are being computed
}

// Table holds the scores of one model. It is safe for concurrent use. Make one with [New].
type Table struct {
	opts Options

	mu      sync.Mutex
	entries map[string]*entry
	recent  entry              // the ring of entries: next is the most recently used, prev the least
	flights map[string]*Flight // led, without a score yet
	state   state.Cache
}

// New makes an empty Table.
func New(opts Options) *Table {
	t := &Table{opts: opts, entries: map[string]*entry{}, flights: map[string]*Flight{}}
	t.recent.next, t.recent.prev = &t.recent, &t.recent
	return t
}

// Role is the outcome of a [Table.Claim].
type Role uint8

const (
	Lead   Role = iota // the caller computes the score
	Follow             // another request computes it
	Hit                // the score is there
)

// Claim asks for the score of a key. A [Hit] comes with the score. A [Follow] comes with a flight
// to wait for, whose cost is at most maxWait. A [Lead] comes with neither: from now on f is the
// flight of the key, unless there is one that costs more than maxWait. Before the call, f must be
// zero except for its cost. The leader must call [Table.Abandon] with f when the score is published
// or will never be.
func (t *Table) Claim(f *Flight, key string, maxWait int64) (score float32, other *Flight, role Role) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := t.entries[key]; e != nil {
		t.state.Hits++
		t.use(e)
		return e.score, nil, Hit
	}
	if other := t.flights[key]; other != nil && other.Cost <= maxWait {
		t.state.Coalesced++
		if other.done == nil {
			other.done = make(chan struct{})
		}
		return 0, other, Follow
	} else if other == nil && t.opts.Coalesce {
		f.key, f.led = key, true
		t.flights[key] = f
	}
	t.state.Misses++
	return 0, nil, Lead
}

// Publish brings the score of a key and the time in which it was computed. Every request
// that computed a score may call it: all of them have the same score.
func (t *Table) Publish(key []byte, score float32, started, ended time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if f := t.flights[string(key)]; f != nil {
		f.computed, f.ok = Computed{score, started, ended}, true
		t.end(f)
	}
	t.store(key, score)
}

// Abandon ends those flights that have no score yet; requests that wait for them must claim again.
// It does nothing to the others.
func (t *Table) Abandon(flights []Flight) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range flights {
		if flights[i].led {
			t.end(&flights[i])
		}
	}
}

// State reports how scores were reused.
func (t *Table) State() state.Cache {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.state
	s.Scores, s.MaxBytes = int64(len(t.entries)), t.opts.MaxBytes
	return s
}
