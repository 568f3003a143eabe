package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/stats"
)

const (
	maxLines = 8    // of a chart; more cannot be told apart
	maxBars  = 48   // under each other
	maxDots  = 1600 // of a cloud
)

// Charts draws what res hold, leaving out charts that have nothing to show; the most telling ones come first.
func Charts(res *results.Results) []Chart {
	r := Summarize(res)
	all := []Chart{r.rates()}
	all = append(all, r.along(batchAxis, concurrencyAxis, "throughput_batch", "Throughput against batch size", "pairs a request")...)
	all = append(all, r.along(concurrencyAxis, batchAxis, "throughput_concurrency", "Throughput against concurrency", "requests at once")...)
	all = append(all, r.bars(), r.stages(), spectrum(r, res), r.tradeoff(), scatter(r, res), batchSizes(res), padding(res))
	all = append(all, timelines(res)...)
	return slices.DeleteFunc(all, func(c Chart) bool { return c.empty() })
}

// rates shows the latency at every rate of arrivals, with the bounds that were asked for.
func (r *Report) rates() Chart {
	c := Chart{File: "rate", Title: "Latency against offered rate", X: "requests/s offered", Y: "response time (ms)", LogY: true,
		Note: "Only percentiles that the sample carries, of runs whose schedule was kept."}
	var open []*Config
	for i := range r.Configs {
		config := &r.Configs[i]
		if config.Arrival == "" || config.Invalid != "" || !config.Latency.P50.Measured() {
			continue
		}
		open = append(open, config)
		for _, bound := range config.bounds() {
			if !slices.ContainsFunc(c.Bounds, func(b Bound) bool { return b.At == bound }) {
				c.Bounds = append(c.Bounds, Bound{fmt.Sprintf("objective: %g ms", bound), bound})
			}
		}
	}
	slices.SortStableFunc(open, func(a, b *Config) int { return cmp.Compare(a.Rate, b.Rate) })
	for _, config := range open {
		d := config.Latency
		for _, p := range []struct {
			name string
			v    Value
		}{{"P50", d.carried(50, d.P50)}, {"P95", d.carried(95, d.P95)}, {"P99", d.carried(99, d.P99)}} {
			if p.v.Measured() {
				c.add(p.name, config.Rate, float64(p.v))
			}
		}
	}
	if len(c.Series) == 1 {
		c.Y = c.Series[0].Name + " of the " + c.Y
	}
	return c
}

// bounds are those of the latency that a configuration was held to.
func (c *Config) bounds() []float64 {
	var all []float64
	for _, g := range c.Goodputs {
		all = append(all, g.WithinMS)
	}
	return all
}

// spectrum shows the latency at every percentile that the requests carry, 90, 99 and 99.9 being equally far apart.
func spectrum(r *Report, res *results.Results) Chart {
	c := Chart{File: "spectrum", Title: "Percentiles of latency", X: "percentile", Y: "latency (ms)", LogX: true}
	for _, p := range []float64{0, 50, 75, 90, 95, 99, 99.5, 99.9, 99.99} {
		c.XTicks = append(c.XTicks, Tick{100 / (100 - p), fmt.Sprintf("%g", p)})
	}
	n := 0
	for i, m := range res.Configurations {
		if m.Configuration.Search != "" && m.Configuration.Search != results.SearchConfirm {
			continue
		}
		name := plain(r.configName(i))
		lines := []Series{percentiles(name, m, (*results.Request).Latency)}
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
	c.relabel()
	c.Note = strings.TrimSpace(leftOut(n, maxLines, "lines") + " Only percentiles that the sample carries.")
	return c
}

func percentiles(name string, m *results.Measured, of func(*results.Request) time.Duration) Series {
	s := Series{Name: name}
	var ms []float64
	for i := range m.Requests {
		if m.Requests[i].OK() {
			ms = append(ms, milliseconds(of(&m.Requests[i])))
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

// stages stacks the mean times of a request's stages; the rest is what its caller waited besides.
func (r *Report) stages() Chart {
	c := Chart{File: "stages", Title: "Where a request's time goes", X: "mean ms of a request"}
	all := r.merged()
	c.Note = leftOut(len(all), maxBars, "configurations")
	layers := []Series{{Name: "tokenize"}, {Name: "queue"}, {Name: "compute"}, {Name: "network, lateness and the rest"}}
	for _, one := range all[:min(len(all), maxBars)] {
		c.Names = append(c.Names, one.name)
		for l, figure := range []func(*Config) Value{
			func(c *Config) Value { return c.Stages.Tokenize }, func(c *Config) Value { return c.Stages.Queue },
			func(c *Config) Value { return c.Stages.Compute }, func(c *Config) Value { return c.Stages.Rest },
		} {
			layers[l].Y = append(layers[l].Y, one.of(figure))
		}
	}
	c.Series = layers
	short, common := labels(c.Names)
	c.Names, c.Title = short, c.Title+common
	return c
}

// tradeoff sets every configuration's throughput against its latency.
func (r *Report) tradeoff() Chart {
	c := Chart{File: "tradeoff", Title: "Throughput against latency of the configurations", X: "mean latency (ms)", Y: "pairs/s", Dots: true}
	all := r.merged()
	if len(all) < 3 {
		return c
	}
	for _, one := range all {
		c.add("a configuration", one.of(func(c *Config) Value { return c.Latency.Average }), one.of(throughput))
	}
	return c
}

// scatter sets every request's throughput against its latency.
func scatter(r *Report, res *results.Results) Chart {
	c := Chart{File: "scatter", Title: "Throughput against latency of single requests", X: "latency (ms)", Y: "pairs/s of the request", Dots: true, LogX: true, LogY: true}
	var shown []int
	n := 0
	for i := range r.Configs {
		if config := &r.Configs[i]; config.Search == "" && config.Answered > 0 {
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
				c.add(plain(r.configName(i)), milliseconds(took), float64(q.Pairs)/took.Seconds())
			}
		}
	}
	c.Note = leftOut(n, maxLines, "configurations")
	c.relabel()
	return c
}
