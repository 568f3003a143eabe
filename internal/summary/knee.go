package summary

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/crossrank/crossrank/internal/stats"
)

// Knee is where a sweep of the load is best worth its latency: see [stats.Knee].
type Knee struct {
	Sweep         string `json:"sweep"`   // what the configurations have in common, and what differs
	Configuration int    `json:"config"`  // the index of the one at the knee
	Of            int    `json:"of"`      // how many there are
	Lightest      bool   `json:"lightly"` // the knee is the lightest load: the system saturates from there on
	Heaviest      bool   `json:"heavily"` // the knee is the heaviest: the sweep does not saturate it
}

// knees looks for the saturation knee of every sweep of the concurrency or of the rate, of three
// configurations at least.
func knees(all []Configuration) []Knee {
	var order []string
	sweeps := map[string][]int{}
	for i := range all {
		c := &all[i]
		if c.Search != "" || c.RampTo != 0 || c.Answered == 0 || !c.Complete {
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
			return cmp.Or(cmp.Compare(all[a].Rate, all[b].Rate), cmp.Compare(all[a].Concurrency, all[b].Concurrency))
		})
		var throughput, latency []float64
		for _, i := range places {
			throughput = append(throughput, float64(all[i].Answered)/all[i].Seconds)
			latency = append(latency, float64(all[i].Latency.Average))
		}
		if k := stats.Knee(throughput, latency); k >= 0 {
			found = append(found, Knee{Sweep: name, Configuration: places[k], Of: len(places), Lightest: k == 0, Heaviest: k == len(places)-1})
		}
	}
	return found
}

// rateKey is the setting that an open loop varies.
const rateKey = "experiment.arrival.rate"

// sweep names the sweep of the load that a configuration belongs to.
func (c *Configuration) sweep() string {
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
