package quality

import (
	"context"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/dataset"
	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/stats"
)

const (
	shownRanks = 10  // documents from here on have no text in results
	shownRunes = 300 // of a document's text
)

// Evaluation reranks the candidates of a task with one scorer or with several, which take turns
// query by query, so that a machine that slows down does so for all of them. It keeps the speed of
// each, and gives every query to a function as soon as all have scored it.
type Evaluation struct {
	Task    *Task
	Scorers []crossrank.Scorer // one query per request; see [ByQuery]
	Batch   int                // pairs per request

	// Request is called with the record of each request, whose Configuration is the index of its
	// scorer. Its times are on a clock of that scorer, which stands while others score.
	Request func(results.Request) error
	Ranking func(results.Ranking) error
	// Progress is called after each query, and may be nil.
	Progress func(Progress)
}

// Progress says how far an evaluation is.
type Progress struct {
	Queries, AllQueries int
	Pairs, AllPairs     int // over all scorers
	Elapsed             time.Duration
}

// ranker is one scorer and how long it has worked.
type ranker struct {
	crossrank.Scorer
	index  int
	clock  time.Duration
	seq    int
	scores []float64 // of all queries so far
}

// Run ranks all queries, and returns how well each scorer did and how long it worked. On an error,
// such as the end of ctx, the queries that were given to Ranking are complete.
func (e *Evaluation) Run(ctx context.Context) ([]*results.Judged, error) {
	rankers := make([]*ranker, len(e.Scorers))
	for i, s := range e.Scorers {
		rankers[i] = &ranker{Scorer: s, index: i}
	}
	if err := e.warmUp(ctx, rankers); err != nil {
		return nil, err
	}
	p := Progress{AllQueries: len(e.Task.Candidates), AllPairs: len(e.Task.Pairs) * len(rankers)}
	began := time.Now()
	for n := range e.Task.Candidates {
		if err := e.rank(ctx, n, rankers); err != nil {
			return nil, fmt.Errorf("query %q: %w", e.Task.Candidates[n].Query.ID, err)
		}
		p.Queries++
		p.Pairs += len(e.Task.Candidates[n].Documents) * len(rankers)
		p.Elapsed = time.Since(began)
		if e.Progress != nil {
			e.Progress(p)
		}
	}
	var judged []*results.Judged
	for _, r := range rankers {
		judged = append(judged, e.Task.Rank(r.scores))
	}
	return judged, nil
}

// warmUp has every scorer score a first request, which is not recorded.
func (e *Evaluation) warmUp(ctx context.Context, rankers []*ranker) error {
	for n := range e.Task.Candidates {
		pairs := e.pairs(n)
		if len(pairs) == 0 {
			continue
		}
		for _, r := range rankers {
			if _, err := Logits(ctx, r, pairs[:min(e.Batch, len(pairs))], e.Batch); err != nil {
				return fmt.Errorf("warming up: %w", err)
			}
		}
		return nil
	}
	return nil
}

func (e *Evaluation) pairs(n int) []crossrank.Pair {
	return dataset.Pairs(e.Task.Candidates[n : n+1])
}

// rank has all scorers rank a query. Their order is that of the last query reversed: A B B A.
func (e *Evaluation) rank(ctx context.Context, n int, rankers []*ranker) error {
	c := &e.Task.Candidates[n]
	order := slices.Clone(rankers)
	if n%2 == 1 {
		slices.Reverse(order)
	}
	for _, r := range order {
		for pairs := range slices.Chunk(e.pairs(n), e.Batch) {
			rec, err := r.request(ctx, pairs)
			if err != nil && ctx.Err() != nil {
				return err // not the scorer's fault
			}
			if failed := e.Request(rec); failed != nil {
				return failed
			}
			if err != nil {
				return err
			}
		}
	}
	scores := make([][]float64, len(rankers))
	for i, r := range rankers {
		scores[i] = r.scores[len(r.scores)-len(c.Documents):]
	}
	return e.Ranking(ranking(c, scores))
}

// request scores pairs and notes how long that took.
func (r *ranker) request(ctx context.Context, pairs []crossrank.Pair) (results.Request, error) {
	rec := results.Request{Configuration: r.index, Seq: r.seq, Intended: r.clock, Started: r.clock, Pairs: len(pairs)}
	began := time.Now()
	resp, err := r.Score(ctx, &crossrank.Request{Pairs: pairs, Raw: true})
	r.clock += time.Since(began)
	r.seq++
	rec.Finished = r.clock
	if err == nil && len(resp.Scores) != len(pairs) {
		err = crossrank.Errorf(crossrank.Internal, "%d scores came for %d pairs", len(resp.Scores), len(pairs))
	}
	for i := 0; err == nil && i < len(pairs); i++ {
		s := float64(resp.Scores[i])
		if s-s != 0 {
			err = crossrank.Errorf(crossrank.Internal, "a score is %v, which has no place in a ranking", s)
		}
		r.scores = append(r.scores, s)
	}
	rec.Answer(resp, err)
	return rec, err
}

// ranking is the record of a query.
func ranking(c *dataset.Candidates, scores [][]float64) results.Ranking {
	r := results.Ranking{Query: c.Query.ID, Text: c.Query.Text, Judged: c.Judged, Documents: make([]results.RankedDocument, len(c.Documents))}
	for i, d := range c.Documents {
		one := results.RankedDocument{ID: d.ID, First: c.Scores[i]}
		if c.Known[i] {
			one.Grade = &c.Grades[i]
		}
		for _, s := range scores {
			one.Scores = append(one.Scores, float32(s[i]))
		}
		r.Documents[i] = one
	}
	show := func(i int) { r.Documents[i].Text = beginning(c.Documents[i].Text) }
	for i := range min(shownRanks, len(c.Documents)) {
		show(i)
	}
	for _, s := range scores {
		order := stats.RankOrder(s, func(i int) string { return c.Documents[i].ID })
		for _, i := range order[:min(shownRanks, len(order))] {
			show(i)
		}
	}
	return r
}

// beginning cuts a text to its first characters.
func beginning(text string) string {
	if utf8.RuneCountInString(text) <= shownRunes {
		return text
	}
	return string([]rune(text)[:shownRunes]) + "…"
}
