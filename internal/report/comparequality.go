package report

import (
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/crossrank/crossrank/internal/results"
)

// QualityRow is one figure of the quality of scores on both sides. Scores are not subject to chance: the same server gives the same
// ones, so that one value a side is enough.
type QualityRow struct {
	Config string  `json:"config"`
	Metric string  `json:"metric"`
	A      float64 `json:"a"`
	B      float64 `json:"b"`
	Worse  bool    `json:"worse"` // B lost more than is allowed
}

// compareQuality sets side by side what both sides measured of the same. Loss is what B may lose of each figure.
func compareQuality(a, b []*results.Results, loss float64) []QualityRow {
	var rows []QualityRow
	for _, qa := range qualitiesOf(a) {
		for _, qb := range qualitiesOf(b) {
			if !slices.Equal(qa.Set, qb.Set) {
				continue
			}
			name := strings.TrimPrefix(setWords(qb.Set, ""), ", ")
			if name == "" {
				name = qb.Quantization
				if qa.Quantization != qb.Quantization {
					name = qa.Quantization + " against " + qb.Quantization
				}
			}
			for _, m := range comparable(&qa, &qb) {
				rows = append(rows, QualityRow{name, m.name, m.a, m.b, m.b < m.a-loss})
			}
		}
	}
	return rows
}

// qualitiesOf gives what files say, without what several say alike.
func qualitiesOf(files []*results.Results) []results.Quality {
	var all []results.Quality
	for _, res := range files {
		for _, q := range res.Quality {
			q.Configuration = 0
			if !slices.ContainsFunc(all, func(old results.Quality) bool { return reflect.DeepEqual(old, q) }) {
				all = append(all, q)
			}
		}
	}
	return all
}

type qualityFigure struct {
	name string
	a, b float64
}

// comparable lists the figures that both have, of the same collection or the same reference. What is the reference of the other
// agrees with itself in all.
func comparable(a, b *results.Quality) []qualityFigure {
	var all []qualityFigure
	if x, y := a.Judged, b.Judged; x != nil && y != nil && x.Hash == y.Hash && x.Candidates == y.Candidates {
		all = append(all, qualityFigure{"nDCG@10", x.NDCG10, y.NDCG10}, qualityFigure{"MRR@10", x.MRR10, y.MRR10})
	}
	if b.Agreement == nil {
		return all
	}
	one := 1.0
	x, y := a.Agreement, b.Agreement
	if x == nil && a.Quantization == y.Against {
		x = &results.Agreement{Against: y.Against, RankCorrelation: &one, Top1: results.TopAgreement{Share: &one}, Top10: results.TopAgreement{Share: &one}}
	}
	if x == nil || x.Against != y.Against {
		return all
	}
	for _, f := range []struct {
		name string
		a, b *float64
	}{
		{"rank correlation with " + y.Against, x.RankCorrelation, y.RankCorrelation},
		{"same best as " + y.Against, x.Top1.Share, y.Top1.Share}, {"same of the 10 best as " + y.Against, x.Top10.Share, y.Top10.Share},
	} {
		if f.a != nil && f.b != nil {
			all = append(all, qualityFigure{f.name, *f.a, *f.b})
		}
	}
	return all
}

// WorseQuality tells whether B lost more of any figure of quality than is allowed.
func (c *Comparison) WorseQuality() bool {
	return slices.ContainsFunc(c.Quality, func(r QualityRow) bool { return r.Worse })
}

// qualityText writes the part of Text that is about quality.
func (c *Comparison) qualityText(w io.Writer) error {
	if len(c.Quality) == 0 {
		_, err := fmt.Fprintln(w, "quality: n/a, not measured of the same on both sides (experiment.quality)")
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "quality\tA\tB\tB against A\t")
	for _, r := range c.Quality {
		change := "~"
		switch {
		case r.Worse:
			change = fmt.Sprintf("%+.4f worse", r.B-r.A)
		case r.B > r.A+c.Loss:
			change = fmt.Sprintf("%+.4f better", r.B-r.A)
		}
		fmt.Fprintf(t, "  %s, %s\t%.4f\t%.4f\t%s\t\n", r.Config, r.Metric, r.A, r.B, change)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "Of quality, a loss of up to %g is let pass, whatever the speed.\n", c.Loss)
	return err
}

// unlike lists what differs between the sides besides what is compared, and what of how they were measured speaks against
// comparing them.
func unlike(a, b []*results.Results) []string {
	var why []string
	for _, what := range []struct {
		name string
		of   func(*results.Run) string
	}{
		{"data", func(r *results.Run) string { return r.Data.Name + " " + r.Data.Hash }},
		{"machine", func(r *results.Run) string { return fmt.Sprintf("%s, %d cores", r.Machine.CPU, r.Machine.Cores) }},
		{"weights", func(r *results.Run) string { return r.Model.Weights }},
		{"quantization", func(r *results.Run) string { return r.Model.Quantization }},
		{"version", func(r *results.Run) string { return r.Version }},
	} {
		values := func(files []*results.Results) string {
			var all []string
			for _, res := range files {
				if v := what.of(&res.Run); !slices.Contains(all, v) {
					all = append(all, v)
				}
			}
			return strings.Join(all, "; ")
		}
		if x, y := values(a), values(b); x != y {
			why = append(why, fmt.Sprintf("the %s differs: A has %s, B %s", what.name, x, y))
		}
	}
	if apart(a, b) || apart(b, a) {
		why = append(why, "one side was measured wholly before the other, so that a drift of the machine counts as a difference; measure them in turns (A B B A)")
	}
	return why
}

// apart tells whether all of a ended before any of b began.
func apart(a, b []*results.Results) bool {
	var last, first time.Time
	for _, res := range a {
		for _, m := range res.Configurations {
			if m.End != nil && m.End.Began.After(last) {
				last = m.End.Began
			}
		}
	}
	for _, res := range b {
		for _, m := range res.Configurations {
			if m.End != nil && (first.IsZero() || m.End.Began.Before(first)) {
				first = m.End.Began
			}
		}
	}
	return !last.IsZero() && !first.IsZero() && last.Before(first)
}
