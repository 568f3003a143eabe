package report

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank/internal/chart"
	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/resultstest"
	"github.com/crossrank/crossrank/internal/state"
	"github.com/crossrank/crossrank/internal/summary"
)

func chartsOf(res *results.Results) []chart.Chart { return Charts(summary.Of(res), res) }

// named gives the chart of a file's name.
func named(t *testing.T, res *results.Results, file string) chart.Chart {
	t.Helper()
	charts := chartsOf(res)
	i := slices.IndexFunc(charts, func(c chart.Chart) bool { return c.File == file })
	if i < 0 {
		t.Fatalf("there is no chart %s", file)
	}
	return charts[i]
}

func TestRatesAreOfValidConfigurations(t *testing.T) {
	res := resultstest.OpenLoop()
	c := named(t, res, "rate")
	var names []string
	for _, s := range c.Series {
		names = append(names, s.Name)
		if !slices.Equal(s.X, []float64{50, 100}) {
			t.Errorf("%s is at the rates %v", s.Name, s.X)
		}
	}
	if !slices.Equal(names, []string{"P50", "P95", "P99"}) || len(c.Bounds) != 1 || c.Bounds[0].At != 40 {
		t.Errorf("got the lines %q and the bounds %v", names, c.Bounds)
	}
	res.Configurations[1].End.Invalid = "late"
	if c := named(t, res, "rate"); len(c.Series[0].X) != 1 {
		t.Errorf("what is not valid is drawn: %v", c.Series)
	}
	res.Configurations[0].Requests = res.Configurations[0].Requests[:60] // enough for P50, not for P95
	if c := named(t, res, "rate"); len(c.Series) != 1 || c.Y != "P50 of the response time (ms)" {
		t.Errorf("of 60 requests there are the lines %v of %s", c.Series, c.Y)
	}
}

