package report

import (
	"fmt"
	"slices"

	"github.com/crossrank/crossrank/internal/markdown"
	"github.com/crossrank/crossrank/internal/stats"
	"github.com/crossrank/crossrank/internal/summary"
)

// load prints how the load was made: what the generator took, what requests of many sizes were
// drawn from, and whether configurations were stable.
func (d *document) load() {
	if !slices.ContainsFunc(d.Configurations, func(c summary.Configuration) bool { return c.Generator.Measured() || c.Mix != "" || c.Stability != nil }) {
		return
	}
	d.Para("## Load")
	d.Header("Config", "Generator CPU", "Of the machine", "Stable")
	for i := range d.Configurations {
		c := &d.Configurations[i]
		machine := summary.Unmeasured
		if cores := d.Run.Machine.Cores; cores > 0 {
			machine = c.Generator / summary.Value(cores)
		}
		d.Row(d.configuration(i), c.Generator.Format("%.1f%%"), machine.Format("%.1f%%"), stable(c))
	}
	d.Line("")
	d.Para("Generator CPU is the CPU time of the process that sends the requests; 100 %% is one core. On the same machine, the server "+
		"does without it. A configuration is stable when its last %d time windows are within %.0f %% of their mean, in throughput "+
		"and in mean latency.", stats.Windows, 100*stats.Within)
	for _, mix := range d.mixes() {
		d.Para("Requests vary in size, and each has its own query: %s.", markdown.Text(mix))
	}
}

// stable says whether the configuration was stable at its end, if the experiment asked.
func stable(c *summary.Configuration) string {
	if c.Stability == nil {
		return summary.NotMeasured
	}
	return yesOrNo(c.Stability.Stable)
}

// mixes lists what requests were drawn from, each once.
func (d *document) mixes() []string {
	var mixes []string
	for i := range d.Configurations {
		if m := d.Configurations[i].Mix; m != "" && !slices.Contains(mixes, m) {
			mixes = append(mixes, m)
		}
	}
	return mixes
}

// saturation prints the knees.
func (d *document) saturation() {
	if len(d.Knees) == 0 {
		return
	}
	d.Para("## Saturation")
	d.Header("Sweep", "Knee at", "Throughput", "Lat Avg", "Note")
	for _, k := range d.Knees {
		c := &d.Configurations[k.Configuration]
		at := fmt.Sprintf("concurrency %d", c.Concurrency)
		if c.Arrival != "" {
			at = c.RateText()
		}
		note := ""
		if k.Lightest {
			note = "the lightest load measured: more load only adds waiting"
		} else if k.Heaviest {
			note = "the heaviest load measured: no saturation"
		}
		d.Row(markdown.Text(k.Sweep), at, c.PairsPerSecond.Format("%.1f pairs/s"), c.Latency.Average.Format("%.1fms"), note)
	}
	d.Line("")
	d.Para("The knee is where the power, throughput over mean latency, is highest (Kleinrock 1979): beyond it, latency grows by a larger " +
		"factor than throughput.")
}
