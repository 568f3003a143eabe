package report

import (
	"fmt"

	"github.com/crossrank/crossrank/internal/chart"
	"github.com/crossrank/crossrank/internal/summary"
)

// overTime prints the stretches of loads that move.
func (d *document) overTime() {
	any := false
	var m marks
	for i := range d.Configurations {
		for k, s := range d.Configurations[i].Stretches {
			if !any {
				any = true
				d.Para("## Over Time")
				d.Header("Config", "From", "To", "Due/s", "Answered/s", "Failed", "In flight", "P50", "P95", "P99")
			}
			name := ""
			if k == 0 {
				name = d.configuration(i)
			}
			n := s.Latency.N
			d.Row(name, fmt.Sprintf("%.1fs", s.From), fmt.Sprintf("%.1fs", s.To), s.Due.Format("%.2f"), s.Answered.Format("%.2f"),
				fmt.Sprint(s.Failed), fmt.Sprint(s.InFlight), s.Latency.P50.Format("%.1fms"),
				m.cell(s.Latency.P95, "%.1fms", 95, n), m.cell(s.Latency.P99, "%.1fms", 99, n))
		}
	}
	if !any {
		return
	}
	d.Line("")
	m.note(d)
	d.Para("The load moves evenly from the first value to the second. A request belongs to the time in which it was due, which in a " +
		"closed loop is when it was sent. In flight counts the requests that were due and not answered at the end of the time.")
}

// ramps shows the latency along loads that move.
func ramps(sum *summary.Summary) chart.Chart {
	c := chart.Chart{File: "ramp", Title: "Latency along a ramp", X: "s since the beginning", Y: "response time (ms)", LogY: true}
	names := sum.Names((*summary.Configuration).ShortName)
	n := 0
	for i := range sum.Configurations {
		for _, s := range sum.Configurations[i].Stretches {
			for _, p := range []struct {
				name string
				v    summary.Value
			}{{"P50", s.Latency.P50}, {"P95", s.Latency.Carried(95, s.Latency.P95)}} {
				if p.v.Measured() && n < maxLines/2 {
					c.Add(names[i]+", "+p.name, (s.From+s.To)/2, float64(p.v))
				}
			}
		}
		if len(sum.Configurations[i].Stretches) > 0 {
			n++
		}
	}
	c.Note = leftOut(n, maxLines/2, "configurations")
	c.ShortenNames()
	return c
}