func TestSpectrum(t *testing.T) {
	c := named(t, resultstest.OpenLoop(), "spectrum")
	if len(c.Series) != 4 {
		t.Fatalf("%d lines, want response and service of two rates", len(c.Series))
	}
	last := c.Series[0].X[len(c.Series[0].X)-1]
	if last < 99.9 || last > 100.1 {
		t.Errorf("the last percentile is at 1/%v, want P99: 500 requests support no more", last)
	}
	many := resultstest.Workers(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
	if c := named(t, many, "spectrum"); len(c.Series) != maxLines || !strings.HasPrefix(c.Note, "The first 8 of 10 lines.") {
		t.Errorf("%d lines are drawn, with the note %q", len(c.Series), c.Note)
	}
}

func TestThroughputCharts(t *testing.T) {
	bars := named(t, resultstest.Repeats(1, 0), "throughput")
	if !slices.Equal(bars.Names, []string{"batch=8", "batch=32"}) || !strings.HasSuffix(bars.Title, " (conc=1)") {
		t.Errorf("the bars are %q under %q", bars.Names, bars.Title)
	}
	if s := bars.Series[0]; !(s.Low[0] < s.Y[0] && s.Y[0] < s.High[0]) {
		t.Errorf("a bar of 8 repeats is %v, from %v to %v", s.Y[0], s.Low[0], s.High[0])
	}
	line := named(t, resultstest.Workers(1, 2, 4), "throughput_concurrency")
	if len(line.Series) != 1 || !slices.Equal(line.Series[0].X, []float64{1, 2, 4}) {
		t.Errorf("along the concurrency: %v", line.Series)
	}
	// Nine values of a setting at two batch sizes are too many lines for one chart.
	var flat []any
	for i := range 18 {
		flat = append(flat, i/2, 100.0+float64(i))
	}
	res := resultstest.Sweep("x", "m.threads", flat...)
	for i, m := range res.Configurations {
		m.Configuration.Batch, m.Configuration.Concurrency = 8*(1+i%2), 1+i/2%3
	}
	files := map[string]bool{}
	for _, c := range chartsOf(res) {
		files[c.File] = true
		if strings.HasPrefix(c.File, "throughput_batch_") && !strings.Contains(c.Title, "at concurrency ") {
			t.Errorf("%s has the title %q", c.File, c.Title)
		}
	}
	if !files["throughput_batch_1"] || !files["throughput_batch_3"] || files["throughput_batch"] {
		t.Errorf("the charts are %v, want one for every concurrency", files)
	}
}

func TestTradeoffAndScatter(t *testing.T) {
	res := resultstest.Workers(1, 2, 4)
	if c := named(t, res, "tradeoff"); len(c.Series) != 1 || len(c.Series[0].X) != 3 || !c.Dots {
		t.Errorf("the trade-off has %v", c.Series)
	}
	c := named(t, res, "scatter")
	n := 0
	for _, s := range c.Series {
		n += len(s.X)
	}
	if n != 180 {
		t.Errorf("%d dots for 180 requests", n)
	}
	big := resultstest.Sweep("x", "", 10, 100.0)
	m := big.Configurations[0]
	for len(m.Requests) < 10*maxDots {
		m.Requests = append(m.Requests, m.Requests...)
	}
	if c := named(t, big, "scatter"); len(c.Series[0].X) > maxDots {
		t.Errorf("%d dots are drawn", len(c.Series[0].X))
	}
}

func TestHistograms(t *testing.T) {
	res := resultstest.Sweep("x", "", 10, 100.0)
	batches := func(n int64, pairs float64) results.Sample {
		return results.Sample{Sample: state.Sample{Time: time.Unix(1, 0), IntervalS: 1, Batches: &n, BatchPairs: &pairs}}
	}
	res.Configurations[0].Samples = []results.Sample{batches(3, 1), batches(2, 2), batches(5, 3.4), batches(1, 17), batches(0, 9)}
	c := named(t, res, "batches")
	if got, want := fmt.Sprint(c.Names, c.Series[0].Y), "[1 2 3–4 5–8 9–16 17–32] [3 2 5 0 0 1]"; got != want {
		t.Errorf("batches are %s, want %s", got, want)
	}
	padding := named(t, res, "padding")
	if got, want := fmt.Sprint(padding.Series[0].Y), "[0 0 0 0 100 0 0 0 0 0]"; got != want {
		t.Errorf("padding is %s, want %s: 600 of 1000 tokens are real", got, want)
	}
}

// Lines over time break between configurations, and a chart of what was not measured is left out.
func TestTimelines(t *testing.T) {
	res := resultstest.Sweep("x", "", 10, 100.0, 20, 100.0)
	for i, m := range res.Configurations {
		for k := range 3 {
			m.Samples = append(m.Samples, results.Sample{Configuration: i, Sample: state.Sample{
				Time: time.Unix(int64(10*i+k), 0), IntervalS: 1, Pairs: 100, QueuedPairs: new(k),
			}})
		}
	}
	rate := named(t, res, "time_rate")
	if s := rate.Series[0]; len(s.X) != 8 || s.X[4] != 10 || s.Y[3] == s.Y[3] {
		t.Errorf("the rate is %v at %v, want a gap behind the first three", s.Y, s.X)
	}
	queue := named(t, res, "time_queue")
	if len(queue.Series) != 1 || queue.Series[0].Name != "queued pairs" {
		t.Errorf("the queue is %v", queue.Series)
	}
	for _, c := range chartsOf(res) {
		if c.File == "time_cpu" || c.File == "time_memory" {
			t.Errorf("there is a chart %s of nothing", c.File)
		}
	}
}

func TestTooManyBars(t *testing.T) {
	var flat []any
	for i := range maxBars + 12 {
		flat = append(flat, i, 100.0)
	}
	c := named(t, resultstest.Sweep("x", "m.threads", flat...), "throughput")
	if len(c.Names) != maxBars || c.Note != "The first 48 of 60 configurations." {
		t.Errorf("%d bars, with the note %q", len(c.Names), c.Note)
	}
	if one := summary.Of(resultstest.Sweep("x", "", 10, 100.0)); func() bool { c := bars(one); return !c.Empty() }() {
		t.Error("one configuration alone is compared with itself")
	}
}
