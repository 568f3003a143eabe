package experiment

import (
	"time"

	"github.com/crossrank/crossrank/internal/definition"
)

const (
	// startup is the estimated time that a server takes to start and to stop.
	startup = 3 * time.Second

	// searchTests is the estimated number of whole tests that a search sends for one objective, as
	// if all were sent at the capacity. Simulations probe about ten rates for each, from a tenth of
	// the capacity to five times the rate found.
	searchTests = 12
)

// Estimate returns how long an experiment takes if the server scores that many pairs per second.
func Estimate(sw definition.Sweep, pairsPerSecond float64) time.Duration {
	total := time.Duration(Processes(sw)) * startup
	for _, p := range plan(sw) {
		for i := range p.configurations {
			total += p.configurations[i].estimate(pairsPerSecond)
		}
	}
	return total
}

func (c *configuration) estimate(pairsPerSecond float64) time.Duration {
	seconds := func(requests int, rate float64) time.Duration { return time.Duration(float64(requests) / rate * 1e9) }
	capacity := pairsPerSecond / float64(c.Batch)
	warm := seconds(c.Warmup, capacity)
	switch {
	case c.searches():
		n := probeRequests(c.settings.Experiment.Objective.Percentile, c.Requests)
		return warm + time.Duration(len(c.Objectives))*(leastConfirm+seconds(searchTests*n, capacity))
	case c.Duration > 0:
		return warm + c.Duration
	case c.Rate > 0:
		return warm + seconds(c.Requests, min(c.Rate, capacity))
	}
	return warm + seconds(c.Requests, capacity)
}
