package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/crossrank/crossrank/internal/chart"
	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/stats"
	"github.com/crossrank/crossrank/internal/summary"
)

const (
	maxLines = 8    // of a chart; more are hard to distinguish
	maxBars  = 48   // under each other
	maxDots  = 1600 // of a cloud
)

// Charts draws what res hold, whose summary is sum, without charts that have nothing to show; the
// most important ones come first.
func Charts(sum *summary.Summary, res *results.Results) []chart.Chart {
	all := []chart.Chart{rates(sum), ramps(sum)}
	all = append(all, along(sum, batchAxis, concurrencyAxis, "throughput_batch", "Throughput against batch size", "pairs a request")...)
	all = append(all, along(sum, concurrencyAxis, batchAxis, "throughput_concurrency", "Throughput against concurrency", "requests in flight")...)
	all = append(all, bars(sum), stages(sum), spectrum(sum, res), tradeoff(sum), scatter(sum, res), batchSizes(res), padding(res))
	all = append(all, timelines(res)...)
	return slices.DeleteFunc(all, func(c chart.Chart) bool { return c.Empty() })
}

// rates shows the latency at every rate of arrivals, with the bounds that were asked for.
func rates(sum *summary.Summary) chart.Chart {
	c := chart.Chart{File: "rate", Title: "Latency against offered rate", X: "requests/s offered", Y: "response time (ms)", LogY: true,
		Note: "Only percentiles that enough requests support, of valid configurations."}
	var open []*summary.Configuration
	for i := range sum.Configurations {
		config := &sum.Configurations[i]
		if config.Arrival == "" || config.RampTo != 0 || config.Invalid != "" || !config.Latency.P50.Measured() {
			continue
		}
		open = append(open, config)
		for _, bound := range config.Bounds() {
			if !slices.ContainsFunc(c.Bounds, func(b chart.Bound) bool { return b.At == bound }) {
				c.Bounds = append(c.Bounds, chart.Bound{Name: fmt.Sprintf("objective: %g ms", bound), At: bound})
			}
		}
	}
	slices.SortStableFunc(open, func(a, b *summary.Configuration) int { return cmp.Compare(a.Rate, b.Rate) })
	for _, config := range open {
		d := config.Latency
		for _, p := range []struct {
			name string
			v    summary.Value
		}{{"P50", d.Carried(50, d.P50)}, {"P95", d.Carried(95, d.P95)}, {"P99", d.Carried(99, d.P99)}} {
			if p.v.Measured() {
				c.Add(p.name, config.Rate, float64(p.v))
			}
		}
	}
	if len(c.Series) == 1 {
		c.Y = c.Series[0].Name + " of the " + c.Y
	}
	return c
}

// spectrum shows the latency at every percentile that the requests carry, 90, 99 and 99.9 being
// equally far apart.
func spectrum(sum *summary.Summary, res *results.Results) chart.Chart {
	c := chart.Chart{File: "spectrum", Title: "Percentiles of latency", X: "percentile", Y: "latency (ms)", LogX: true}
	for _, p := range []float64{0, 50, 75, 90, 95, 99, 99.5, 99.9, 99.99} {
		c.XTicks = append(c.XTicks, chart.Tick{At: 100 / (100 - p), Text: fmt.Sprintf("%g", p)})
	}
	names := sum.Names((*summary.Configuration).ShortName)
	n := 0
	for i, m := range res.Configurations {
		if m.Configuration.Search != "" && m.Configuration.Search != results.SearchConfirm {
			continue
		}
		name := names[i]
		lines := []chart.Series{percentiles(name, m, (*results.Request).Latency)}
		if m.Configuration.Arrival != "" {
			lines[0].Name += ", response"
			lines = append(lines, percentiles(name+", service", m, (*results.Request).Service))
		}
		if len(lines[0].X) > 0 {
			n += len(lines)
			c.Series = append(c.Series, lines...)
		}
	}
	c.Series = c.Series[:min(n, maxLines)]
	c.ShortenNames()
	c.Note = strings.TrimSpace(leftOut(n, maxLines, "lines") + " Only percentiles that enough requests support.")
	return c
}

