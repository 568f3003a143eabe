package pipeline

import (
	"context"
	"slices"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/fairqueue"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/pool"
	"github.com/crossrank/crossrank/internal/tokenizer"
)

// MinLength is the length of the shortest pair in tokens: [CLS] [SEP] [SEP].
const MinLength = 3

// scratch is the memory of one request on its way through the pipeline.
type scratch struct {
	from           fairqueue.Sender
	ids            []int32 // of all pairs, one after the other
	query, passage []int32 // of the pair at hand, without special tokens
	items          []pool.Item
	parts          []int // of each pair: how many items read it; empty while every pair has one
	cuts           []int // of each pair: tokens lost to truncation; empty while nothing was
	full           []int // of each pair: its first item that is no draft, or -1; empty where none is a draft
	reuse
}

// maxKept bounds the scratch that is kept for reuse, in token ids and in pairs, so that one giant
// request does not pin its memory for good.
const maxKept = 1 << 18

// release gives scratch that nothing refers to any more back to the pool.
func (p *Pipeline) release(s *scratch) {
	if cap(s.ids) > maxKept || cap(s.query) > maxKept || cap(s.passage) > maxKept || cap(s.items) > maxKept {
		return
	}
	clear(s.items) // they refer to runs
	s.ids, s.query, s.passage, s.items = s.ids[:0], s.query[:0], s.passage[:0], s.items[:0]
	s.parts, s.cuts, s.full = s.parts[:0], s.cuts[:0], s.full[:0]
	s.from = fairqueue.Sender{}
	s.resetReuse()
	p.scratch.Put(s)
}

// tokenize fills s with the items of a request, once a tokenizer worker is free.
func (p *Pipeline) tokenize(ctx context.Context, s *scratch, req *crossrank.Request, limit int) error {
	select {
	case p.workers <- struct{}{}:
	case <-ctx.Done():
		return contextErr(ctx.Err())
	}
	defer func() { <-p.workers }()

	keep := tokenizer.KeepStart
	if req.Truncation == crossrank.TruncateLeft {
		keep = tokenizer.KeepEnd
	}
	for i, pair := range req.Pairs {
		if err := ctx.Err(); err != nil {
			return contextErr(err)
		}
		if i == 0 || pair.Query != req.Pairs[i-1].Query {
			s.query = p.model.Prompt.AppendQuery(s.query[:0], p.model.Tokenizer, req.Instruction, pair.Query)
		}
		s.passage = p.model.Tokenizer.AppendSide(s.passage[:0], p.model.Prompt.Passage(pair.Passage))
		passage := keepOf(s.passage, req.MaxPassage, keep)
		cut := len(s.passage) - len(passage)
		if req.Windows.Aggregate == crossrank.NoWindows {
			cut += p.join(s, s.query, passage, limit, keep)
		} else {
			if err := p.checkWindows(i, s.query, passage, limit); err != nil {
				return err
			}
			cut += p.joinWindows(s, passage, limit, keep, req.Windows)
			if len(s.items) > maxWindows {
				return crossrank.Errorf(crossrank.TooLarge, "with pair %d the request has %d windows, more than the limit of %d; "+
					"ask for fewer windows per passage, or split the request", i, len(s.items), maxWindows)
			}
		}
		if cut > 0 && req.Truncation == crossrank.TruncateNever {
			return tooLong(i, len(s.query)+len(s.passage)+p.specials, cut)
		}
		s.noteCut(i, cut, len(req.Pairs))
	}
	s.setIDs()
	if p.model.SharesPrefixes {
		share(s.items)
	}
	return nil
}

// join adds the item of one pair, and returns how many tokens did not fit.
func (p *Pipeline) join(s *scratch, query, passage []int32, limit int, keep tokenizer.Keep) (cut int) {
	start, split := len(s.ids), 0
	s.ids, split, cut = p.model.Tokenizer.Join(s.ids, query, passage, limit, keep)
	s.items = append(s.items, pool.Item{
		Value:  network.Sequence{TypeBoundary: split},
		Tokens: len(s.ids) - start,
	})
	return cut
}

// tooLong refuses a pair of which not all is read, with truncation not allowed.
func tooLong(pair, tokens, cut int) error {
	return crossrank.Errorf(crossrank.InvalidArgument,
		"pair %d has %d tokens, more than the limit of %d; shorten it, or allow truncation", pair, tokens, tokens-cut)
}

// noteCut notes how many tokens truncation cut from pair i.
func (s *scratch) noteCut(i, cut, pairs int) {
	if cut > 0 && len(s.cuts) == 0 {
		s.cuts = append(s.cuts, make([]int, pairs)...)
	}
	if cut > 0 {
		s.cuts[i] = cut
	}
}

// keepOf is the end of ids that is kept of them, at most n tokens; all of them if n is 0.
func keepOf(ids []int32, n int, keep tokenizer.Keep) []int32 {
	switch {
	case n == 0 || n >= len(ids):
		return ids
	case keep == tokenizer.KeepEnd:
		return ids[len(ids)-n:]
	}
	return ids[:n]
}

// share leaves out of the cost of each item the tokens that it begins with as the one before it
// does.
func share(items []pool.Item) {
	for i := 1; i < len(items); i++ {
		before, item := &items[i-1].Value, &items[i]
		n := min(item.Value.TypeBoundary, len(item.Value.IDs)-1)
		if before.TypeBoundary == item.Value.TypeBoundary && n < len(before.IDs) && slices.Equal(before.IDs[:n], item.Value.IDs[:n]) {
			item.Value.Shared = n
			item.Tokens = item.Value.Tokens()
		}
	}
}

// setIDs points the items at their ids, now that these will not move any more.
func (s *scratch) setIDs() {
	start := 0
	for i := range s.items {
		end := start + s.items[i].Tokens
		s.items[i].Value.IDs = s.ids[start:end:end]
		start = end
	}
}
