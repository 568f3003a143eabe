package report

import (
	"fmt"
	"slices"

	"github.com/crossrank/crossrank/internal/summary"
)

// usage prints what the server's own samples say in sum.
func (d *document) usage() {
	d.Para("## Dashboard Metrics Summary")
	d.Header("Metric", "Avg", "Min", "Max", "P50", "P95")
	for _, u := range d.Usage {
		d.Row(u.Name, u.Average.Format("%.1f"), u.Min.Format("%.1f"), u.Max.Format("%.1f"), u.P50.Format("%.1f"), u.P95.Format("%.1f"))
	}
	d.Line("")
	d.Para("CPU is that of the server process, over all its threads; 100 is one core. Steal is CPU time of the machine that others on its " +
		"host took, and Throttled is time of the server that a CPU quota held back.")
	if d.Run.Model.Device == "cpu" {
		d.Para("GPU figures are %s: the model ran on the CPU.", summary.NotMeasured)
	}
	if d.Run.Model.Backend == "native" && !d.Run.Model.Padded && (d.Batching == nil || d.Batching.Packing) {
		d.Para("0 padding was computed: batches are packed. Padding Waste is the part of the work that padding every pair to the " +
			"longest of its batch would have wasted.")
	}
}

// prefixes prints what was reused of what pairs begin with, if any model shares that.
func (d *document) prefixes() {
	if !slices.ContainsFunc(d.Configurations, func(c summary.Configuration) bool { return c.Prefixes != nil }) {
		return
	}
	d.Para("## Shared Prefixes")
	d.Header("Config", "Hits", "Misses", "Hit rate", "Tokens shared")
	for i := range d.Configurations {
		p := d.Configurations[i].Prefixes
		if p == nil {
			d.Row(d.configuration(i), summary.NotMeasured, summary.NotMeasured, summary.NotMeasured, summary.NotMeasured)
			continue
		}
		d.Row(d.configuration(i), fmt.Sprint(p.Hits), fmt.Sprint(p.Misses), p.HitPct.Format("%.1f%%"), fmt.Sprint(p.SharedTokens))
	}
	d.Line("")
	d.Para("A prefix is what pairs begin with, such as an instruction and a query. A hit was kept from earlier batches, wholly or in " +
		"part. Tokens shared were not computed again, within a request or after one.")
}

// series prints the server's samples one by one.
func (d *document) series() {
	d.Para("## Dashboard Time-Series Data")
	if len(d.Series) == 0 {
		d.Para("%s: there are no samples of the server's history.", summary.NotMeasured)
		return
	}
	names := []string{"Index", "GPU Mem (MB)", "GPU Util (%)", "CPU (%)", "Latency (ms)", "Throughput",
		"Tokenize (ms)", "Inference (ms)", "Queue (ms)", "Padding (%)"}
	lost := slices.ContainsFunc(d.Series, func(in summary.Interval) bool { return in.Steal.Measured() || in.Throttled.Measured() })
	if lost {
		names = append(names, "Steal (%)", "Throttled (%)")
	}
	d.Header(names...)
	for i, in := range d.Series {
		cells := []string{fmt.Sprint(i), in.GPUMemory.Format("%.1f"), in.GPU.Format("%.1f"), in.CPU.Format("%.1f"),
			in.Latency.Format("%.1f"), in.Throughput.Format("%.0f"), in.Tokenize.Format("%.1f"), in.Compute.Format("%.1f"),
			in.Queue.Format("%.1f"), in.Padding.Format("%.1f")}
		if lost {
			cells = append(cells, in.Steal.Format("%.1f"), in.Throttled.Format("%.1f"))
		}
		d.Row(cells...)
	}
	d.Line("")
	if len(d.Configurations) < 2 {
		return
	}
	for first := 0; first < len(d.Series); {
		i, last := d.Series[first].Configuration, first
		for last+1 < len(d.Series) && d.Series[last+1].Configuration == i {
			last++
		}
		d.Line("- Index %d to %d: %s", first, last, d.configuration(i))
		first = last + 1
	}
	d.Line("")
}
