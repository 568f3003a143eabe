package summary

import (
	"slices"

	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/stats"
)

// Overall compares the configurations.
type Overall struct {
	BestThroughput Value `json:"best_pairs_per_s"`
	BestLatency    Value `json:"best_latency_ms"`
	AvgThroughput  Value `json:"avg_pairs_per_s"`
	AvgLatency     Value `json:"avg_latency_ms"`

	// Indexes of configurations; -1 if there is none.
	HighestThroughput int `json:"best_throughput_config"`
	LowestLatency     int `json:"best_latency_config"`
}

// OverallOf looks for the best of the configurations that were measured. The probes of a search are
// none, but the closed loop that it begins with is.
func OverallOf(all []Configuration) Overall {
	o := Overall{BestThroughput: Unmeasured, BestLatency: Unmeasured, HighestThroughput: -1, LowestLatency: -1}
	var throughputs, latencies []float64
	for i, c := range all {
		if c.Search != "" && c.Search != results.SearchCapacity {
			continue
		}
		if v := c.PairsPerSecond; v.Measured() {
			throughputs = append(throughputs, float64(v))
			if o.HighestThroughput < 0 || v > o.BestThroughput {
				o.BestThroughput, o.HighestThroughput = v, i
			}
		}
		if v := c.Latency.Average; v.Measured() {
			latencies = append(latencies, float64(v))
			if o.LowestLatency < 0 || v < o.BestLatency {
				o.BestLatency, o.LowestLatency = v, i
			}
		}
	}
	o.AvgThroughput, o.AvgLatency = Value(stats.Mean(throughputs)), Value(stats.Mean(latencies))
	return o
}

// Best is the configuration that is better than all others, the first of equal ones; probes of
// searches are left out. It is nil if there is none.
func (s *Summary) Best(better func(a, b *Configuration) bool) *Configuration {
	var best *Configuration
	for i := range s.Configurations {
		c := &s.Configurations[i]
		if c.Search == "" && c.PairsPerSecond.Measured() && c.Latency.Average.Measured() && (best == nil || better(c, best)) {
			best = c
		}
	}
	return best
}

// SpeedOf is the throughput of the configurations of a server whose quality was measured: the
// median.
func (s *Summary) SpeedOf(q *results.Quality) Value {
	var speeds []float64
	for i := range s.Configurations {
		if c := &s.Configurations[i]; c.Counts() && slices.Equal(c.Set, q.Set) {
			speeds = append(speeds, float64(c.PairsPerSecond))
		}
	}
	return Value(stats.Median(speeds))
}
