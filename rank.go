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

// Pairs pairs one query with each of the documents, in their order: the Pairs of a [Request] whose
// scores [Order] makes a ranking.
func Pairs(query string, documents []string) []Pair {
	pairs := make([]Pair, len(documents))
	for i, d := range documents {
		pairs[i] = Pair{Query: query, Passage: d}
	}
	return pairs
}

// Rank scores every document against query and returns the topN best, best first; 0 means all of
// them. Documents with equal scores keep their order. The response has the scores in the documents'
// order; those of documents beyond the topN may be [Omitted].
//
// A ranking with other settings of a [Request], such as an instruction, takes the three steps that
// Rank takes: [Pairs], [Scorer].Score and [Order].
func Rank(ctx context.Context, s Scorer, query string, documents []string, topN int) ([]Ranked, *Response, error) {
	if topN < 0 {
		return nil, nil, Errorf(InvalidArgument, "top_n is %d; use 0 for all documents, or a positive number", topN)
	}
	resp, err := s.Score(ctx, &Request{Pairs: Pairs(query, documents), TopN: topN})
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
