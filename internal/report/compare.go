package report

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/stats"
)

const (
	significance = 0.05 // a difference is real when p is below it …
	leastChange  = 0.02 // … and the medians differ by more than this part
	enoughRuns   = 6    // a side, for a difference to be told
)

// Comparison sets two measurements side by side. The unit is one repeat of a configuration, with a server process of its
// own: requests of one process are alike in ways that another process's are not, and are never pooled.
type Comparison struct {
	Rows  []ComparisonRow `json:"rows"`
	Means []GeomeanRow    `json:"geomeans"`
	OnlyA []string        `json:"only_a,omitempty"` // configurations that the other side lacks
	OnlyB []string        `json:"only_b,omitempty"`

	Quality []QualityRow `json:"quality,omitempty"`
	Loss    float64      `json:"allowed_quality_loss"`
	Unlike  []string     `json:"unlike,omitempty"` // why the sides are hard to compare
}

// ComparisonRow is one figure of one configuration.
type ComparisonRow struct {
	Config string `json:"config"`
	Metric string `json:"metric"`
	Unit   string `json:"unit"`
	A      Side   `json:"a"`
	B      Side   `json:"b"`
	Change Value  `json:"change"` // of the medians, B/A − 1
	P      Value  `json:"p"`
	Real   bool   `json:"real"`  // significant, and of more than 2 %
	Worse  bool   `json:"worse"` // real, and B is the worse one
}

// Side is what one side's repeats say of a figure.
type Side struct {
	Values []float64 `json:"values"` // one a repeat
	Median Value     `json:"median"`
	Low    Value     `json:"low"` // of the 95 % interval of the median; not a number with fewer than 6 repeats
	High   Value     `json:"high"`
}

// GeomeanRow is the geometric mean of a figure over all configurations that both sides have.
type GeomeanRow struct {
	Metric string `json:"metric"`
	Unit   string `json:"unit"`
	A      Value  `json:"a"`
	B      Value  `json:"b"`
	Change Value  `json:"change"`
}

// compared are the figures that are compared. Percentiles are one value a run.
var compared = []struct {
	name, unit string
	higher     bool // is better
	of         func(*Config) Value
}{
	{"throughput", "pairs/s", true, func(c *Config) Value { return c.PairsPerSecond }},
	{"latency average", "ms", false, func(c *Config) Value { return c.Latency.Average }},
	{"latency P50", "ms", false, func(c *Config) Value { return c.Latency.carried(50, c.Latency.P50) }},
	{"latency P95", "ms", false, func(c *Config) Value { return c.Latency.carried(95, c.Latency.P95) }},
	{"latency P99", "ms", false, func(c *Config) Value { return c.Latency.carried(99, c.Latency.P99) }},
}

// carried is a percentile, if there are requests enough to carry it.
func (d Distribution) carried(p float64, v Value) Value {
	if d.N < stats.Needed(p, 0) {
		return unmeasured
	}
	return v
}

// Compare sets the results of A and of B side by side; each may be several files of the same experiment. Configurations
// that are not whole, and the probes of a search, are left out. Loss is what B may lose of a figure of quality before it is worse.
func Compare(a, b []*results.Results, loss float64) *Comparison {
	sideA, names := configsOf(a)
	sideB, namesB := configsOf(b)
	c := &Comparison{Quality: compareQuality(a, b, loss), Loss: loss, Unlike: unlike(a, b)}
	for _, name := range names {
		if len(sideB[name]) == 0 {
			c.OnlyA = append(c.OnlyA, name)
		}
	}
	for _, name := range namesB {
		if len(sideA[name]) == 0 {
			c.OnlyB = append(c.OnlyB, name)
		}
	}
	for _, m := range compared {
		var as, bs []float64
		for _, name := range names {
			x, y := valuesOf(sideA[name], m.of), valuesOf(sideB[name], m.of)
			if len(x) == 0 || len(y) == 0 {
				continue
			}
			row := compareValues(x, y, m.higher)
			row.Config, row.Metric, row.Unit = name, m.name, m.unit
			c.Rows = append(c.Rows, row)
			as, bs = append(as, float64(row.A.Median)), append(bs, float64(row.B.Median))
		}
		if len(as) > 1 {
			ga, gb := stats.Geomean(as), stats.Geomean(bs)
			c.Means = append(c.Means, GeomeanRow{m.name, m.unit, Value(ga), Value(gb), Value(gb/ga - 1)})
		}
	}
	return c
}

// Worse tells whether any figure of B is really worse.
func (c *Comparison) Worse() bool {
	return slices.ContainsFunc(c.Rows, func(r ComparisonRow) bool { return r.Worse })
}

