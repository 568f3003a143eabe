package report

import (
	"fmt"
	"math"
	"slices"

	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/stats"
)

// Pacing says how well a generator kept its schedule. Where it did not, the latencies are not those of the offered rate.
type Pacing struct {
	LagP99   Value   `json:"lag_p99_ms"`       // of sending
	LagBound float64 `json:"lag_bound_ms"`     // that makes it valid: max(1 ms, 1 % of the objective)
	Offered  Value   `json:"offered_per_s"`    // requests, as planned
	Achieved Value   `json:"achieved_per_s"`   // requests, as sent
	Dropped  int     `json:"dropped_requests"` // not sent, because too many were under way
}

// leastAchieved is the part of the offered rate that has to be sent.
const leastAchieved = 0.99

// Valid tells whether the schedule was kept.
func (p *Pacing) Valid() bool {
	return float64(p.LagP99) <= p.LagBound && float64(p.Achieved) >= leastAchieved*float64(p.Offered)
}

// pace works out the figures of an open loop.
func (c *Config) pace(m *results.Measured) {
	p := &Pacing{LagP99: unmeasured, Offered: unmeasured, Achieved: unmeasured, LagBound: max(1, c.ObjectiveMS/100)}
	var service, lag []float64
	firstI, lastI, firstS, lastS := math.Inf(1), 0.0, math.Inf(1), 0.0
	for i := range m.Requests {
		r := &m.Requests[i]
		firstI, lastI = min(firstI, r.Intended.Seconds()), max(lastI, r.Intended.Seconds())
		if r.Code == results.Dropped {
			p.Dropped++
			continue
		}
		firstS, lastS = min(firstS, r.Started.Seconds()), max(lastS, r.Started.Seconds())
		lag = append(lag, milliseconds(r.Lag()))
		if r.OK() {
			service = append(service, milliseconds(r.Service()))
		}
	}
	p.LagP99 = Value(stats.Sort(lag).Percentile(99))
	if n := len(m.Requests); n > 1 && lastI > firstI {
		p.Offered = Value(float64(n-1) / (lastI - firstI))
	}
	if n := len(lag); n > 1 && lastS > firstS {
		p.Achieved = Value(float64(n-1) / (lastS - firstS))
	}
	d := distributionOf(service)
	c.Service, c.Pacing = &d, p
}

// settings prints what each configuration of a sweep has for the swept keys.
func (r *Report) settings(p *printer) {
	if len(r.Configs) == 0 || len(r.Configs[0].Set) == 0 {
		return
	}
	p.para("## Swept Settings")
	names := []string{"Config"}
	for _, s := range r.Configs[0].Set {
		names = append(names, text(s.Key))
	}
	p.header(append(names, "Batch", "Conc", "Pairs/s", "Lat Avg")...)
	for i := range r.Configs {
		c := &r.Configs[i]
		if len(c.Set) != len(names)-1 {
			continue
		}
		cells := []string{fmt.Sprint(i + 1)}
		for _, s := range c.Set {
			cells = append(cells, text(s.Value))
		}
		p.row(append(cells, fmt.Sprint(c.Batch), fmt.Sprint(c.Concurrency), c.PairsPerSecond.format("%.1f"), c.Latency.Average.format("%.1fms"))...)
	}
	p.line("")
}

// openLoop prints what only an open loop knows.
func (r *Report) openLoop(p *printer) {
	any := false
	var m marks
	for i := range r.Configs {
		c := &r.Configs[i]
		if c.Pacing == nil {
			continue
		}
		if !any {
			any = true
			p.para("## Open Loop")
			p.header("Config", "Offered/s", "Sent/s", "Response P50", "Response P99", "Service P50", "Service P99", "Lag P99", "Dropped", "Valid")
		}
		valid := "yes"
		if !c.Pacing.Valid() {
			valid = "**no**"
		}
		n := c.Answered
		p.row(c.name("conc"), c.Pacing.Offered.format("%.2f"), c.Pacing.Achieved.format("%.2f"),
			c.Latency.P50.format("%.1fms"), m.mark(c.Latency.P99.format("%.1fms"), 99, n),
			c.Service.P50.format("%.1fms"), m.mark(c.Service.P99.format("%.1fms"), 99, n),
			c.Pacing.LagP99.format("%.3fms"), fmt.Sprint(c.Pacing.Dropped), valid)
	}
	if !any {
		return
	}
	p.line("")
	m.note(p)
	p.para("Response time counts from the intended moment of sending, service time from the actual one. A configuration is valid when "+
		"the P99 of the lag is at most 1 ms, or 1 %% of the objective if that is more, and %.0f %% of the offered rate were sent.", 100*leastAchieved)
}

// objectives prints what the searches came to.
func (r *Report) objectives(p *printer) {
	if len(r.Found) == 0 {
		return
	}
	p.para("## Objectives")
	p.header("Objective", "Batch", "Capacity/s", "Highest passing/s", "Lowest failing/s", "Goodput at 1, 1.5, 2, 5 times (requests/s)", "Note")
	rate := func(v float64) string {
		if v == 0 {
			return "none"
		}
		return fmt.Sprintf("%.2f", v)
	}
	for _, f := range r.Found {
		p.row(fmt.Sprintf("P%g ≤ %g ms", f.Percentile, f.LatencyMS), fmt.Sprint(f.Batch), rate(f.Capacity), rate(f.Passing), rate(f.Failing),
			r.goodputs(f), text(f.Note))
	}
	p.line("")
	p.para("A rate passes when as few requests are late as it takes to hold the percentile with %.0f %% confidence. Capacity is the closed "+
		"loop's. Goodput counts the requests that were answered within the objective.", 100*stats.Confidence)
}

// goodputs lists the goodput at every multiple of the rate that a search found.
func (r *Report) goodputs(f results.SLOResult) string {
	words := ""
	for i := range r.Configs {
		c := &r.Configs[i]
		// At the rate itself, it is that of the probe which confirmed it.
		confirmed := c.Search == results.SearchConfirm && c.Rate == f.Passing && c.Pacing != nil && c.Pacing.Valid()
		if c.Search != results.SearchGoodput && !confirmed || c.Batch != f.Batch || c.Repeat != f.Repeat || c.set() != (&Config{Set: f.Set}).set() {
			continue
		}
		k := slices.IndexFunc(c.Goodputs, func(g Goodput) bool { return g.WithinMS == f.LatencyMS })
		if k < 0 {
			continue
		}
		if words != "" {
			words += ", "
		}
		words += c.Goodputs[k].PerSecond.format("%.2f")
	}
	if words == "" {
		return notMeasured
	}
	return words
}
