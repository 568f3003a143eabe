// Package compare says what measurements mean: whether one is faster than another, and what an
// experiment found.
//
// [Of] sets two measurements of the same experiment side by side. The unit is one repeat of a
// configuration, which had its own server process: requests of one process resemble each other more
// than those of another process, so they are never pooled. A difference is real when a Mann–Whitney
// U test finds it significant and the medians differ by more than 2 %. Quality counts beside speed:
// scores that rank worse make B worse, however fast it is.
//
// [Findings] answers the questions that an experiment asks, such as what a larger batch gives.
// [NoiseOf] measures how far equal configurations differ by chance, and a finding calls no
// difference below that.
package compare

import (
	"math"
	"slices"

	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/stats"
	"github.com/crossrank/crossrank/internal/summary"
)

const (
	significance = 0.05 // a difference is real when p is below it …
	leastChange  = 0.02 // … and the medians differ by more than this part
	leastRepeats = 6    // a side, for a difference to be detectable
)

// Comparison sets two measurements side by side.
type Comparison struct {
	Rows  []Row        `json:"rows"`
	Means []GeomeanRow `json:"geomeans"`
	OnlyA []string     `json:"only_a,omitempty"` // configurations that the other side lacks
	OnlyB []string     `json:"only_b,omitempty"`

	Quality []QualityRow `json:"quality,omitempty"`
	Loss    float64      `json:"allowed_quality_loss"`
	Unlike  []string     `json:"unlike,omitempty"` // why the sides are hard to compare
}

// Row is one figure of one configuration.
type Row struct {
	Configuration string        `json:"config"`
	Metric        string        `json:"metric"`
	Unit          string        `json:"unit"`
	A             Side          `json:"a"`
	B             Side          `json:"b"`
	Change        summary.Value `json:"change"` // of the medians, B/A − 1
	P             summary.Value `json:"p"`
	Real          bool          `json:"real"`  // significant, and of more than 2 %
	Worse         bool          `json:"worse"` // real, and B is the worse one
}

// Side is what one side's repeats say of a figure.
type Side struct {
	Values []float64     `json:"values"` // one per repeat
	Median summary.Value `json:"median"`
	Low    summary.Value `json:"low"` // of the 95 % interval of the median; not a number with fewer than 6 repeats
	High   summary.Value `json:"high"`
}

// GeomeanRow is the geometric mean of a figure over all configurations that both sides have.
type GeomeanRow struct {
	Metric string        `json:"metric"`
	Unit   string        `json:"unit"`
	A      summary.Value `json:"a"`
	B      summary.Value `json:"b"`
	Change summary.Value `json:"change"`
}

type configuration = summary.Configuration

// metrics are the figures that are compared. Percentiles are one value per run.
var metrics = []struct {
	name, unit string
	higher     bool // is better
	of         func(*configuration) summary.Value
}{
	{"throughput", "pairs/s", true, summary.Throughput},
	{"latency average", "ms", false, func(c *configuration) summary.Value { return c.Latency.Average }},
	{"latency P50", "ms", false, func(c *configuration) summary.Value { return c.Latency.Carried(50, c.Latency.P50) }},
	{"latency P95", "ms", false, func(c *configuration) summary.Value { return c.Latency.Carried(95, c.Latency.P95) }},
	{"latency P99", "ms", false, func(c *configuration) summary.Value { return c.Latency.Carried(99, c.Latency.P99) }},
}

// Of sets the results of A and of B side by side; each may be several files of the same experiment.
// Configurations that are not complete, and the probes of a search, are left out. Loss is what B
// may lose of a figure of quality before it is worse.
func Of(a, b []*results.Results, loss float64) *Comparison {
	sumsA, sumsB := summariesOf(a), summariesOf(b)
	sideA, sideB := groupsOf(sumsA), groupsOf(sumsB)
	c := &Comparison{
		Quality: compareQuality(a, b, loss), Loss: loss, OnlyA: missing(sideA, sideB), OnlyB: missing(sideB, sideA),
		Unlike: slices.Concat(incomparable(a, b), disturbed("A", sumsA), disturbed("B", sumsB)),
	}
	for _, m := range metrics {
		var as, bs []float64
		for _, ga := range sideA {
			gb := find(sideB, ga.Name)
			if gb == nil {
				continue
			}
			x, y := ga.Values(m.of), gb.Values(m.of)
			if len(x) == 0 || len(y) == 0 {
				continue
			}
			row := compareValues(x, y, m.higher)
			row.Configuration, row.Metric, row.Unit = ga.Name, m.name, m.unit
			c.Rows = append(c.Rows, row)
			as, bs = append(as, float64(row.A.Median)), append(bs, float64(row.B.Median))
		}
		if len(as) > 1 {
			ga, gb := stats.Geomean(as), stats.Geomean(bs)
			c.Means = append(c.Means, GeomeanRow{m.name, m.unit, summary.Value(ga), summary.Value(gb), summary.Value(gb/ga - 1)})
		}
	}
	return c
}

// Worse reports whether any figure of B is really worse.
func (c *Comparison) Worse() bool {
	return slices.ContainsFunc(c.Rows, func(r Row) bool { return r.Worse })
}

func summariesOf(files []*results.Results) []*summary.Summary {
	var all []*summary.Summary
	for _, res := range files {
		all = append(all, summary.Of(res))
	}
	return all
}

// groupsOf gives the repeats of every complete configuration over all summaries, in the order of
// the results.
func groupsOf(summaries []*summary.Summary) []*summary.Group {
	return summary.GroupsOf(summaries, (*configuration).Name, func(c *configuration) bool { return c.Complete && c.Search == "" })
}

func find(groups []*summary.Group, name string) *summary.Group {
	if i := slices.IndexFunc(groups, func(g *summary.Group) bool { return g.Name == name }); i >= 0 {
		return groups[i]
	}
	return nil
}

// missing lists the names of a that b lacks.
func missing(a, b []*summary.Group) []string {
	var names []string
	for _, g := range a {
		if find(b, g.Name) == nil {
			names = append(names, g.Name)
		}
	}
	return names
}

func compareValues(a, b []float64, higher bool) Row {
	row := Row{A: sideOf(a), B: sideOf(b), P: summary.Value(stats.MannWhitney(a, b))}
	row.Change = row.B.Median/row.A.Median - 1
	enough := len(a) >= leastRepeats && len(b) >= leastRepeats
	row.Real = enough && float64(row.P) < significance && math.Abs(float64(row.Change)) > leastChange
	row.Worse = row.Real && (row.Change < 0) == higher
	return row
}

func sideOf(xs []float64) Side {
	low, high := stats.MedianInterval(xs, 0.95)
	return Side{Values: xs, Median: summary.Value(stats.Median(xs)), Low: summary.Value(low), High: summary.Value(high)}
}
