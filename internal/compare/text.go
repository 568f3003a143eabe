package compare

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/crossrank/crossrank/internal/results"
)

// Text writes the comparison as tables, one for each figure.
func (c *Comparison) Text(w io.Writer) error {
	if err := c.tables(w); err != nil {
		return err
	}
	fmt.Fprintf(w, "\n~ : not significant (p ≥ %g), or at most %g %% apart. ± : half of the 95 %% interval of the median.\n", significance, 100*leastChange)
	if err := c.qualityText(w); err != nil {
		return err
	}
	for _, why := range c.Unlike {
		fmt.Fprintf(w, "note: %s\n", why)
	}
	if c.fewRepeats() {
		fmt.Fprintf(w, "note: no difference is detectable with fewer than %d repeats a side; set experiment.repeats\n", leastRepeats)
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

func (c *Comparison) tables(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	metric := ""
	for _, r := range c.Rows {
		if r.Metric != metric {
			metric = r.Metric
			fmt.Fprintf(t, "%s (%s)\tA\tB\tB against A\t\n", r.Metric, r.Unit)
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t(p=%s n=%d+%d)\n", r.Configuration, r.A, r.B, r.verdict(), r.P.Format("%.3f"), len(r.A.Values), len(r.B.Values))
	}
	for _, m := range c.Means {
		fmt.Fprintf(t, "geomean %s (%s)\t%s\t%s\t%+.2f%%\t\n", m.Metric, m.Unit, m.A.Format("%.2f"), m.B.Format("%.2f"), 100*float64(m.Change))
	}
	return t.Flush()
}

func (c *Comparison) fewRepeats() bool {
	for _, r := range c.Rows {
		if len(r.A.Values) < leastRepeats || len(r.B.Values) < leastRepeats {
			return true
		}
	}
	return false
}

func (r *Row) verdict() string {
	change := fmt.Sprintf("%+.2f%%", 100*float64(r.Change))
	switch {
	case !r.Real:
		return "~"
	case r.Worse:
		return change + " worse"
	}
	return change + " better"
}

// String is the median with half of its interval.
func (s Side) String() string {
	spread := "± ∞"
	if s.Low.Measured() && s.Median > 0 {
		spread = fmt.Sprintf("± %.0f%%", 50*float64((s.High-s.Low)/s.Median))
	}
	return s.Median.Format("%.2f") + " " + spread
}

// Bench writes results in the format of Go's benchmarks, one line per repeat, so that benchstat
// reads them: a line `side: NAME` above says which side they are of, for `benchstat -col side`.
func Bench(w io.Writer, side string, files []*results.Results) error {
	if _, err := fmt.Fprintf(w, "side: %s\n", side); err != nil {
		return err
	}
	for _, g := range groupsOf(summariesOf(files)) {
		for _, c := range g.Repeats {
			if _, err := fmt.Fprintln(w, benchLine(g.Name, c)); err != nil {
				return err
			}
		}
	}
	return nil
}

func benchLine(name string, c *configuration) string {
	// A benchmark's name has key=value parts between slashes.
	var line strings.Builder
	line.WriteString(fmt.Sprintf("BenchmarkScore/%s %d", strings.NewReplacer(", ", "/", " ", "_").Replace(name), max(1, c.Answered)))
	for _, m := range metrics {
		switch v := m.of(c); {
		case !v.Measured():
		case m.unit == "ms":
			line.WriteString(fmt.Sprintf(" %.0f %s", 1e6*float64(v), benchUnit(m.name)))
		default:
			line.WriteString(fmt.Sprintf(" %g %s", float64(v), m.unit))
		}
	}
	return line.String()
}

// benchUnit names a latency as benchmarks do; the average is what they call ns/op.
func benchUnit(metric string) string {
	return cmp.Or(map[string]string{"latency P50": "p50-ns", "latency P95": "p95-ns", "latency P99": "p99-ns"}[metric], "ns/op")
}
