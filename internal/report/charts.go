package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/stats"
)

// maxLines bounds the lines of a chart; more cannot be told apart.
const maxLines = 8

// Charts draws what res hold, leaving out charts that have nothing to show.
func Charts(res *results.Results) []Chart {
	r := Summarize(res)
	var charts []Chart
	for _, c := range []Chart{
		r.rates(), spectrum(r, res), r.along("batch", "Throughput against batch", "pairs a request"),
		r.along("concurrency", "Throughput against concurrency", "workers"), stages(r, res), waste(res), timeline(res), r.tradeoff(),
	} {
		if !c.empty() {
			charts = append(charts, c)
		}
	}
	return charts
}

// rates shows the latency at every rate of arrivals.
func (r *Report) rates() Chart {
	c := Chart{File: "rate", Title: "Latency against offered rate", X: "requests/s offered", Y: "latency (ms)"}
	lines := []Series{{Name: "P50"}, {Name: "P95"}, {Name: "P99"}}
	order := make([]int, 0, len(r.Configs))
	for i, config := range r.Configs {
		if config.Arrival != "" && config.Latency.P50.Measured() {
			order = append(order, i)
			c.Line = max(c.Line, config.ObjectiveMS)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(math.Copysign(1, r.Configs[a].Rate-r.Configs[b].Rate)) })
	for _, i := range order {
		d := r.Configs[i].Latency
		for k, v := range []Value{d.P50, d.P95, d.P99} {
			lines[k].X, lines[k].Y = append(lines[k].X, r.Configs[i].Rate), append(lines[k].Y, float64(v))
		}
	}
	c.Series = lines
	return c
}

// spectrum shows the latency at every percentile that the requests carry, 90, 99 and 99.9 being equally far apart.
func spectrum(r *Report, res *results.Results) Chart {
	c := Chart{File: "spectrum", Title: "Percentiles of latency", X: "percentile", Y: "latency (ms)", LogX: true}
	c.tick = func(v float64) string { return strconv.FormatFloat(100*(1-1/v), 'g', 6, 64) }
	for i, m := range res.Points {
		if len(c.Series) >= maxLines || m.Point.Search != "" {
			continue
		}
		c.Series = append(c.Series, percentiles(r.configName(i), m, (*results.Request).Latency))
		if m.Point.Arrival != "" && len(c.Series) < maxLines {
			c.Series = append(c.Series, percentiles(r.configName(i)+", service time", m, (*results.Request).Service))
		}
	}
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
	for _, p := range []float64{0, 10, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.99} {
		if len(ms) > 0 && (p <= 50 || len(ms) >= stats.Needed(p, 0)) {
			s.X, s.Y = append(s.X, 100/(100-p)), append(s.Y, sorted.Percentile(p))
		}
	}
	return s
}

// along shows the throughput along one of the two axes that every experiment has, a line for each value of all others.
func (r *Report) along(axis, title, x string) Chart {
	c := Chart{File: "throughput_" + axis, Title: title, X: x, Y: "pairs/s"}
	seen := map[int]bool{}
	for i := range r.Configs {
		config := &r.Configs[i]
		if config.Arrival != "" || config.Search != "" || !config.PairsPerSecond.Measured() {
			continue
		}
		at, name := config.Batch, fmt.Sprintf("concurrency %d", config.Concurrency)
		if axis == "concurrency" {
			at, name = config.Concurrency, fmt.Sprintf("batch %d", config.Batch)
		}
		name += config.set()
		if config.Repeat > 0 {
			name += fmt.Sprintf(", repeat %d", config.Repeat+1)
		}
		k := slices.IndexFunc(c.Series, func(s Series) bool { return s.Name == name })
		if k < 0 {
			if len(c.Series) >= maxLines {
				continue
			}
			k = len(c.Series)
			c.Series = append(c.Series, Series{Name: name})
		}
		seen[at] = true
		c.Series[k].X, c.Series[k].Y = append(c.Series[k].X, float64(at)), append(c.Series[k].Y, float64(config.PairsPerSecond))
	}
	if len(seen) < 2 {
		c.Series = nil
	}
	return c
}

// stages stacks the mean times of a request's stages; the rest is what its caller waited besides.
func stages(r *Report, res *results.Results) Chart {
	c := Chart{File: "stages", Title: "Where a request's time goes", X: "configuration, numbered as above", Y: "mean ms"}
	layers := []Series{{Name: "tokenize"}, {Name: "queue"}, {Name: "compute"}, {Name: "network, lateness and the rest"}}
	for i, m := range res.Points {
		var sum [4]float64
		n := 0.0
		for k := range m.Requests {
			if q := &m.Requests[k]; q.OK() {
				n++
				known := q.Tokenize + q.Queue + q.Compute
				for l, d := range []time.Duration{q.Tokenize, q.Queue, q.Compute, max(0, q.Latency()-known)} {
					sum[l] += milliseconds(d)
				}
			}
		}
		if n == 0 || len(c.Stack) >= 40 {
			continue
		}
		for l := range layers {
			layers[l].X, layers[l].Y = append(layers[l].X, float64(len(c.Stack))), append(layers[l].Y, sum[l]/n)
		}
		c.Stack = append(c.Stack, strconv.Itoa(i+1))
	}
	c.Series = layers
	return c
}

// waste counts the requests by the part of their work that padding them to their longest pair would have wasted.
func waste(res *results.Results) Chart {
	c := Chart{File: "padding", Title: "Padding that requests alone would need", X: "padding (%)", Y: "requests"}
	layer := Series{Name: "requests"}
	for b := range 10 {
		c.Stack = append(c.Stack, fmt.Sprintf("%d–%d", 10*b, 10*b+10))
		layer.X, layer.Y = append(layer.X, float64(b)), append(layer.Y, 0)
	}
	n := 0
	for _, m := range res.Points {
		for i := range m.Requests {
			if q := &m.Requests[i]; q.OK() && q.PaddedTokens > 0 {
				part := 1 - float64(q.Tokens)/float64(q.PaddedTokens)
				layer.Y[min(9, max(0, int(10*part)))]++
				n++
			}
		}
	}
	if n > 0 {
		c.Series = []Series{layer}
	}
	return c
}

// timeline shows the throughput over time, as the server saw it.
func timeline(res *results.Results) Chart {
	c := Chart{File: "time", Title: "The server's throughput over time", X: "seconds since the first sample", Y: "pairs/s"}
	s := Series{Name: "pairs/s"}
	var first time.Time
	for _, m := range res.Points {
		for _, sample := range m.Samples {
			if first.IsZero() {
				first = sample.Time
			}
			s.X = append(s.X, sample.Time.Sub(first).Seconds())
			s.Y = append(s.Y, float64(sample.Pairs)/sample.Interval)
		}
	}
	c.Series = []Series{s}
	return c
}

// tradeoff sets every configuration's throughput against its latency.
func (r *Report) tradeoff() Chart {
	c := Chart{File: "tradeoff", Title: "Throughput against latency of the configurations", X: "average latency (ms)", Y: "pairs/s", Dots: true}
	s := Series{Name: "a configuration"}
	for _, config := range r.Configs {
		if config.PairsPerSecond.Measured() && config.Latency.Average.Measured() {
			s.X, s.Y = append(s.X, float64(config.Latency.Average)), append(s.Y, float64(config.PairsPerSecond))
		}
	}
	if len(s.X) > 1 {
		c.Series = []Series{s}
	}
	return c
}
