package compare

import (
	"fmt"
	"io"
	"reflect"
	"slices"
	"text/tabwriter"

	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/summary"
)

// QualityRow is one figure of the quality of scores on both sides. The same server gives the same
// scores every time, so one value a side is enough.
type QualityRow struct {
	Configuration string  `json:"config"`
	Metric        string  `json:"metric"`
	A             float64 `json:"a"`
	B             float64 `json:"b"`
	Worse         bool    `json:"worse"` // B lost more than is allowed
}

// compareQuality sets side by side what both sides measured alike. Loss is what B may lose of each
// figure.
func compareQuality(a, b []*results.Results, loss float64) []QualityRow {
	var rows []QualityRow
	for _, qa := range qualitiesOf(a) {
		for _, qb := range qualitiesOf(b) {
			if !slices.Equal(qa.Set, qb.Set) {
				continue
			}
			for _, f := range sharedFigures(&qa, &qb) {
				rows = append(rows, QualityRow{qualityName(&qa, &qb), f.name, f.a, f.b, f.b < f.a-loss})
			}
		}
	}
	return rows
}

// qualityName says which configuration both are of.
func qualityName(a, b *results.Quality) string {
	switch name := summary.SetWords(b.Set); {
	case name != "":
		return name
	case a.Quantization != b.Quantization:
		return a.Quantization + " against " + b.Quantization
	}
	return b.Quantization
}

// qualitiesOf lists the quality of every server in the files, each once.
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

// sharedFigures lists the figures that both have, of the same collection or against the same
// reference. What is the reference of the other agrees with itself in all.
func sharedFigures(a, b *results.Quality) []qualityFigure {
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

// WorseQuality reports whether B lost more of any figure of quality than is allowed.
func (c *Comparison) WorseQuality() bool {
	return slices.ContainsFunc(c.Quality, func(r QualityRow) bool { return r.Worse })
}

// qualityText writes the part of Text that is about quality.
func (c *Comparison) qualityText(w io.Writer) error {
	if len(c.Quality) == 0 {
		_, err := fmt.Fprintln(w, "quality: n/a, not measured alike on both sides (experiment.quality)")
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "quality\tA\tB\tB against A\t")
	for _, r := range c.Quality {
		verdict := "~"
		switch {
		case r.Worse:
			verdict = fmt.Sprintf("%+.4f worse", r.B-r.A)
		case r.B > r.A+c.Loss:
			verdict = fmt.Sprintf("%+.4f better", r.B-r.A)
		}
		fmt.Fprintf(t, "  %s, %s\t%.4f\t%.4f\t%s\t\n", r.Configuration, r.Metric, r.A, r.B, verdict)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "A loss of quality of up to %g is allowed, whatever the speed.\n", c.Loss)
	return err
}
