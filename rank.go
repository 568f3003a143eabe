package crossrank

import (
	"cmp"
	"context"
	"slices"
)

// Ranked is one document of a ranking.
type Ranked struct {
	Index int // its index in the documents
	Score float32
}

// Rank scores every document against query and returns the topN best, best first; 0 means all of
// them. Documents with equal scores keep their order. The response has the scores in the documents'
// order; those of documents beyond the topN may be [Omitted].
func Rank(ctx context.Context, s Scorer, query string, documents []string, topN int) ([]Ranked, *Response, error) {
	if topN < 0 {
		return nil, nil, Errorf(InvalidArgument, "top_n is %d; use 0 for all documents, or a positive number", topN)
	}
	req := &Request{Pairs: make([]Pair, len(documents)), TopN: topN}
	for i, d := range documents {
		req.Pairs[i] = Pair{Query: query, Passage: d}
	}
	resp, err := s.Score(ctx, req)
	if err != nil {
		return nil, nil, err
	}
	return Order(resp.Scores, topN), resp, nil
}

// Order sorts scores into a ranking: best first, equal scores in their order, at most topN; 0 means
// all.
func Order(scores []float32, topN int) []Ranked {
	ranked := make([]Ranked, len(scores))
	for i, s := range scores {
		ranked[i] = Ranked{Index: i, Score: s}
	}
	slices.SortStableFunc(ranked, func(a, b Ranked) int { return cmp.Compare(b.Score, a.Score) })
	if topN > 0 && topN < len(ranked) {
		ranked = ranked[:topN]
	}
	return ranked
}
