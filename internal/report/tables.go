package report

import (
	"fmt"

	"github.com/crossrank/crossrank/internal/markdown"
	"github.com/crossrank/crossrank/internal/summary"
)

// concurrentMark stands behind the throughput of single requests of which several were in flight.
const concurrentMark = "‡"

// summary prints the columns of the report to match, and then one for whatever else varies.
func (d *document) summary() {
	d.Para("## Results Summary")
	columns := d.Columns()
	names := []string{"Batch", "Conc", "Pairs", "Time(s)", "Lat Avg", "Lat P95", "Lat P99", "TP Avg", "TP P95"}
	for _, column := range columns {
		names = append(names, markdown.Text(column.Name))
	}
	d.Header(names...)
	var m marks
	concurrent := false
	for i := range d.Configurations {
		c := &d.Configurations[i]
		n := c.Answered
		perRequest := m.cell(c.PerRequest.P95, "%.1f", 95, n)
		if n > 0 && (c.Concurrency > 1 || c.Arrival != "") {
			perRequest, concurrent = perRequest+concurrentMark, true
		}
		cells := []string{
			fmt.Sprint(c.Batch), c.ConcurrencyText(), fmt.Sprint(c.Pairs), fmt.Sprintf("%.2f", c.Seconds),
			c.Latency.Average.Format("%.1fms"), m.cell(c.Latency.P95, "%.1fms", 95, n), m.cell(c.Latency.P99, "%.1fms", 99, n),
			c.PairsPerSecond.Format("%.1f"), perRequest,
		}
		for _, column := range columns {
			cells = append(cells, markdown.Text(column.Of(c)))
		}
		d.Row(cells...)
	}
	d.Line("")
	m.note(d)
	if concurrent {
		d.Para("%s TP Avg is the whole system's. TP P95 is of single requests, a request's pairs over its own latency; "+
			"with several in flight, the two do not compare.", concurrentMark)
	}
}

func (d *document) details() {
	d.Para("## Detailed Metrics")
	for i := range d.Configurations {
		c := &d.Configurations[i]
		d.Para("### Config %d: %s", i+1, markdown.Text(c.Name()))
		d.Para("**Total:** %d pairs in %.2fs", c.Pairs, c.Seconds)
		d.Line("#### Latency (ms)")
		d.distribution(c.Latency, c.Latency.Average)
		d.Line("#### Throughput (pairs/s)")
		d.distribution(c.PerRequest, c.PairsPerSecond)
		d.Para("Average is the whole system's; the other figures are those of single requests.")
		d.versus(c)
	}
}

// distribution prints a table of v with an average that may be of another kind.
func (d *document) distribution(v summary.Distribution, average summary.Value) {
	var m marks
	d.Header("Metric", "Value")
	d.Row("Average", average.Format("%.2f"))
	d.Row("Min", v.Min.Format("%.2f"))
	d.Row("Max", v.Max.Format("%.2f"))
	d.Row("Std Dev", v.StdDev.Format("%.2f"))
	d.Row("P50", m.cell(v.P50, "%.2f", 50, v.N))
	d.Row("P90", m.cell(v.P90, "%.2f", 90, v.N))
	d.Row("P95", m.cell(v.P95, "%.2f", 95, v.N))
	d.Row("P99", m.cell(v.P99, "%.2f", 99, v.N))
	d.Line("")
	m.note(d)
}

// versus prints the throughput of the requests by their latency.
func (d *document) versus(c *summary.Configuration) {
	d.Para("#### Latency vs Throughput Analysis")
	d.Header("Latency Range", "Avg Throughput", "Min Throughput", "Max Throughput", "Count")
	names := []string{"P50", "P50-P75", "P75-P90", "P90+"}
	for i, b := range c.Buckets {
		var span string
		switch {
		case !c.Latency.P50.Measured():
			span = summary.NotMeasured
		case !b.From.Measured():
			span = b.To.Format("< %.1fms")
		case !b.To.Measured():
			span = b.From.Format(">= %.1fms")
		default:
			span = b.From.Format("%.1f-") + b.To.Format("%.1fms")
		}
		d.Row(fmt.Sprintf("%s (%s)", span, names[i]),
			b.Average.Format("%.2f"), b.Min.Format("%.2f"), b.Max.Format("%.2f"), fmt.Sprint(b.Count))
	}
	d.Line("")
	d.Para("**Correlation:** %s (negative correlation expected: lower latency = higher throughput)", c.Correlation.Format("%.3f"))
}

func (d *document) overall() {
	d.Para("## Overall Summary")
	o := d.Overall
	d.Header("Metric", "Value", "Config")
	d.Row("Best Throughput", o.BestThroughput.Format("%.2f p/s"), d.configuration(o.HighestThroughput))
	d.Row("Best Latency", o.BestLatency.Format("%.2fms"), d.configuration(o.LowestLatency))
	d.Row("Avg Throughput", o.AvgThroughput.Format("%.2f p/s"), "all configs")
	d.Row("Avg Latency", o.AvgLatency.Format("%.2fms"), "all configs")
	d.Line("")
}
