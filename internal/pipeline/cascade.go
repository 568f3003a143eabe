package pipeline

import (
	"context"
	"errors"
	"math"
	"sync"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/batch"
	"github.com/crossrank/crossrank/internal/pool"
	"github.com/crossrank/crossrank/internal/state"
)

// cascade ranks in two stages, where the engines compute drafts: a request that needs only its n
// highest scores has all of its pairs drafted, and those that may be among the n computed in full.
//
// A draft costs a part of a full score. With so large a part of the pairs asked for that less is
// saved than the drafts cost, all are computed in full at once.
//
// A request is admitted for both stages, by the tokens of all drafts and of as many pairs as are
// usually computed in full. Its second stage is not refused, and is the next of its caller's work.
type cascade struct {
	errors errorBound // of drafts, measured when the pipeline started

	mu    sync.Mutex
	state state.Cascade
	asked int64 // scores that all requests needed: the sum of n
}

// minShare is how many times as many pairs as scores that are needed a request must have.
const minShare = 2

// maxStages bounds the stages of a request. In the last, all that may still be among the first is
// not chosen any more: everything is computed.
const maxStages = 5

// usually is how many pairs are computed in full for each score that is needed, until requests have
// shown it.
const usually = 2.0

// twoStages reports whether a request is ranked by drafts first.
func (p *Pipeline) twoStages(req *crossrank.Request) bool {
	return p.cascade != nil && p.mode != TokenizationOnly && req.TopN > 0 && minShare*req.TopN <= len(req.Pairs)
}

// rank computes the items of a request: all of them as drafts, and some again in full, which it
// adds.
func (p *Pipeline) rank(ctx context.Context, s *scratch, req *crossrank.Request) error {
	if !p.running.enter() {
		return batch.ErrClosed
	}
	defer p.running.leave()
	tokens := 0
	for i := range s.items {
		s.items[i].Value.Draft = true
		tokens += s.items[i].Tokens
	}
	full := p.cascade.expected(req.TopN, len(req.Pairs)) * float64(tokens)
	if err := p.pool.Check(ctx, s.from, tokens+int(full)); err != nil {
		return err
	}
	if err := p.compute(ctx, s, s.items, p.pool.Do); err != nil {
		return err
	}
	list := p.shortlist(s, req)
	stages := 1
	for next := list.next(); len(next) > 0; next = list.next() {
		if stages++; stages == maxStages {
			next = list.rest()
		}
		if err := p.computeInFull(ctx, s, next); err != nil {
			return err
		}
		for _, pair := range next {
			list.set(pair, s.logit(pair, req.Windows.Aggregate))
		}
	}
	p.cascade.count(req, list, stages)
	return nil
}

// shortlist starts to choose, by the drafts of all pairs.
func (p *Pipeline) shortlist(s *scratch, req *crossrank.Request) *shortlist {
	drafts := make([]float64, len(req.Pairs))
	s.full = s.full[:0]
	first := 0
	for i := range drafts {
		n := s.partsOf(i)
		drafts[i] = finite(aggregate(s.items[first:first+n], req.Windows.Aggregate))
		first += n
		s.full = append(s.full, -1)
	}
	list := newShortlist(drafts, req.TopN, p.cascade.errors)
	if !req.Raw && p.model.ScoreType == crossrank.Probability {
		list.activate = func(logit float64) float64 { return float64(crossrank.Sigmoid(float32(logit))) }
	}
	return list
}

// computeInFull adds the items of some pairs, in ascending order, once more and not as drafts.
func (p *Pipeline) computeInFull(ctx context.Context, s *scratch, pairs []int) error {
	start := len(s.items)
	first, at := 0, 0
	for i := range s.full {
		n := s.partsOf(i)
		if at < len(pairs) && pairs[at] == i {
			at++
			s.full[i] = len(s.items)
			for _, item := range s.items[first : first+n] {
				item.Value.Draft, item.Value.Shared, item.Run = false, 0, nil
				item.Tokens = item.Value.Tokens()
				s.items = append(s.items, item)
			}
		}
		first += n
	}
	added := s.items[start:]
	if p.model.SharesPrefixes {
		share(added)
	}
	err := p.compute(ctx, s, added, p.pool.Continue)
	if item, ok := errors.AsType[*batch.ItemError](err); ok {
		return &batch.ItemError{Index: s.draftOf(start + item.Index), Err: item.Err}
	}
	return err
}

// draftOf is the draft of an item that was added.
func (s *scratch) draftOf(item int) int {
	first := 0
	for i, full := range s.full {
		n := s.partsOf(i)
		if full >= 0 && item >= full && item < full+n {
			return first + item - full
		}
		first += n
	}
	return item
}

// logit is that of a pair which was computed in full; NaN if it is not finite.
func (s *scratch) logit(pair int, how crossrank.Aggregate) float64 {
	at := s.full[pair]
	return finite(aggregate(s.items[at:at+s.partsOf(pair)], how))
}

func finite(logit float32, ok bool) float64 {
	if !ok {
		return math.NaN()
	}
	return float64(logit)
}

// expected is the share of the pairs of a request that is usually computed in full.
func (c *cascade) expected(n, pairs int) float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	each := usually
	if c.asked > 0 {
		each = float64(c.state.Rescored) / float64(c.asked)
	}
	return min(1, each*float64(n)/float64(pairs))
}

// count adds a request that has been ranked.
func (c *cascade) count(req *crossrank.Request, list *shortlist, stages int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked += int64(req.TopN)
	c.state.Requests++
	c.state.Pairs += int64(len(req.Pairs))
	c.state.Rescored += int64(list.known)
	c.state.Stages += int64(stages)
	if list.widened() {
		c.state.Widened++
	}
}

// Cascade reports how requests were ranked in two stages; all of it is 0 where none are.
func (p *Pipeline) Cascade() state.Cascade {
	if p.cascade == nil {
		return state.Cascade{}
	}
	p.cascade.mu.Lock()
	defer p.cascade.mu.Unlock()
	s := p.cascade.state
	s.Bound = p.cascade.errors.most
	return s
}

// compute has items computed by do, or reuses the scores that are there.
func (p *Pipeline) compute(ctx context.Context, s *scratch, items []pool.Item, do doFunc) error {
	if p.scores == nil {
		return do(ctx, s.from, items)
	}
	return p.reuse(ctx, s, items, do)
}
