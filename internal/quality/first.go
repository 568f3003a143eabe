package quality

import (
	"context"
	"fmt"
	"slices"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/results"
)

// First ranks the pairs of each request with got and with want, and counts the requests whose first
// n are the same in the same order, with the same scores. Got is asked for no more than those.
// Against names the precision of want.
func First(ctx context.Context, got, want crossrank.Scorer, requests [][]crossrank.Pair, n int, against string) (*results.First, error) {
	f := &results.First{Against: against, N: n}
	for i, pairs := range requests {
		first, err := got.Score(ctx, &crossrank.Request{Pairs: pairs, Raw: true, TopN: n})
		if err != nil {
			return nil, fmt.Errorf("request %d: %w", i, err)
		}
		all, err := want.Score(ctx, &crossrank.Request{Pairs: pairs, Raw: true})
		if err != nil {
			return nil, fmt.Errorf("request %d in %s: %w", i, against, err)
		}
		f.Requests++
		if slices.Equal(crossrank.Order(first.Scores, n), crossrank.Order(all.Scores, n)) {
			f.Same++
		}
		for _, score := range first.Scores {
			f.Pairs++
			if score != crossrank.Omitted {
				f.Scored++
			}
		}
	}
	return f, nil
}

// Requests are the candidates of each query.
func (t *Task) Requests() (requests [][]crossrank.Pair) {
	rest := t.Pairs
	for _, c := range t.Candidates {
		requests = append(requests, rest[:len(c.Documents)])
		rest = rest[len(c.Documents):]
	}
	return requests
}

// RequestsOf cuts pairs into requests of batch pairs; with oneQuery all of a request have the query
// of the first.
func RequestsOf(pairs []crossrank.Pair, batch int, oneQuery bool) (requests [][]crossrank.Pair) {
	for part := range slices.Chunk(pairs, batch) {
		if oneQuery {
			part = slices.Clone(part)
			for i := range part {
				part[i].Query = part[0].Query
			}
		}
		requests = append(requests, part)
	}
	return requests
}
