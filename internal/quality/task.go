// Package quality measures how good scores are, beside how fast they come.
//
// Two questions have an answer here. How near are the scores of one precision to those of another:
// [Agree] compares two lists of logits of the same pairs, value by value and by how they rank. And
// how well do scores rank: a [Task] is a collection of documents with relevance judgments, whose
// candidates BM25 or a run chooses, and [Task.Rank] gives nDCG@10 and MRR@10 of their order by
// score.
//
// [Logits] gets the scores, from any [crossrank.Scorer], in requests of some size. Speed does not
// matter there and is not measured, so that requests can be cut as the scorer takes them
// ([ByQuery]). An [Evaluation] keeps every ranking and the speed of every request, for one scorer
// or for several that are compared.
package quality

import (
	"cmp"
	"context"
	"fmt"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/dataset"
	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/stats"
)

// cutoff is how many of the first ranks count: nDCG@10 and MRR@10.
const cutoff = 10

// Task is a judged collection with the candidates that scores are to rank.
type Task struct {
	Collection *dataset.Collection
	Candidates []dataset.Candidates
	Most       int // candidates a query
	Pairs      []crossrank.Pair
}

// OpenTask reads a judged collection. Its candidates are the n documents that its first stage ranks
// highest for each query.
func OpenTask(files dataset.Files, n int) (*Task, error) {
	c, err := dataset.LoadCollection(files, n)
	if err != nil {
		return nil, err
	}
	t := &Task{Collection: c, Candidates: c.Candidates(), Most: n}
	if len(t.Candidates) == 0 {
		return nil, fmt.Errorf("%s has no query with a relevant document: no judgment of 1 or more names one of its queries", cmp.Or(files.Dir, files.Judgments))
	}
	t.Pairs = dataset.Pairs(t.Candidates)
	return t, nil
}

// Set returns the task's pairs as data to be sent.
func (t *Task) Set() *dataset.Set {
	return &dataset.Set{Pairs: t.Pairs, Hash: t.Collection.Hash,
		Name: fmt.Sprintf("%s, the %d best by %s of each of %d queries", t.Collection.Name, t.Most, t.Collection.FirstStage(), len(t.Candidates))}
}

// Rank returns how well scores, one for every pair of the task in order, rank its candidates.
func (t *Task) Rank(scores []float64) *results.Judged {
	j := &results.Judged{Collection: t.Collection.Name, Hash: t.Collection.Hash,
		Queries: len(t.Candidates), Candidates: t.Most, Pairs: len(t.Pairs)}
	if t.Collection.Run != nil {
		j.FirstStage = t.Collection.FirstStage()
	}
	n := float64(j.Queries)
	for _, c := range t.Candidates {
		var own []float64
		own, scores = scores[:len(c.Documents)], scores[len(c.Documents):]
		ranked := c.Ranked(own)
		j.NDCG10 += stats.NDCG(ranked, c.Judged, cutoff) / n
		j.MRR10 += stats.ReciprocalRank(ranked, cutoff) / n
		j.FirstNDCG += stats.NDCG(c.Grades, c.Judged, cutoff) / n
		j.FirstMRR += stats.ReciprocalRank(c.Grades, cutoff) / n
	}
	return j
}

// Measure scores the candidates with s, in requests of batch pairs, and returns how well it ranks
// them.
func (t *Task) Measure(ctx context.Context, s crossrank.Scorer, batch int) (*results.Judged, error) {
	scores, err := Logits(ctx, s, t.Pairs, batch)
	if err != nil {
		return nil, fmt.Errorf("scoring the collection: %w", err)
	}
	return t.Rank(scores), nil
}

// Logits returns the logit of every pair, from requests of batch pairs one after another.
func Logits(ctx context.Context, s crossrank.Scorer, pairs []crossrank.Pair, batch int) ([]float64, error) {
	scores := make([]float64, 0, len(pairs))
	for first := 0; first < len(pairs); first += batch {
		req := &crossrank.Request{Pairs: pairs[first:min(first+batch, len(pairs))], Raw: true}
		resp, err := s.Score(ctx, req)
		if err != nil {
			return nil, fmt.Errorf("pairs %d to %d: %w", first, first+len(req.Pairs)-1, err)
		}
		if len(resp.Scores) != len(req.Pairs) {
			return nil, fmt.Errorf("pairs %d to %d: %d scores came", first, first+len(req.Pairs)-1, len(resp.Scores))
		}
		for _, score := range resp.Scores {
			scores = append(scores, float64(score))
		}
	}
	return scores, nil
}
