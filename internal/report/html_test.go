package report

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank/internal/results"
)

// openLoop makes results of an open loop at two rates: the second stalls in its middle, so that response and service time
// differ.
func openLoop() *results.Results {
	res := &results.Results{Run: results.Run{Name: `<script>alert("x")</script>`, Loop: "open"}}
	ms := time.Millisecond
	for i, rate := range []float64{50, 100} {
		gap := time.Duration(1e9 / rate)
		m := &results.Measured{Configuration: results.Configuration{Index: i, Batch: 4, Concurrency: 1, Arrival: "constant", Rate: rate, Objective: 40, Percent: 99}}
		for n := range 500 {
			at := time.Duration(n) * gap
			late := time.Duration(0)
			if i == 1 && n >= 100 && n < 200 {
				late = 30 * ms
			}
			m.Requests = append(m.Requests, results.Request{Seq: n, Intended: at, Started: at + late, Finished: at + late + 20*ms, Pairs: 4, Code: "ok",
				Tokens: 80, PaddedTokens: 100, Tokenize: ms, Queue: 2 * ms, Compute: 15 * ms})
		}
		m.End = &results.ConfigurationEnd{Elapsed: 500*gap + 20*ms, Complete: true}
		res.Configurations = append(res.Configurations, m)
	}
	res.SLOResults = []results.SLOResult{{Configuration: 1, Batch: 4, Percentile: 99, LatencyMS: 40, Capacity: 200, Passing: 50, Failing: 100}}
	return res
}

func TestOpenLoopIsReported(t *testing.T) {
	res := openLoop()
	res.Configurations[1].End.Invalid = "the generator was late"
	r := Summarize(res)
	if got := r.Faulty(); !strings.Contains(got, "1 of 2 configurations") || !strings.Contains(got, "the generator was late") {
		t.Errorf("what is not valid is told as %q", got)
	}
	first, second := r.Configs[0], r.Configs[1]
	if !first.Pacing.Valid() || math.Abs(float64(first.Pacing.Achieved)-50) > 0.01 {
		t.Errorf("the first rate: %+v, want valid and 50/s", first.Pacing)
	}
	if second.Pacing.Valid() || second.Pacing.LagP99 != 30 {
		t.Errorf("the second rate: %+v, want a lag of 30 ms, which is not valid", second.Pacing)
	}
	if second.Latency.P99 != 50 || second.Service.P99 != 20 {
		t.Errorf("P99 is %v in response and %v in service, want 50 and 20", second.Latency.P99, second.Service.P99)
	}
	if got, want := float64(second.Goodput), 400/5.02; math.Abs(got-want) > 0.01 {
		t.Errorf("goodput is %v, want %v: 400 of the requests within 40 ms", got, want)
	}
	page := string(r.Markdown())
	checkOrder(t, "the report", page, append(seedFormat[3:5:5], "## Open Loop", "| batch=4, constant at 50/s | 50.00 | 50.00 | 20.0ms | 20.0ms |",
		"| **no** |", "## Objectives", "| P99 ≤ 40 ms | 4 | 200.00 | 50.00 | 100.00 |", "## Provenance"))
}

var outside = regexp.MustCompile(`(?i)(src|href)\s*=\s*["']?\s*(https?:|//)|@import|url\(`)

func TestHTMLStandsAlone(t *testing.T) {
	for _, res := range []*results.Results{openLoop(), sample(1, 0), {}} {
		page, err := Summarize(res).HTML(Charts(res))
		if err != nil {
			t.Fatal(err)
		}
		if found := outside.FindString(string(page)); found != "" {
			t.Errorf("the page asks for something outside: %q", found)
		}
		if strings.Contains(string(page), "<script") {
			t.Error("a text from the results became a script")
		}
	}
}

func TestChartsAreWellFormed(t *testing.T) {
	want := map[string]bool{"rate": true, "spectrum": true, "stages": true, "padding": true, "scatter": true, "throughput": true}
	for _, c := range Charts(openLoop()) {
		delete(want, c.File)
		checkSVG(t, c)
	}
	for name := range want {
		t.Errorf("no chart %s", name)
	}
	files := map[string]bool{}
	for _, c := range Charts(sample(1, 0)) {
		files[c.File] = true
		checkSVG(t, c)
	}
	if !files["throughput_batch"] || files["throughput_concurrency"] || files["rate"] {
		t.Errorf("two batch sizes at one concurrency have the charts %v", files)
	}
	if charts := Charts(&results.Results{}); len(charts) > 0 {
		t.Errorf("of nothing there are %d charts", len(charts))
	}
}

func checkSVG(t *testing.T, c Chart) {
	t.Helper()
	svg := c.SVG()
	if noFigure.MatchString(svg) {
		t.Errorf("%s: a figure is no number", c.File)
	}
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%s: %v in %s", c.File, err, svg)
		}
	}
}

// A probe that several objectives are judged by has a goodput for each of them.
func TestGoodputOfEachObjective(t *testing.T) {
	res := openLoop()
	res.Configurations[0].Configuration.Search, res.Configurations[0].Configuration.Objective, res.Configurations[0].Configuration.Objectives = results.SearchConfirm, 10, []float64{10, 40}
	res.SLOResults[0].Passing = res.Configurations[0].Configuration.Rate
	r := Summarize(res)
	if c := r.Configs[0]; c.Goodput != 0 || len(c.Goodputs) != 2 || !c.Goodputs[1].PerSecond.Measured() {
		t.Fatalf("goodput %v, of each %v; want 0 within 10 ms and some within 40 ms", c.Goodput, c.Goodputs)
	}
	if got, want := r.goodputs(r.Found[0]), r.Configs[0].Goodputs[1].PerSecond.format("%.2f"); got != want {
		t.Errorf("goodputs are %s, want %s", got, want)
	}
}
