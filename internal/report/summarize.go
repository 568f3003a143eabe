package report

import (
	"math"
	"slices"

	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/stats"
)

func summarizePoint(m *results.Measured) Config {
	c := Config{
		Batch: m.Configuration.Batch, Concurrency: m.Configuration.Concurrency, Planned: m.Configuration.Requests, Warmup: m.Configuration.Warmup,
		Failed: map[string]int{}, Seconds: m.Elapsed().Seconds(),
	}
	c.Set, c.Repeat, c.Search, c.ObjectiveMS = m.Configuration.Set, m.Configuration.Repeat, m.Configuration.Search, m.Configuration.Objective
	c.Arrival, c.Rate = m.Configuration.Arrival, m.Configuration.Rate
	if m.End != nil {
		c.Complete, c.Abandoned = m.End.Complete, m.End.Abandoned
		c.Invalid = m.End.Invalid
	}
	var latency, throughput []float64
	for i := range m.Requests {
		r := &m.Requests[i]
		if !r.OK() {
			if len(c.Failed) == 0 {
				c.FirstError = r.Error
			}
			c.Failed[string(r.Code)]++
			continue
		}
		c.Answered++
		c.Pairs += r.Pairs
		c.Tokens += r.Tokens
		c.TruncatedTokens += r.TruncatedTokens
		c.PaddedTokens += r.PaddedTokens
		// A clock that did not advance between two readings would make the throughput infinite.
		took := max(r.Latency(), 1)
		latency = append(latency, milliseconds(took))
		throughput = append(throughput, float64(r.Pairs)/took.Seconds())
	}
	c.goodput(m.Configuration.Objectives, latency)
	c.Stages = stagesOf(m)
	c.PairsPerSecond = perSecond(c.Pairs, c.Seconds)
	c.TokensPerSecond = perSecond(c.Tokens, c.Seconds)
	c.Latency = distributionOf(latency)
	c.PerRequest = distributionOf(throughput)
	c.Buckets = bucketsOf(latency, throughput)
	c.Correlation = Value(stats.Pearson(latency, throughput))
	c.offered(m)
	if c.Arrival != "" {
		c.pace(m)
	}
	return c
}

// goodput counts the requests within each bound.
func (c *Config) goodput(bounds []float64, latency []float64) {
	c.Goodput = unmeasured
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

func stagesOf(m *results.Measured) Stages {
	var s Stages
	n := Value(0)
	for i := range m.Requests {
		if r := &m.Requests[i]; r.OK() {
			n++
			s.Tokenize += Value(milliseconds(r.Tokenize))
			s.Queue += Value(milliseconds(r.Queue))
			s.Compute += Value(milliseconds(r.Compute))
			s.Rest += Value(milliseconds(max(0, r.Latency()-r.Tokenize-r.Queue-r.Compute)))
		}
	}
	if n == 0 {
		return Stages{unmeasured, unmeasured, unmeasured, unmeasured}
	}
	return Stages{s.Tokenize / n, s.Queue / n, s.Compute / n, s.Rest / n}
}

// perSecond is not measured where nothing was answered.
func perSecond(n int, seconds float64) Value {
	if n == 0 || seconds <= 0 {
		return unmeasured
	}
	return Value(float64(n) / seconds)
}

// bucketsOf parts the requests at the percentiles 50, 75 and 90 of their latency.
func bucketsOf(latency, throughput []float64) []Bucket {
	sorted := stats.Sort(latency)
	edges := []float64{math.Inf(-1), sorted.Percentile(50), sorted.Percentile(75), sorted.Percentile(90), math.Inf(1)}
	var buckets []Bucket
	for i := range len(edges) - 1 {
		var inside []float64
		for j, l := range latency {
			if l >= edges[i] && l < edges[i+1] {
				inside = append(inside, throughput[j])
			}
		}
		d := distributionOf(inside)
		buckets = append(buckets, Bucket{
			From: Value(edges[i]), To: Value(edges[i+1]),
			Average: d.Average, Min: d.Min, Max: d.Max, Count: len(inside),
		})
	}
	return buckets
}

// compare looks for the best of the configurations that were measured. The probes of a search are none, but the closed loop that it
// begins with is.
func compare(configs []Config) Overall {
	o := Overall{BestThroughput: unmeasured, BestLatency: unmeasured, FastestConfig: -1, SwiftestConfig: -1}
	var throughputs, latencies []float64
	for i, c := range configs {
		if c.Search != "" && c.Search != results.SearchCapacity {
			continue
		}
		if v := c.PairsPerSecond; v.Measured() {
			throughputs = append(throughputs, float64(v))
			if o.FastestConfig < 0 || v > o.BestThroughput {
				o.BestThroughput, o.FastestConfig = v, i
			}
		}
		if v := c.Latency.Average; v.Measured() {
			latencies = append(latencies, float64(v))
			if o.SwiftestConfig < 0 || v < o.BestLatency {
				o.BestLatency, o.SwiftestConfig = v, i
			}
		}
	}
	o.AvgThroughput, o.AvgLatency = Value(stats.Mean(throughputs)), Value(stats.Mean(latencies))
	return o
}

func intervalOf(config int, s *results.Sample) Interval {
	in := Interval{
		Config: config, GPUMemory: unmeasured, GPU: valueOf(s.GPUPct), CPU: valueOf(s.CPUPct),
		Latency: valueOf(s.LatencyMS), Throughput: Value(float64(s.Pairs) / s.IntervalS),
		Tokenize: valueOf(s.TokenizeMS), Compute: valueOf(s.ComputeMS), Queue: valueOf(s.QueueMS),
		Padding: valueOf(s.PaddingWastePct),
	}
	if s.GPUMemoryBytes != nil {
		in.GPUMemory = Value(float64(*s.GPUMemoryBytes) / (1 << 20))
	}
	return in
}

func valueOf(p *float64) Value {
	if p == nil {
		return unmeasured
	}
	return Value(*p)
}

// summarizeSeries sums up each figure over the samples that have it.
func summarizeSeries(series []Interval) []Usage {
	var usage []Usage
	for _, row := range []struct {
		name string
		of   func(*Interval) Value
	}{
		{"GPU Memory (MB)", func(in *Interval) Value { return in.GPUMemory }},
		{"GPU Utilization (%)", func(in *Interval) Value { return in.GPU }},
		{"CPU Usage (%)", func(in *Interval) Value { return in.CPU }},
		{"Tokenization (ms)", func(in *Interval) Value { return in.Tokenize }},
		{"Inference (ms)", func(in *Interval) Value { return in.Compute }},
		{"Queue Wait (ms)", func(in *Interval) Value { return in.Queue }},
		{"Padding Waste (%)", func(in *Interval) Value { return in.Padding }},
	} {
		var xs []float64
		for i := range series {
			if v := row.of(&series[i]); v.Measured() {
				xs = append(xs, float64(v))
			}
		}
		d := distributionOf(xs)
		usage = append(usage, Usage{Name: row.name, Average: d.Average, Min: d.Min, Max: d.Max, P50: d.P50, P95: d.P95})
	}
	return usage
}
