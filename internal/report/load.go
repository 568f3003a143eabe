package report

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/stats"
)

// offered notes what the results say of the load itself.
func (c *Config) offered(m *results.Measured) {
	c.Mix, c.Generator = m.Configuration.Mix, unmeasured
	if m.End == nil {
		return
	}
	if m.End.GeneratorCPU > 0 && m.End.Elapsed > 0 {
		c.Generator = Value(100 * m.End.GeneratorCPU.Seconds() / m.End.Elapsed.Seconds())
	}
	c.Stability = m.End.Stability
}

// load prints how the load was made: what the generator took, what requests of many sizes were drawn from, and whether
// configurations had settled down.
func (r *Report) load(p *printer) {
	if !slices.ContainsFunc(r.Configs, func(c Config) bool { return c.Generator.Measured() || c.Mix != "" || c.Stability != nil }) {
		return
	}
	p.para("## Load")
	p.header("Config", "Generator CPU", "Of the machine", "Settled")
	for i := range r.Configs {
		c := &r.Configs[i]
		machine := unmeasured
		if cores := r.Run.Machine.Cores; cores > 0 {
			machine = c.Generator / Value(cores)
		}
		p.row(c.name("conc"), c.Generator.format("%.1f%%"), machine.format("%.1f%%"), c.settled())
	}
	p.line("")
	p.para("Generator CPU is what the process that sends the requests took, as the system counts it; 100 %% is one core, and on the same "+
		"machine the server lacks it. A configuration had settled down when its last %d windows of time lie within %.0f %% of their mean, "+
		"in throughput and in mean latency.", stats.Windows, 100*stats.Within)
	for _, mix := range r.mixes() {
		p.para("Requests have many sizes, and one query of its own each: %s.", text(mix))
	}
}

// settled says whether the configuration had settled down, if the experiment asked.
func (c *Config) settled() string {
	switch {
	case c.Stability == nil:
		return notMeasured
	case c.Stability.Stable:
		return "yes"
	}
	return "**no**"
}

// mixes lists what requests were drawn from, each once.
func (r *Report) mixes() []string {
	var mixes []string
	for i := range r.Configs {
		if m := r.Configs[i].Mix; m != "" && !slices.Contains(mixes, m) {
			mixes = append(mixes, m)
		}
	}
	return mixes
}

// Knee is where a sweep of the load is best worth its latency: see [stats.Knee].
type Knee struct {
	Sweep   string `json:"sweep"`   // what the configurations have in common, and what differs
	Config  int    `json:"config"`  // the index of the one at the knee
	Of      int    `json:"of"`      // how many there are
	Lightly bool   `json:"lightly"` // the knee is the lightest load: the system saturates from there on
	Heavily bool   `json:"heavily"` // the knee is the heaviest: the sweep does not saturate it
}

// knees looks for the saturation knee of every sweep of the concurrency or of the rate, of three configurations at least.
func knees(configs []Config) []Knee {
	var order []string
	sweeps := map[string][]int{}
	for i := range configs {
		c := &configs[i]
		if c.Search != "" || c.Answered == 0 || !c.Complete {
			continue
		}
		name := c.sweep()
		if sweeps[name] == nil {
			order = append(order, name)
		}
		sweeps[name] = append(sweeps[name], i)
	}
	var found []Knee
	for _, name := range order {
		places := sweeps[name]
		slices.SortStableFunc(places, func(a, b int) int {
			return cmp.Or(cmp.Compare(configs[a].Rate, configs[b].Rate), cmp.Compare(configs[a].Concurrency, configs[b].Concurrency))
		})
		var throughput, latency []float64
		for _, i := range places {
			throughput = append(throughput, float64(configs[i].Answered)/configs[i].Seconds)
			latency = append(latency, float64(configs[i].Latency.Average))
		}
		if k := stats.Knee(throughput, latency); k >= 0 {
			found = append(found, Knee{Sweep: name, Config: places[k], Of: len(places), Lightly: k == 0, Heavily: k == len(places)-1})
		}
	}
	return found
}

// rateKey is swept in an open loop.
const rateKey = "experiment.arrival.rate"

// sweep names the sweep of the load that a configuration belongs to.
func (c *Config) sweep() string {
	name := fmt.Sprintf("batch=%d", c.Batch)
	if c.Mix != "" {
		name = c.Mix
	}
	for _, s := range c.Set {
		if s.Key != rateKey {
			name += fmt.Sprintf(", %s=%s", s.Short(), s.Value)
		}
	}
	if c.Repeat > 0 {
		name += fmt.Sprintf(", repeat %d", c.Repeat+1)
	}
	if c.Arrival != "" {
		return name + ", rates of " + c.Arrival + " arrivals"
	}
	return name + ", concurrency"
}

// saturation prints the knees.
func (r *Report) saturation(p *printer) {
	if len(r.Knees) == 0 {
		return
	}
	p.para("## Saturation")
	p.header("Sweep", "Knee at", "Throughput", "Lat Avg", "Note")
	for _, k := range r.Knees {
		c := &r.Configs[k.Config]
		at := fmt.Sprintf("concurrency %d", c.Concurrency)
		if c.Arrival != "" {
			at = fmt.Sprintf("%.4g/s", c.Rate)
		}
		note := ""
		if k.Lightly {
			note = "the lightest load measured: more of it only waits"
		} else if k.Heavily {
			note = "the heaviest load measured: it does not saturate"
		}
		p.row(text(k.Sweep), at, c.PairsPerSecond.format("%.1f pairs/s"), c.Latency.Average.format("%.1fms"), note)
	}
	p.line("")
	p.para("The knee is where the power, throughput over mean latency, is highest (Kleinrock 1979): beyond it, requests wait longer by a " +
		"larger part than there are more of them.")
}
