package main

import (
	"context"
	"fmt"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/experiment"
	"github.com/crossrank/crossrank/internal/quality"
	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/local"
)

// scoreQuality is how good the scores are.
type scoreQuality struct {
	agreement     *results.Agreement // with another precision, if that was asked for
	judged        *results.Judged    // of a collection, if there is one
	judgedAgainst *results.Judged    // of the other precision
	first         *results.First     // of rankings with those in the other precision, if only the first were asked for
}

// measureQuality compares the scores of s with those of the same model in another precision, and
// measures how well both rank the collection, as far as the options ask for that.
func measureQuality(ctx context.Context, s crossrank.Scorer, opts benchOptions, pairs []crossrank.Pair,
	task *quality.Task, bar *progress) (q scoreQuality, err error) {
	if task != nil {
		if q.judged, err = task.Measure(ctx, s, opts.load.batch); err != nil {
			return q, err
		}
	}
	if opts.against == "" {
		return q, nil
	}
	model, err := local.Open(opts.model, local.Options{Threads: opts.threads, Quantization: opts.against})
	if err != nil {
		return q, err
	}
	defer closeInto(&err, model)
	other := experiment.Instructed(model, opts.settings().Data)
	shown := &comparison{bar: bar}
	bar.begin("compared with " + opts.against)
	defer bar.end()
	if opts.topN > 0 {
		requests := quality.RequestsOf(pairs, opts.load.batch, opts.load.oneQuery)
		if task != nil {
			requests = task.Requests()
		}
		for _, pairs := range requests {
			shown.total += 2 * len(pairs)
		}
		q.first, err = quality.First(ctx, shown.of(s), shown.of(other), requests, opts.topN, opts.against)
		return q, err
	}
	shown.total = 2 * len(pairs)
	want, err := quality.Logits(ctx, shown.of(other), pairs, opts.load.batch)
	if err != nil {
		return q, fmt.Errorf("scoring in %s: %w", opts.against, err)
	}
	got, err := quality.Logits(ctx, shown.of(s), pairs, opts.load.batch)
	if err != nil {
		return q, err
	}
	q.agreement = quality.Agree(pairs, got, want, opts.against)
	if task != nil {
		q.judgedAgainst, err = task.Measure(ctx, other, opts.load.batch)
	}
	return q, err
}

// comparison shows how many pairs were scored in two precisions, one after another.
type comparison struct {
	bar         *progress
	done, total int // in both precisions
}

// of is a scorer whose pairs are counted.
func (c *comparison) of(s crossrank.Scorer) crossrank.Scorer { return comparedScorer{s, c} }

type comparedScorer struct {
	crossrank.Scorer
	shown *comparison
}

func (s comparedScorer) Score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	resp, err := s.Scorer.Score(ctx, req)
	if c := s.shown; err == nil {
		c.done += len(req.Pairs)
		c.bar.show(float64(c.done)/float64(c.total), fmt.Sprintf("%d/%d scores", c.done, c.total), c.done == c.total)
	}
	return resp, err
}

// rows adds the quality to the table.
func (q *scoreQuality) rows(row func(name, format string, args ...any), against string) {
	if a := q.agreement; a != nil {
		row("against "+a.Against, "logits differ by at most %.3g, by %.3g in the mean, with a standard deviation of %.3g",
			a.MaxAbsError, a.MeanAbsError, a.StdDev)
		row("", "rank correlation %s over %d pairs", orNA("%.5f", a.RankCorrelation), a.Pairs)
		row("", "same best passage: %s; of the 10 best the same: %s", topWords(a.Top1), topWords(a.Top10))
	}
	if f := q.first; f != nil {
		row("against "+f.Against, "the same first %d in %d of %d requests; %.1f %% of the pairs were scored, the others omitted",
			f.N, f.Same, f.Requests, 100*float64(f.Scored)/float64(f.Pairs))
	}
	if j := q.judged; j != nil {
		row("quality", "nDCG@10 %.4f, MRR@10 %.4f on %s: %d queries, the %d best by BM25 of each", j.NDCG10, j.MRR10, j.Collection, j.Queries, j.Candidates)
		if o := q.judgedAgainst; o != nil {
			row("", "nDCG@10 %.4f, MRR@10 %.4f in %s: %s", o.NDCG10, o.MRR10, against, betterOrWorse(j.NDCG10-o.NDCG10, j.MRR10-o.MRR10))
		}
		row("", "nDCG@10 %.4f, MRR@10 %.4f in the order of BM25", j.FirstNDCG, j.FirstMRR)
	}
}

// minQualityDifference is the smallest difference of nDCG or MRR that counts. Smaller ones depend
// on the choice of queries.
const minQualityDifference = 0.005

// betterOrWorse describes differences of nDCG and of MRR.
func betterOrWorse(ndcg, mrr float64) string {
	words := fmt.Sprintf("a difference of %+.4f and %+.4f", ndcg, mrr)
	switch {
	case min(ndcg, mrr) < -minQualityDifference:
		return words + ", worse"
	case max(ndcg, mrr) > minQualityDifference:
		return words + ", better"
	}
	return words + ", not relevant"
}

func topWords(t results.TopAgreement) string {
	if t.Share == nil {
		return "n/a"
	}
	return fmt.Sprintf("%.1f %% of %d queries", 100**t.Share, t.Queries)
}

func orNA[T any](format string, x *T) string {
	if x == nil {
		return "n/a"
	}
	return fmt.Sprintf(format, *x)
}
