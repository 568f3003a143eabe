package report

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"time"

	"github.com/crossrank/crossrank/internal/chart"
	"github.com/crossrank/crossrank/internal/results"
)

// batchSizes counts the batches that the server ran by their pairs. A sample has how many began in
// its interval and the mean of their pairs, so batches of one interval count as equal.
func batchSizes(res *results.Results) chart.Chart {
	c := chart.Chart{File: "batches", Title: "Batches by their size", X: "pairs a batch", Y: "batches", Upward: true,
		Note: "Sizes are means of what began in one interval of the server's history."}
	counts := map[int]float64{}
	for _, m := range res.Configurations {
		for i := range m.Samples {
			if s := &m.Samples[i]; s.Batches != nil && s.BatchPairs != nil && *s.Batches > 0 {
				counts[bits.Len(uint(max(1, math.Round(*s.BatchPairs))-1))] += float64(*s.Batches)
			}
		}
	}
	if len(counts) == 0 {
		return c
	}
	most := 0
	for class := range counts {
		most = max(most, class)
	}
	layer := chart.Series{Name: "batches"}
	for class := range most + 1 {
		name := fmt.Sprint(1 << class)
		if class > 1 {
			name = fmt.Sprintf("%d–%d", 1<<(class-1)+1, 1<<class)
		}
		c.Names, layer.Y = append(c.Names, name), append(layer.Y, counts[class])
	}
	c.Series = []chart.Series{layer}
	return c
}

// padding counts the requests by the part of their work that padding them to their longest pair
// would have wasted.
func padding(res *results.Results) chart.Chart {
	c := chart.Chart{File: "padding", Title: "Padding if each request were padded by itself", X: "padding (% of the tokens computed)", Y: "requests", Upward: true}
	layer := chart.Series{Name: "requests"}
	for b := range 10 {
		c.Names, layer.Y = append(c.Names, fmt.Sprintf("%d–%d", 10*b, 10*b+10)), append(layer.Y, 0)
	}
	n := 0
	for _, m := range res.Configurations {
		for i := range m.Requests {
			if q := &m.Requests[i]; q.OK() && q.PaddedTokens > 0 {
				part := 1 - float64(q.Tokens)/float64(q.PaddedTokens)
				layer.Y[min(9, max(0, int(10*part)))]++
				n++
			}
		}
	}
	if n > 0 {
		c.Series = []chart.Series{layer}
	}
	return c
}

// timelines show the server's samples over time: its throughput, its CPU, its memory and its queue.
// Lines break where one configuration ends and another begins.
func timelines(res *results.Results) []chart.Chart {
	const x = "seconds since the first sample"
	charts := []struct {
		chart.Chart
		lines []string
		of    []func(*results.Sample) *float64
	}{
		{chart.Chart{File: "time_rate", Title: "The server's throughput over time", Y: "pairs/s"}, []string{"pairs/s"},
			[]func(*results.Sample) *float64{func(s *results.Sample) *float64 { return new(float64(s.Pairs) / s.IntervalS) }}},
		{chart.Chart{File: "time_cpu", Title: "The server's CPU over time", Y: "% of one core"}, []string{"CPU", "steal", "throttled"},
			[]func(*results.Sample) *float64{
				func(s *results.Sample) *float64 { return s.CPUPct },
				func(s *results.Sample) *float64 { return s.StealPct },
				func(s *results.Sample) *float64 { return s.ThrottledPct },
			}},
		{chart.Chart{File: "time_memory", Title: "The server's memory over time", Y: "resident MiB"}, []string{"resident"},
			[]func(*results.Sample) *float64{func(s *results.Sample) *float64 { return scaled(s.RSSBytes, 1.0/(1<<20)) }}},
		{chart.Chart{File: "time_queue", Title: "The server's queue over time", Y: "pairs, requests"}, []string{"queued pairs", "requests in flight"},
			[]func(*results.Sample) *float64{
				func(s *results.Sample) *float64 { return scaled(s.QueuedPairs, 1) },
				func(s *results.Sample) *float64 { return scaled(s.InFlight, 1) },
			}},
	}
	var all []chart.Chart
	for _, chart := range charts {
		c := chart.Chart
		c.X = x
		for i, name := range chart.lines {
			if s := overTime(res, name, chart.of[i]); slices.ContainsFunc(s.Y, func(y float64) bool { return !math.IsNaN(y) }) {
				c.Series = append(c.Series, s)
			}
		}
		all = append(all, c)
	}
	return all
}

func scaled[N int | int64](n *N, by float64) *float64 {
	if n == nil {
		return nil
	}
	return new(float64(*n) * by)
}

// overTime is one figure of the samples.
func overTime(res *results.Results, name string, of func(*results.Sample) *float64) chart.Series {
	s := chart.Series{Name: name}
	var first time.Time
	for _, m := range res.Configurations {
		for i := range m.Samples {
			sample := &m.Samples[i]
			if first.IsZero() {
				first = sample.Time
			}
			y := math.NaN()
			if v := of(sample); v != nil {
				y = *v
			}
			s.X, s.Y = append(s.X, sample.Time.Sub(first).Seconds()), append(s.Y, y)
		}
		if n := len(s.X); n > 0 && len(m.Samples) > 0 {
			s.X, s.Y = append(s.X, s.X[n-1]), append(s.Y, math.NaN())
		}
	}
	return s
}