// configsOf gives the repeats of every configuration, and the configurations' names in their order.
func configsOf(files []*results.Results) (byName map[string][]Config, names []string) {
	byName = map[string][]Config{}
	for _, res := range files {
		for _, m := range res.Configurations {
			if m.End == nil || !m.End.Complete || m.Configuration.Search != "" {
				continue
			}
			p := m.Configuration
			p.Repeat = 0
			name := p.Name()
			if len(byName[name]) == 0 {
				names = append(names, name)
			}
			byName[name] = append(byName[name], summarizePoint(m))
		}
	}
	return byName, names
}

func valuesOf(configs []Config, of func(*Config) Value) []float64 {
	var xs []float64
	for i := range configs {
		if v := of(&configs[i]); v.Measured() {
			xs = append(xs, float64(v))
		}
	}
	return xs
}

func compareValues(a, b []float64, higher bool) ComparisonRow {
	row := ComparisonRow{A: sideOf(a), B: sideOf(b), P: Value(stats.MannWhitney(a, b))}
	row.Change = row.B.Median/row.A.Median - 1
	enough := len(a) >= enoughRuns && len(b) >= enoughRuns
	row.Real = enough && float64(row.P) < significance && math.Abs(float64(row.Change)) > leastChange
	row.Worse = row.Real && (row.Change < 0) == higher
	return row
}

func sideOf(xs []float64) Side {
	low, high := stats.MedianInterval(xs, 0.95)
	return Side{Values: xs, Median: Value(stats.Sort(xs).Percentile(50)), Low: Value(low), High: Value(high)}
}

// Text writes the comparison as tables, one for each figure.
func (c *Comparison) Text(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	metric, few := "", false
	for _, r := range c.Rows {
		if r.Metric != metric {
			metric = r.Metric
			fmt.Fprintf(t, "%s (%s)\tA\tB\tB against A\t\n", r.Metric, r.Unit)
		}
		change := "~"
		if r.Real {
			change = r.percent() + either(r.Worse, " worse", " better")
		}
		few = few || len(r.A.Values) < enoughRuns || len(r.B.Values) < enoughRuns
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t(p=%s n=%d+%d)\n", r.Config, r.A, r.B, change, r.P.format("%.3f"), len(r.A.Values), len(r.B.Values))
	}
	for _, m := range c.Means {
		fmt.Fprintf(t, "geomean %s (%s)\t%s\t%s\t%+.2f%%\t\n", m.Metric, m.Unit, m.A.format("%.2f"), m.B.format("%.2f"), 100*float64(m.Change))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "\n~: no difference is held with p < %g and more than %g %%. ±: half of the 95 %% interval of the median.\n", significance, 100*leastChange)
	if err := c.qualityText(w); err != nil {
		return err
	}
	for _, why := range c.Unlike {
		fmt.Fprintf(w, "note: %s\n", why)
	}
	if few {
		fmt.Fprintf(w, "Fewer than %d repeats a side cannot tell a difference; set experiment.repeats.\n", enoughRuns)
	}
	for _, only := range []struct {
		side  string
		names []string
	}{{"A", c.OnlyA}, {"B", c.OnlyB}} {
		for _, name := range only.names {
			fmt.Fprintf(w, "only in %s: %s\n", only.side, name)
		}
	}
	return nil
}

func (r *ComparisonRow) percent() string { return fmt.Sprintf("%+.2f%%", 100*float64(r.Change)) }

func (s Side) String() string {
	spread := "± ∞"
	if s.Low.Measured() && s.Median > 0 {
		spread = fmt.Sprintf("± %.0f%%", 50*float64((s.High-s.Low)/s.Median))
	}
	return s.Median.format("%.2f") + " " + spread
}

// Bench writes results in the format of Go's benchmarks, one line a repeat, so that benchstat reads them: a line
// `side: NAME` above says which side they are of, for `benchstat -col side`.
func Bench(w io.Writer, side string, files []*results.Results) error {
	if _, err := fmt.Fprintf(w, "side: %s\n", side); err != nil {
		return err
	}
	byName, names := configsOf(files)
	for _, name := range names {
		for _, c := range byName[name] {
			line := fmt.Sprintf("BenchmarkScore/%s %d", benchName(name), max(1, c.Answered))
			for _, m := range compared {
				if v := m.of(&c); v.Measured() {
					if m.unit == "ms" {
						line += fmt.Sprintf(" %.0f %s", 1e6*float64(v), benchUnit(m.name))
					} else {
						line += fmt.Sprintf(" %g %s", float64(v), m.unit)
					}
				}
			}
			if _, err := fmt.Fprintln(w, line); err != nil {
				return err
			}
		}
	}
	return nil
}

// benchUnit names a latency as benchmarks do; the average is what they call ns/op.
func benchUnit(metric string) string {
	return cmp.Or(map[string]string{"latency P50": "p50-ns", "latency P95": "p95-ns", "latency P99": "p99-ns"}[metric], "ns/op")
}

// benchName makes a configuration's name one of a sub-benchmark: key=value parts between slashes.
func benchName(name string) string {
	return strings.NewReplacer(", ", "/", " ", "_").Replace(name)
}

func either(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}
