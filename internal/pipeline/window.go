package pipeline

import (
	"cmp"
	"math"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/pool"
	"github.com/crossrank/crossrank/internal/tokenizer"
)

// maxWindows bounds the windows of a request: with a small limit of tokens nearly each token of a
// passage has its own window, which takes some hundred bytes.
const maxWindows = 1 << 16

// joinWindows adds one item a window of a passage, and returns how many tokens of the pair no item
// reads.
//
// With room tokens for a passage and windows that share overlap tokens, window k begins at k·(room
// − overlap); the last is the first that reaches the end. A passage that fits has one window, which
// is the pair as it would be without.
func (p *Pipeline) joinWindows(s *scratch, passage []int32, limit int, keep tokenizer.Keep, w crossrank.Windows) (cut int) {
	query := s.query
	room := limit - p.specials - len(query)
	if len(passage) > room {
		query = keepOf(query, max(1, (limit-p.specials)/2), keep)
		cut = len(s.query) - len(query)
		room = limit - p.specials - len(query)
	}
	if len(passage) <= room || room < 1 {
		cut += p.join(s, query, passage, limit, keep)
		s.parts = append(s.parts, 1)
		return cut
	}
	step := room - min(cmp.Or(w.Overlap, crossrank.DefaultOverlap), room/2)
	windows := 1 + (len(passage)-room+step-1)/step
	if most := cmp.Or(w.Max, crossrank.DefaultWindows); windows > most {
		windows = most
		read := keepOf(passage, room+(most-1)*step, keep)
		cut += len(passage) - len(read)
		passage = read
	}
	for k := range windows {
		from := k * step
		p.join(s, query, passage[from:min(from+room, len(passage))], limit, keep)
	}
	s.parts = append(s.parts, windows)
	return cut
}

// checkWindows refuses windows of a passage where the query would have to be cut for them and
// cannot be: what a decoder's prompt has after the query would go first.
func (p *Pipeline) checkWindows(pair int, query, passage []int32, limit int) error {
	room := limit - p.specials - len(query)
	if p.model.Prompt.AfterQuery+p.model.Prompt.Between == "" || len(passage) <= room || 2*len(query) <= limit-p.specials {
		return nil
	}
	return crossrank.Errorf(crossrank.InvalidArgument, "the query of pair %d and its prompt have %d tokens, which leave windows of the "+
		"passage less than half of the limit of %d; shorten the query, or ask for no windows", pair, len(query)+p.specials, limit)
}

// aggregate makes one logit of those of a pair's windows, if all of them are finite.
func aggregate(items []pool.Item, how crossrank.Aggregate) (logit float32, ok bool) {
	best, sum := items[0].Result, 0.0
	for i := range items {
		r := float64(items[i].Result)
		if math.IsNaN(r) || math.IsInf(r, 0) {
			return 0, false
		}
		best = max(best, items[i].Result)
		sum += r
	}
	if how == crossrank.MeanWindow {
		return float32(sum / float64(len(items))), true
	}
	return best, true
}

// partsOf is how many items read a pair.
func (s *scratch) partsOf(pair int) int {
	if len(s.parts) == 0 {
		return 1
	}
	return s.parts[pair]
}

// pairOf is the pair that an item belongs to.
func (s *scratch) pairOf(item int) int {
	for pair, n := range s.parts {
		if item < n {
			return pair
		}
		item -= n
	}
	return item // every pair has one
}
