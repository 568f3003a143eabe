package scoring

import (
	"fmt"
	"slices"

	"github.com/crossrank/crossrank"
)

// scored is a pair with its score, or one that cannot be read.
type scored struct {
	pair
	score float32
}

// ranking is the rows of one query, until the last one is there.
type ranking struct {
	query string
	rows  []scored
	after place
}

// maxRanked bounds the rows of a query, and so the memory of a ranking.
const maxRanked = 100_000

// add adds a row to the output, if nothing is ranked; else to the rows of its query, and puts those
// of the query before it in the output.
func (r *run) add(s scored) error {
	if !r.opts.Rank {
		if err := r.put(s, 0); err != nil {
			return err
		}
		return r.advance(s.after)
	}
	k := &r.ranking
	if s.wrong == nil && len(k.rows) > 0 && s.Query != k.query {
		if err := r.emit(); err != nil {
			return err
		}
	}
	if s.wrong == nil {
		k.query = s.Query
	}
	if len(k.rows) == maxRanked {
		return s.row.Wrong(fmt.Errorf("its query has more than %d rows", maxRanked))
	}
	k.rows, k.after = append(k.rows, s), s.after
	return nil
}

// emit puts the rows of the current query in the output, the best first, and first those that
// cannot be read.
func (r *run) emit() error {
	k := &r.ranking
	if len(k.rows) == 0 {
		return nil
	}
	var ranked []scored
	for _, s := range k.rows {
		if s.wrong == nil {
			ranked = append(ranked, s)
		} else if err := r.put(s, 0); err != nil {
			return err
		}
	}
	scores := make([]float32, len(ranked))
	for i, s := range ranked {
		scores[i] = s.score
	}
	for i, best := range crossrank.Order(scores, r.opts.Top) {
		if err := r.put(ranked[best.Index], i+1); err != nil {
			return err
		}
	}
	k.rows = slices.Delete(k.rows, 0, len(k.rows))
	return r.advance(k.after)
}

// advance notes that the output has all rows before a place.
func (r *run) advance(next place) error {
	r.next = next
	if r.out.writer.Full() {
		return r.out.flush(next, true)
	}
	return nil
}
