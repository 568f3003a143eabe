package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/crossrank/crossrank/internal/chart"
	"github.com/crossrank/crossrank/internal/stats"
	"github.com/crossrank/crossrank/internal/summary"
)

// bars shows the throughput of every configuration, with the range of its repeats.
func bars(sum *summary.Summary) chart.Chart {
	c := chart.Chart{File: "throughput", Title: "Throughput of every configuration", X: "pairs/s"}
	all := sum.Groups()
	if len(all) < 2 {
		return c
	}
	c.Note = leftOut(len(all), maxBars, "configurations")
	s := chart.Series{Name: "pairs/s"}
	for _, one := range all[:min(len(all), maxBars)] {
		xs := one.Values(summary.Throughput)
		c.Names = append(c.Names, one.Name)
		s.Y, s.Low, s.High = append(s.Y, stats.Median(xs)), append(s.Low, slices.Min(xs)), append(s.High, slices.Max(xs))
	}
	c.Series = []chart.Series{s}
	c.ShortenNames()
	return c
}

func leftOut(n, shown int, what string) string {
	if n <= shown {
		return ""
	}
	return fmt.Sprintf("The first %d of %d %s.", shown, n, what)
}

// axis is one of the two that every experiment has.
type axis struct {
	name  string
	value func(*summary.Configuration) int
}

var (
	batchAxis       = axis{"batch size", func(c *summary.Configuration) int { return c.Batch }}
	concurrencyAxis = axis{"concurrency", func(c *summary.Configuration) int { return c.Concurrency }}
)

// along shows the throughput along one of the two axes that every experiment has, a line for each
// value of all others. Where those are too many, there is a chart for every value of the other
// axis.
func along(sum *summary.Summary, x, other axis, file, title, name string) []chart.Chart {
	whole := chart.Chart{File: file, Title: title, X: name, Y: "pairs/s"}
	byOther := map[int]*chart.Chart{}
	var parts []*chart.Chart
	seen := map[int]bool{}
	for _, one := range sum.Groups() {
		c := one.Repeats[0]
		if c.Arrival != "" || c.RampTo != 0 {
			continue
		}
		seen[x.value(c)] = true
		at := float64(x.value(c))
		y := one.Median(summary.Throughput)
		rest := summary.SetWords(c.Set)
		whole.Add(strings.TrimSuffix(fmt.Sprintf("%s %d, %s", other.name, other.value(c), rest), ", "), at, y)
		part := byOther[other.value(c)]
		if part == nil {
			part = &chart.Chart{File: fmt.Sprintf("%s_%d", file, other.value(c)), Title: fmt.Sprintf("%s at %s %d", title, other.name, other.value(c)), X: name, Y: "pairs/s"}
			byOther[other.value(c)], parts = part, append(parts, part)
		}
		part.Add(cmp.Or(rest, "pairs/s"), at, y)
	}
	switch {
	case len(seen) < 2:
		return nil
	case len(whole.Series) <= maxLines || len(parts) < 2:
		cutLines(&whole)
		return []chart.Chart{whole}
	}
	var all []chart.Chart
	for _, part := range parts {
		cutLines(part)
		all = append(all, *part)
	}
	return all
}

// cutLines leaves out lines that are too many.
func cutLines(c *chart.Chart) {
	c.Note = leftOut(len(c.Series), maxLines, "lines")
	c.Series = c.Series[:min(len(c.Series), maxLines)]
	c.ShortenNames()
}
