package experiment

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/dataset"
	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/stats"
)

// Logits gives the logit of every pair, from requests of batch pairs one after another.
func Logits(ctx context.Context, s crossrank.Scorer, pairs []crossrank.Pair, batch int) ([]float64, error) {
	scores := make([]float64, 0, len(pairs))
	for first := 0; first < len(pairs); first += batch {
		req := &crossrank.Request{Pairs: pairs[first:min(first+batch, len(pairs))], Raw: true}
		resp, err := s.Score(ctx, req)
		if err != nil {
			return nil, fmt.Errorf("pairs %d to %d: %w", first, first+len(req.Pairs)-1, err)
		}
		for _, score := range resp.Scores {
			scores = append(scores, float64(score))
		}
	}
	return scores, nil
}

// Agree compares two lists of the logits of pairs; against names the precision of the second.
func Agree(pairs []crossrank.Pair, got, want []float64, against string) *results.Agreement {
	a := &results.Agreement{Against: against, Pairs: len(pairs), StdDev: stats.StdDev(want)}
	for i := range want {
		e := math.Abs(got[i] - want[i])
		a.MaxAbsError = max(a.MaxAbsError, e)
		a.MeanAbsError += e / float64(len(want))
	}
	if r := stats.Spearman(got, want); !math.IsNaN(r) {
		a.RankCorrelation = &r
	}
	byQuery := map[string][]int{}
	for i, p := range pairs {
		byQuery[p.Query] = append(byQuery[p.Query], i)
	}
	a.Top1, a.Top10 = topShare(byQuery, got, want, 1), topShare(byQuery, got, want, 10)
	return a
}

func topShare(byQuery map[string][]int, got, want []float64, n int) results.TopAgreement {
	var top results.TopAgreement
	both := 0
	for _, places := range byQuery {
		if len(places) <= n {
			continue
		}
		top.Queries++
		wanted := highest(places, want, n)
		for _, i := range highest(places, got, n) {
			if slices.Contains(wanted, i) {
				both++
			}
		}
	}
	if top.Queries > 0 {
		top.Share = new(float64(both) / float64(n*top.Queries))
	}
	return top
}

// highest gives the n of places with the highest scores; of equal ones the first.
func highest(places []int, scores []float64, n int) []int {
	sorted := slices.Clone(places)
	slices.SortStableFunc(sorted, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	return sorted[:n]
}

// qualityAt is where rankings are cut: nDCG@10 and MRR@10.
const qualityAt = 10

// Task is a judged collection with the candidates that scores are to rank.
type Task struct {
	Collection *dataset.Collection
	Candidates []dataset.Candidates
	Most       int // candidates a query
	Pairs      []crossrank.Pair
}

// OpenTask reads the judged collection of a folder, and takes the n documents that BM25 ranks highest for each query.
func OpenTask(dir string, n int) (*Task, error) {
	c, err := dataset.LoadCollection(dir)
	if err != nil {
		return nil, err
	}
	t := &Task{Collection: c, Candidates: c.Candidates(n), Most: n}
	if len(t.Candidates) == 0 {
		return nil, fmt.Errorf("%s has no query with a relevant document: no judgment of 1 or more names one of its queries", dir)
	}
	t.Pairs = dataset.Pairs(t.Candidates)
	return t, nil
}

// Set is the task's pairs as data to be sent.
func (t *Task) Set() *dataset.Set {
	return &dataset.Set{Pairs: t.Pairs, Hash: t.Collection.Hash,
		Name: fmt.Sprintf("%s, the %d best by BM25 of each of %d queries", t.Collection.Name, t.Most, len(t.Candidates))}
}

// Judge tells how well scores, one for every pair of the task in order, rank its candidates.
func (t *Task) Judge(scores []float64) *results.Judged {
	j := &results.Judged{Collection: t.Collection.Name, Hash: t.Collection.Hash,
		Queries: len(t.Candidates), Candidates: t.Most, Pairs: len(t.Pairs)}
	n := float64(j.Queries)
	for _, c := range t.Candidates {
		var own []float64
		own, scores = scores[:len(c.Documents)], scores[len(c.Documents):]
		ranked := c.Ranked(own)
		j.NDCG10 += stats.NDCG(ranked, c.Judged, qualityAt) / n
		j.MRR10 += stats.ReciprocalRank(ranked, qualityAt) / n
		j.FirstNDCG += stats.NDCG(c.Grades, c.Judged, qualityAt) / n
		j.FirstMRR += stats.ReciprocalRank(c.Grades, qualityAt) / n
	}
	return j
}
