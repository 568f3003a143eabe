package pipeline

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/batch"
	"github.com/crossrank/crossrank/internal/cache"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/pool"
	"github.com/crossrank/crossrank/internal/state"
)

// rounds is how often a request waits for what others have computed, and were not given, before it has all that it still
// lacks computed for itself. It bounds how long a pair that fails everybody is passed on from one to the next.
const rounds = 3

// shared is the memory of a request that shares scores with others.
type shared struct {
	keys      []byte
	ends      []int       // of each item's key in keys
	open      []int       // items without a score
	led       []int       // of those, the ones that this request has computed
	run       []pool.Item // they
	followed  []int       // and those that others have computed
	followees []*cache.Flight
}

// share has the items of a request computed, but for those whose scores are remembered or being computed already. An item
// that was computed has a run with items, one that somebody else had computed meanwhile has a run without, and one
// that was remembered has none.
func (p *Pipeline) share(ctx context.Context, s *scratch) error {
	if p.closed.Load() {
		return batch.ErrClosed
	}
	keys := s.encode()
	for round := 0; len(s.open) > 0; round++ {
		flights := make([]cache.Flight, len(s.open))
		weight, patience := p.weigh(s)
		if round == rounds {
			patience = -1
		}
		s.claim(p.scores, flights, keys, weight, patience)
		err := p.lead(ctx, s)
		// Before the request waits for others, for one of those may wait for it, or be itself: a score that is not finite is
		// not settled.
		p.scores.Abandon(flights)
		if err != nil {
			return err
		}
		if err := s.follow(ctx); err != nil {
			return err
		}
	}
	return nil
}

// forget empties the memory for the next request, unless it is too large to be kept.
func (s *shared) forget() {
	if cap(s.keys) > 4*maxKept || cap(s.ends) > maxKept {
		*s = shared{}
	}
	clear(s.run)
	clear(s.followees)
	s.run, s.followees = s.run[:0], s.followees[:0]
}

// encode makes the keys of all items, which are all open.
func (s *scratch) encode() string {
	s.keys, s.ends, s.open = s.keys[:0], s.ends[:0], s.open[:0]
	for i := range s.items {
		q := &s.items[i].Value
		s.keys = cache.AppendKey(s.keys, q.IDs, q.TypeBoundary)
		s.ends = append(s.ends, len(s.keys))
		s.open = append(s.open, i)
	}
	return string(s.keys) // one allocation for all
}

// weigh gives the weight of what is open of a request and the most of what it waits for: not for a less urgent request,
// and not for one that is larger than itself and than a batch, behind whose other pairs it would wait its turn.
func (p *Pipeline) weigh(s *scratch) (weight, patience int64) {
	tokens := 0
	for _, i := range s.open {
		tokens += s.items[i].Cost
	}
	class := int64(s.from.Class) << 48
	return class + int64(tokens), class + int64(max(tokens, p.batch))
}

// claim sorts the open items into those that are remembered, led and followed.
func (s *scratch) claim(t *cache.Table, flights []cache.Flight, keys string, weight, patience int64) {
	s.led, s.run, s.followed, s.followees = s.led[:0], s.run[:0], s.followed[:0], s.followees[:0]
	for k, i := range s.open {
		from := 0
		if i > 0 {
			from = s.ends[i-1]
		}
		item := &s.items[i]
		flights[k].Weight = weight
		score, other, role := t.Claim(&flights[k], keys[from:s.ends[i]], patience)
		switch role {
		case cache.Hit:
			item.Result, item.Run = score, nil
		case cache.Follow:
			s.followed, s.followees = append(s.followed, i), append(s.followees, other)
		case cache.Lead:
			s.led, s.run = append(s.led, i), append(s.run, *item)
		}
	}
	s.open = s.open[:0]
}

// lead has the items computed that fell to this request.
func (p *Pipeline) lead(ctx context.Context, s *scratch) error {
	if len(s.run) == 0 {
		return nil
	}
	err := p.pool.Do(ctx, s.from, s.run)
	var item *batch.ItemError
	if errors.As(err, &item) && item.Index < len(s.led) {
		return &batch.ItemError{Index: s.led[item.Index], Err: item.Err}
	}
	for k, i := range s.led {
		s.items[i] = s.run[k]
	}
	return err
}

// follow waits for the items that others have computed. Those that were not given to it are open again.
func (s *scratch) follow(ctx context.Context) error {
	for k, f := range s.followees {
		landing, ok, err := f.Wait(ctx)
		if err != nil {
			return err
		}
		i := s.followed[k]
		if !ok {
			s.open = append(s.open, i)
			continue
		}
		s.items[i].Result = landing.Score
		s.items[i].Run = &batch.Run{Started: landing.Started, Ended: landing.Ended}
	}
	return nil
}

// account adds up what items that have been run cost, and when. What others had computed counts for the time since this
// request was admitted.
func account(resp *crossrank.Response, items []pool.Item, admitted time.Time) {
	var first, last time.Time
	for i := range items {
		item := &items[i]
		run := item.Run
		if run == nil {
			resp.Usage.CachedTokens += item.Cost
			continue
		}
		started, ended := run.Started, run.Ended
		if run.Items == 0 {
			resp.Usage.CachedTokens += item.Cost
			started, ended = latest(started, admitted), latest(ended, admitted)
		} else {
			resp.Usage.Tokens += item.Cost
			resp.Usage.PaddedTokens += run.Longest
		}
		if first.IsZero() || started.Before(first) {
			first = started
		}
		last = latest(last, ended)
	}
	if !first.IsZero() {
		resp.Timing.Queue = first.Sub(admitted)
		resp.Timing.Compute = last.Sub(first)
	}
}

func latest(x, y time.Time) time.Time {
	if x.Before(y) {
		return y
	}
	return x
}

// settling is an engine that hands every score to all who wait for it, as soon as it is there: long before the last batch
// of the request that it was computed for, and even if that request's caller has left. Its pool calls it from one
// goroutine at a time.
type settling struct {
	next   pool.Engine
	scores *cache.Table // nil before the first request
	key    []byte
}

var _ pool.Engine = (*settling)(nil)

// Logits implements [pool.Engine].
func (e *settling) Logits(seqs []network.Sequence, out []float32) error {
	started := time.Now()
	if err := e.next.Logits(seqs, out); err != nil {
		return err
	}
	ended := time.Now()
	if e.scores == nil {
		return nil
	}
	for i, q := range seqs {
		if r := float64(out[i]); math.IsNaN(r) || math.IsInf(r, 0) {
			continue
		}
		e.key = cache.AppendKey(e.key[:0], q.IDs, q.TypeBoundary)
		e.scores.Settle(e.key, out[i], started, ended)
	}
	return nil
}

// Cache reports how scores are reused; all of it is 0 where none are.
func (p *Pipeline) Cache() state.Cache {
	if p.scores == nil {
		return state.Cache{}
	}
	return p.scores.Stats()
}
