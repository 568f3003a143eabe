package report

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/crossrank/crossrank/internal/markdown"
	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/stats"
	"github.com/crossrank/crossrank/internal/summary"
)

// settings prints what each configuration of a sweep has for the swept keys.
func (d *document) settings() {
	if len(d.Configurations) == 0 || len(d.Configurations[0].Set) == 0 {
		return
	}
	d.Para("## Swept Settings")
	names := []string{"Config"}
	for _, s := range d.Configurations[0].Set {
		names = append(names, markdown.Text(s.Key))
	}
	d.Header(append(names, "Batch", "Conc", "Pairs/s", "Lat Avg")...)
	for i := range d.Configurations {
		c := &d.Configurations[i]
		if len(c.Set) != len(names)-1 {
			continue
		}
		cells := []string{fmt.Sprint(i + 1)}
		for _, s := range c.Set {
			cells = append(cells, markdown.Text(s.Value))
		}
		d.Row(append(cells, fmt.Sprint(c.Batch), c.ConcurrencyText(), c.PairsPerSecond.Format("%.1f"), c.Latency.Average.Format("%.1fms"))...)
	}
	d.Line("")
}

// openLoop prints what only an open loop knows.
func (d *document) openLoop() {
	any := false
	var m marks
	for i := range d.Configurations {
		c := &d.Configurations[i]
		if c.Pacing == nil {
			continue
		}
		if !any {
			any = true
			d.Para("## Open Loop")
			d.Header("Config", "Offered/s", "Sent/s", "Response P50", "Response P99", "Service P50", "Service P99", "Lag P99", "Dropped", "Valid")
		}
		n := c.Answered
		d.Row(d.configuration(i), c.Pacing.Offered.Format("%.2f"), c.Pacing.Achieved.Format("%.2f"),
			c.Latency.P50.Format("%.1fms"), m.cell(c.Latency.P99, "%.1fms", 99, n),
			c.Service.P50.Format("%.1fms"), m.cell(c.Service.P99, "%.1fms", 99, n),
			c.Pacing.LagP99.Format("%.3fms"), fmt.Sprint(c.Pacing.Dropped), yesOrNo(c.Pacing.Valid()))
	}
	if !any {
		return
	}
	d.Line("")
	m.note(d)
	d.Para("Response time counts from the intended send time, service time from the actual one. A configuration is valid when "+
		"the P99 of the lag is at most 1 ms, or 1 %% of the objective if that is more, and at least %.0f %% of the offered rate was sent.", 100*stats.LeastAchieved)
}

// objectives prints what the searches came to.
func (d *document) objectives() {
	if len(d.SLO) == 0 {
		return
	}
	d.Para("## Objectives")
	d.Header("Objective", "Batch", "Capacity/s", "Highest passing/s", "Lowest failing/s", "Goodput at 1, 1.5, 2, 5 times (requests/s)", "Note")
	for _, f := range d.SLO {
		d.Row(fmt.Sprintf("P%g ≤ %g ms", f.Percentile, f.LatencyMS), fmt.Sprint(f.Batch), rate(f.Capacity), rate(f.Passing), rate(f.Failing),
			goodputs(d.Summary, f), markdown.Text(f.Note))
	}
	d.Line("")
	d.Para("A rate passes when few enough requests are late to confirm the percentile with %.0f %% confidence. Capacity is the throughput "+
		"of a closed loop. Goodput counts the requests that were answered within the objective.", 100*stats.Confidence)
}

// rate is requests a second, of which 0 means that there is no such rate.
func rate(v float64) string {
	if v == 0 {
		return "none"
	}
	return fmt.Sprintf("%.2f", v)
}

// goodputs lists the goodput at every multiple of the rate that a search came to.
func goodputs(s *summary.Summary, f results.SLOResult) string {
	var words []string
	for _, v := range s.GoodputsOf(f) {
		words = append(words, v.Format("%.2f"))
	}
	return cmp.Or(strings.Join(words, ", "), summary.NotMeasured)
}
