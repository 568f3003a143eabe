package main

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/stats"
	"github.com/crossrank/crossrank/local"
)

// agreement says how near the logits of a precision are to those of another, over all pairs.
type agreement struct {
	Against         string       `json:"against"` // the other precision
	Pairs           int          `json:"pairs"`
	MaxAbsError     float64      `json:"max_abs_error"`
	MeanAbsError    float64      `json:"mean_abs_error"`
	StdDev          float64      `json:"std_dev"`          // of the other's logits: the measure of their differences
	RankCorrelation *float64     `json:"rank_correlation"` // Spearman's, over all pairs; null if there is none
	Top1            topAgreement `json:"top_1"`
	Top10           topAgreement `json:"top_10"`
}

// topAgreement compares the best passages of each query that has more than that many.
type topAgreement struct {
	Queries int      `json:"queries"` // that have enough passages
	Share   *float64 `json:"share"`   // of the best ones that both have, the mean over the queries; null without queries
}

// compareWith scores pairs with s, and with the same model in another precision, and compares the logits.
func compareWith(ctx context.Context, s crossrank.Scorer, opts benchOptions, pairs []crossrank.Pair) (_ *agreement, err error) {
	other, err := local.Open(opts.model, local.Options{Threads: opts.threads, Quantization: opts.against})
	if err != nil {
		return nil, err
	}
	defer closeInto(&err, other)
	want, err := scoreAll(ctx, other, pairs, opts.batch)
	if err != nil {
		return nil, fmt.Errorf("scoring in %s: %w", opts.against, err)
	}
	got, err := scoreAll(ctx, s, pairs, opts.batch)
	if err != nil {
		return nil, err
	}
	return agree(pairs, got, want, opts.against), nil
}

// agree compares two lists of the pairs' logits.
func agree(pairs []crossrank.Pair, got, want []float64, against string) *agreement {
	a := &agreement{Against: against, Pairs: len(pairs), StdDev: stats.StdDev(want)}
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

func topShare(byQuery map[string][]int, got, want []float64, n int) topAgreement {
	var top topAgreement
	both := 0
	for _, places := range byQuery {
		if len(places) <= n {
			continue
		}
		top.Queries++
		wanted := best(places, want, n)
		for _, i := range best(places, got, n) {
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

// best gives the n of places with the highest scores; of equal ones the first.
func best(places []int, scores []float64, n int) []int {
	sorted := slices.Clone(places)
	slices.SortStableFunc(sorted, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	return sorted[:n]
}

// rows are what people read of it.
func (a *agreement) rows(row func(name, format string, args ...any)) {
	row("against "+a.Against, "logits differ by at most %.3g, by %.3g in the mean, where their standard deviation is %.3g",
		a.MaxAbsError, a.MeanAbsError, a.StdDev)
	row("", "rank correlation %s over %d pairs", orNA("%.5f", a.RankCorrelation), a.Pairs)
	row("", "same best passage: %s; of the 10 best the same: %s", a.Top1, a.Top10)
}

func (t topAgreement) String() string {
	if t.Share == nil {
		return "n/a"
	}
	return fmt.Sprintf("%.1f %% of %d queries", 100**t.Share, t.Queries)
}

func orNA(format string, x *float64) string {
	if x == nil {
		return "n/a"
	}
	return fmt.Sprintf(format, *x)
}
