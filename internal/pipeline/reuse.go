package pipeline

import (
	"context"
	"errors"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/batch"
	"github.com/crossrank/crossrank/internal/cache"
	"github.com/crossrank/crossrank/internal/fairqueue"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/pool"
	"github.com/crossrank/crossrank/internal/state"
)

// maxRounds is how often a request waits for scores that others compute, and in the end do not get,
// before it computes all that it still lacks itself. It bounds how long a pair that fails everybody
// is passed on from one request to the next.
const maxRounds = 3

// reuse is the memory of a request that reuses scores.
type reuse struct {
	reused    []pool.Item // of the request, all of them or some
	keys      []byte
	ends      []int       // of each item's key in keys
	open      []int       // items without a score
	led       []int       // of those, the ones that this request has computed
	run       []pool.Item // the led items
	followed  []int       // and the ones that other requests compute
	followees []*cache.Flight
}

// doFunc has items computed, as [pool.Pool.Do].
type doFunc func(ctx context.Context, from fairqueue.Sender, items []pool.Item) error

// reuse has items of a request computed by do, except for those whose scores are in the cache or
// already being computed. An item that was computed has a run with pairs, one that another request
// had computed meanwhile has a run without, and one from the cache has no run.
func (p *Pipeline) reuse(ctx context.Context, s *scratch, items []pool.Item, do doFunc) error {
	s.reused = items
	keys := s.encode()
	for round := 0; len(s.open) > 0; round++ {
		flights := make([]cache.Flight, len(s.open))
		cost, maxWait := p.costs(s)
		if round == maxRounds {
			maxWait = -1
		}
		s.claim(p.scores, flights, keys, cost, maxWait)
		err := s.lead(ctx, do)
		// Abandon comes before this request waits for others, because one of them may wait for it,
		// or be itself: a score that is not finite is not published.
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

// resetReuse empties the memory for the next request, unless it is too large to be kept.
func (r *reuse) resetReuse() {
	if cap(r.keys) > 4*maxKept || cap(r.ends) > maxKept {
		*r = reuse{}
	}
	clear(r.run)
	clear(r.followees)
	r.reused = nil
	r.run, r.followees = r.run[:0], r.followees[:0]
}

// encode makes the keys of all items, which are all open.
func (s *scratch) encode() string {
	s.keys, s.ends, s.open = s.keys[:0], s.ends[:0], s.open[:0]
	for i := range s.reused {
		s.keys = appendKey(s.keys, &s.reused[i].Value)
		s.ends = append(s.ends, len(s.keys))
		s.open = append(s.open, i)
	}
	return string(s.keys) // one allocation for all
}

// appendKey adds the key of a sequence to dst. A draft has another one than its sequence in full.
func appendKey(dst []byte, q *network.Sequence) []byte {
	boundary := q.TypeBoundary << 1
	if q.Draft {
		boundary |= 1
	}
	return cache.AppendKey(dst, q.IDs, boundary)
}

// costs gives the cost of what is open of a request, and the highest cost of a request that it
// waits for. It does not wait for a less urgent one, nor for one that is larger than itself and
// than a batch: it would wait behind that one's other pairs.
func (p *Pipeline) costs(s *scratch) (cost, maxWait int64) {
	tokens := 0
	for _, i := range s.open {
		tokens += s.reused[i].Tokens
	}
	priority := int64(s.from.Priority) << 48
	return priority + int64(tokens), priority + int64(max(tokens, p.batch))
}

// claim sorts the open items into those that are in the cache, led and followed.
func (s *scratch) claim(t *cache.Table, flights []cache.Flight, keys string, cost, maxWait int64) {
	s.led, s.run, s.followed, s.followees = s.led[:0], s.run[:0], s.followed[:0], s.followees[:0]
	for k, i := range s.open {
		from := 0
		if i > 0 {
			from = s.ends[i-1]
		}
		item := &s.reused[i]
		flights[k].Cost = cost
		score, other, role := t.Claim(&flights[k], keys[from:s.ends[i]], maxWait)
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
func (s *scratch) lead(ctx context.Context, do doFunc) error {
	if len(s.run) == 0 {
		return nil
	}
	err := do(ctx, s.from, s.run)
	var item *batch.ItemError
	if errors.As(err, &item) && item.Index < len(s.led) {
		return &batch.ItemError{Index: s.led[item.Index], Err: item.Err}
	}
	for k, i := range s.led {
		s.reused[i] = s.run[k]
	}
	return err
}

// follow waits for the items that other requests compute. Those that never were computed are open
// again.
func (s *scratch) follow(ctx context.Context) error {
	for k, f := range s.followees {
		computed, ok, err := f.Wait(ctx)
		if err != nil {
			return err
		}
		i := s.followed[k]
		if !ok {
			s.open = append(s.open, i)
			continue
		}
		s.reused[i].Result = computed.Score
		s.reused[i].Run = &batch.Run{Started: computed.Started, Ended: computed.Ended}
	}
	return nil
}

// addUsage adds up what items that have been run cost, and when. What other requests had computed
// counts only for the time since this one was admitted.
func addUsage(resp *crossrank.Response, items []pool.Item, admitted time.Time) {
	var first, last time.Time
	for i := range items {
		item := &items[i]
		run := item.Run
		if run == nil {
			resp.Usage.CachedTokens += len(item.Value.IDs)
			continue
		}
		started, ended := run.Started, run.Ended
		if run.Pairs == 0 {
			resp.Usage.CachedTokens += len(item.Value.IDs)
			started, ended = latest(started, admitted), latest(ended, admitted)
		} else {
			resp.Usage.Tokens += item.Tokens
			resp.Usage.CachedTokens += item.Value.Shared
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

// Cache reports how scores were reused; all of it is 0 where none are.
func (p *Pipeline) Cache() state.Cache {
	if p.scores == nil {
		return state.Cache{}
	}
	return p.scores.State()
}
