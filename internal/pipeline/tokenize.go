package pipeline

import (
	"context"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/batch"
	"github.com/crossrank/crossrank/internal/bert"
	"github.com/crossrank/crossrank/internal/tokenizer"
)

// minLength is the length of the shortest pair: [CLS] [SEP] [SEP].
const minLength = 3

// scratch is the memory of one request on its way through the pipeline.
type scratch struct {
	ids            []int32 // of all pairs, one after the other
	query, passage []int32 // of the pair at hand, without special tokens
	items          []batch.Item[bert.Sequence, float32]
	cut            int // tokens lost to truncation
}

// maxKept bounds the scratch that is kept for reuse, in token ids and in pairs, so that one giant request does not pin
// its memory for good.
const maxKept = 1 << 18

// release gives scratch that nothing refers to any more back to the pool.
func (p *Pipeline) release(s *scratch) {
	if cap(s.ids) > maxKept || cap(s.query) > maxKept || cap(s.passage) > maxKept || cap(s.items) > maxKept {
		return
	}
	clear(s.items) // they refer to runs
	s.ids, s.query, s.passage, s.items, s.cut = s.ids[:0], s.query[:0], s.passage[:0], s.items[:0], 0
	p.scratch.Put(s)
}

// check validates a request and returns the most tokens that a pair of it may have.
func (p *Pipeline) check(req *crossrank.Request) (limit int, err error) {
	switch {
	case req == nil || len(req.Pairs) == 0:
		return 0, crossrank.Errorf(crossrank.InvalidArgument, "the request has no pairs; send at least one")
	case req.Truncation > crossrank.TruncateNever:
		return 0, crossrank.Errorf(crossrank.InvalidArgument, "truncation %d is not one of right, left and never", req.Truncation)
	case req.MaxLength == 0 || req.MaxLength > p.model.MaxLength:
		return p.model.MaxLength, nil
	case req.MaxLength < minLength:
		return 0, crossrank.Errorf(crossrank.InvalidArgument,
			"max_length is %d; use 0 for the model's own maximum of %d, or at least %d, which special tokens fill alone",
			req.MaxLength, p.model.MaxLength, minLength)
	}
	return req.MaxLength, nil
}

// tokenize fills s with the items of a request, once one of the tokenizer's places is free.
func (p *Pipeline) tokenize(ctx context.Context, s *scratch, req *crossrank.Request, limit int) error {
	select {
	case p.workers <- struct{}{}:
	case <-ctx.Done():
		return left(ctx.Err())
	}
	defer func() { <-p.workers }()

	keep := tokenizer.KeepStart
	if req.Truncation == crossrank.TruncateLeft {
		keep = tokenizer.KeepEnd
	}
	for i, pair := range req.Pairs {
		if err := ctx.Err(); err != nil {
			return left(err)
		}
		if i == 0 || pair.Query != req.Pairs[i-1].Query {
			s.query = p.model.Tokenizer.Append(s.query[:0], pair.Query)
		}
		s.passage = p.model.Tokenizer.Append(s.passage[:0], pair.Passage)
		start := len(s.ids)
		var split, cut int
		s.ids, split, cut = p.model.Tokenizer.Join(s.ids, s.query, s.passage, limit, keep)
		tokens := len(s.ids) - start
		if cut > 0 && req.Truncation == crossrank.TruncateNever {
			return crossrank.Errorf(crossrank.InvalidArgument,
				"pair %d has %d tokens, more than the limit of %d; shorten it, or allow truncation", i, tokens+cut, limit)
		}
		s.cut += cut
		s.items = append(s.items, batch.Item[bert.Sequence, float32]{Value: bert.Sequence{Split: split}, Cost: tokens})
	}
	s.place()
	return nil
}

// place points the items at their ids, now that these will not move any more.
func (s *scratch) place() {
	start := 0
	for i := range s.items {
		end := start + s.items[i].Cost
		s.items[i].Value.IDs = s.ids[start:end:end]
		start = end
	}
}
