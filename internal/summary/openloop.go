package summary

import (
	"slices"
	"time"

	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/stats"
)

// Pacing says how well a generator followed its schedule. Otherwise the latencies are not those of
// the offered rate.
type Pacing struct {
	LagP99   Value   `json:"lag_p99_ms"`       // of sending
	LagBound float64 `json:"lag_bound_ms"`     // that makes it valid: max(1 ms, 1 % of the objective)
	Offered  Value   `json:"offered_per_s"`    // requests, as planned
	Achieved Value   `json:"achieved_per_s"`   // requests, as sent
	Dropped  int     `json:"dropped_requests"` // not sent, because too many were in flight

	fault string
}

// Valid reports whether the generator followed the schedule.
func (p *Pacing) Valid() bool { return p.LagP99.Measured() && p.Achieved.Measured() && p.fault == "" }

// pace works out the figures of an open loop.
func (c *Configuration) pace(requests []results.Request) {
	var intended, sent []time.Duration
	var service []float64
	for i := range requests {
		r := &requests[i]
		intended, sent = append(intended, r.Intended), append(sent, r.Sent())
		if r.OK() {
			service = append(service, stats.Milliseconds(r.Service()))
		}
	}
	objective := time.Duration(c.ObjectiveMS * float64(time.Millisecond))
	kept := stats.PacingOf(intended, sent)
	c.Pacing = &Pacing{
		LagP99: Unmeasured, LagBound: stats.Milliseconds(stats.LagBound(objective)),
		Offered: Value(kept.Offered), Achieved: Value(kept.Achieved), Dropped: kept.Dropped, fault: kept.Fault(objective),
	}
	if kept.Dropped < len(requests) {
		c.Pacing.LagP99 = Value(stats.Milliseconds(kept.LagP99))
	}
	d := distributionOf(service)
	c.Service = &d
}

// Goodput is how many requests per second were answered within a bound.
type Goodput struct {
	WithinMS  float64 `json:"within_ms"`
	PerSecond Value   `json:"per_s"`
}

// goodput counts the requests within each bound.
func (c *Configuration) goodput(bounds []float64, latency []float64) {
	c.Goodput = Unmeasured
	if c.ObjectiveMS > 0 && !slices.Contains(bounds, c.ObjectiveMS) {
		bounds = append([]float64{c.ObjectiveMS}, bounds...)
	}
	if len(latency) == 0 || c.Seconds <= 0 {
		return
	}
	for _, bound := range bounds {
		within := 0
		for _, l := range latency {
			if l <= bound {
				within++
			}
		}
		g := Goodput{bound, Value(float64(within) / c.Seconds)}
		if bound == c.ObjectiveMS {
			c.Goodput = g.PerSecond
		}
		c.Goodputs = append(c.Goodputs, g)
	}
}

// Bounds are the objectives of the latency that a configuration was measured for, in ms.
func (c *Configuration) Bounds() []float64 {
	var all []float64
	for _, g := range c.Goodputs {
		all = append(all, g.WithinMS)
	}
	return all
}

// GoodputsOf gives the goodput at every multiple of the rate that a search came to, lowest first.
func (s *Summary) GoodputsOf(f results.SLOResult) []Value {
	var all []Value
	for i := range s.Configurations {
		c := &s.Configurations[i]
		// At the rate itself, it is that of the probe which confirmed it.
		confirmed := c.Search == results.SearchConfirm && c.Rate == f.Passing && c.Pacing != nil && c.Pacing.Valid()
		if c.Search != results.SearchGoodput && !confirmed || c.Batch != f.Batch || c.Repeat != f.Repeat || !slices.Equal(c.Set, f.Set) {
			continue
		}
		if k := slices.IndexFunc(c.Goodputs, func(g Goodput) bool { return g.WithinMS == f.LatencyMS }); k >= 0 {
			all = append(all, c.Goodputs[k].PerSecond)
		}
	}
	return all
}
