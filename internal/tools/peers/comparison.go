package main

import (
	"fmt"
	"slices"

	"github.com/crossrank/crossrank/internal/stats"
)

// comparison is a job's measurements of both engines, by round.
type comparison struct {
	job
	ours, peers []measurement
}

// gather puts the measurements of each job together, in the order in which they first appear.
func gather(records []record) []*comparison {
	var list []*comparison
	for _, r := range records {
		m := r.Measurement
		if m == nil {
			continue
		}
		i := slices.IndexFunc(list, func(c *comparison) bool { return c.job == m.job })
		if i < 0 {
			i, list = len(list), append(list, &comparison{job: m.job})
		}
		if c := list[i]; m.Engine == us {
			c.ours = append(c.ours, *m)
		} else {
			c.peers = append(c.peers, *m)
		}
	}
	return list
}

// Name says what a request is.
func (j job) Name() string {
	switch {
	case j.Batch == 1:
		return "one pair"
	case j.Order == "sorted":
		return fmt.Sprintf("%d pairs, sorted by length", j.Batch)
	}
	return fmt.Sprintf("%d pairs, unsorted", j.Batch)
}

// Unit is that of the figures: latency for single pairs, throughput for others.
func (j job) Unit() string {
	if j.Batch == 1 {
		return "ms (P50)"
	}
	return "pairs/s"
}

// values are the figures of an engine, one per round.
func (c *comparison) values(of []measurement) []float64 {
	var out []float64
	for _, m := range of {
		v := m.PairsPerSecond
		if c.Batch == 1 {
			v = m.P50
		}
		out = append(out, v)
	}
	return out
}

// Ours, Peers and Ratio are medians over the rounds; a ratio is ours over the peer's in the same
// round.
func (c *comparison) Ours() float64         { return stats.Median(c.values(c.ours)) }
func (c *comparison) Peers() float64        { return stats.Median(c.values(c.peers)) }
func (c *comparison) Ratio() float64        { return stats.Median(c.ratios()) }
func (c *comparison) LowestRatio() float64  { return slices.Min(c.ratios()) }
func (c *comparison) HighestRatio() float64 { return slices.Max(c.ratios()) }

func (c *comparison) ratios() []float64 { return ratios(c.values(c.ours), c.values(c.peers)) }

// ratios is ours over the peer's in each round.
func ratios(ours, peers []float64) []float64 {
	out := make([]float64, min(len(ours), len(peers)))
	for i := range out {
		out[i] = ours[i] / peers[i]
	}
	return out
}