func percentiles(name string, m *results.Measured, of func(*results.Request) time.Duration) chart.Series {
	s := chart.Series{Name: name}
	var ms []float64
	for i := range m.Requests {
		if m.Requests[i].OK() {
			ms = append(ms, stats.Milliseconds(of(&m.Requests[i])))
		}
	}
	sorted := stats.Sort(ms)
	for _, p := range []float64{0, 10, 25, 50, 60, 70, 75, 80, 85, 90, 92.5, 95, 97.5, 98, 99, 99.5, 99.9, 99.99} {
		if len(ms) > 0 && (p <= 50 || len(ms) >= stats.Needed(p, 0)) {
			s.X, s.Y = append(s.X, 100/(100-p)), append(s.Y, sorted.Percentile(p))
		}
	}
	return s
}

// stages stacks the mean times of a request's stages; the rest is what its caller waited for
// otherwise.
func stages(sum *summary.Summary) chart.Chart {
	c := chart.Chart{File: "stages", Title: "Where a request's time goes", X: "mean ms of a request"}
	all := sum.Groups()
	c.Note = leftOut(len(all), maxBars, "configurations")
	layers := []chart.Series{{Name: "tokenize"}, {Name: "queue"}, {Name: "compute"}, {Name: "network, send lag and the rest"}}
	for _, one := range all[:min(len(all), maxBars)] {
		c.Names = append(c.Names, one.Name)
		for l, figure := range []func(*summary.Configuration) summary.Value{
			func(c *summary.Configuration) summary.Value { return c.Stages.Tokenize }, func(c *summary.Configuration) summary.Value { return c.Stages.Queue },
			func(c *summary.Configuration) summary.Value { return c.Stages.Compute }, func(c *summary.Configuration) summary.Value { return c.Stages.Rest },
		} {
			layers[l].Y = append(layers[l].Y, one.Median(figure))
		}
	}
	c.Series = layers
	c.ShortenNames()
	return c
}

// tradeoff sets every configuration's throughput against its latency.
func tradeoff(sum *summary.Summary) chart.Chart {
	c := chart.Chart{File: "tradeoff", Title: "Throughput against latency of the configurations", X: "mean latency (ms)", Y: "pairs/s", Dots: true}
	all := sum.Groups()
	if len(all) < 3 {
		return c
	}
	for _, one := range all {
		c.Add("a configuration", one.Median(func(c *summary.Configuration) summary.Value { return c.Latency.Average }), one.Median(summary.Throughput))
	}
	return c
}

// scatter sets every request's throughput against its latency.
func scatter(sum *summary.Summary, res *results.Results) chart.Chart {
	c := chart.Chart{File: "scatter", Title: "Throughput against latency of single requests", X: "latency (ms)", Y: "pairs/s of the request", Dots: true, LogX: true, LogY: true}
	names := sum.Names((*summary.Configuration).ShortName)
	var shown []int
	n := 0
	for i := range sum.Configurations {
		if config := &sum.Configurations[i]; config.Search == "" && config.Answered > 0 {
			n++
			if len(shown) < maxLines {
				shown = append(shown, i)
			}
		}
	}
	for _, i := range shown {
		requests := res.Configurations[i].Requests
		step := max(1, (len(requests)*len(shown)+maxDots-1)/maxDots)
		for k := 0; k < len(requests); k += step {
			if q := &requests[k]; q.OK() {
				took := max(q.Latency(), 1)
				c.Add(names[i], stats.Milliseconds(took), float64(q.Pairs)/took.Seconds())
			}
		}
	}
	c.Note = leftOut(n, maxLines, "configurations")
	c.ShortenNames()
	return c
}
