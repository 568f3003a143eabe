package main

import (
	"fmt"
	"time"

	"github.com/crossrank/crossrank/internal/load"
	"github.com/crossrank/crossrank/internal/stats"
)

// interim prints a line for every interval of a measurement, above the bar on a terminal.
type interim struct {
	bar   *progress
	every time.Duration
}

// print is a load.Config's Interval. The figures are those of the requests that ended in it.
func (i *interim) print(v load.Interval) {
	if v.From == 0 && v.To < i.every || v.To-v.From < i.every/2 {
		return // the whole measurement, whose result follows, or a rest that is too short for figures
	}
	i.bar.end()
	fmt.Fprintf(i.bar.w, "%v: %s\n", v.To.Round(100*time.Millisecond), describeInterval(v))
}

func describeInterval(v load.Interval) string {
	seconds := (v.To - v.From).Seconds()
	p50, p99 := "n/a", "n/a"
	if len(v.Latencies) > 0 {
		ms := make([]float64, len(v.Latencies))
		for k, l := range v.Latencies {
			ms[k] = stats.Milliseconds(l)
		}
		sorted := stats.Sort(ms)
		p50, p99 = fmt.Sprintf("%.1f ms", sorted.Percentile(50)), fmt.Sprintf("%.1f ms", sorted.Percentile(99))
	}
	return fmt.Sprintf("%.1f requests/s, %.1f pairs/s, P50 %s, P99 %s, %d failed, %d in flight",
		float64(v.Requests)/seconds, float64(v.Pairs)/seconds, p50, p99, v.Failed, v.InFlight)
}
