package report

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/chart"
	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/resultstest"
	"github.com/crossrank/crossrank/internal/summary"
)

func TestOpenLoopIsReported(t *testing.T) {
	res := resultstest.OpenLoop()
	res.Configurations[1].End.Invalid = "the generator was late"
	r := summary.Of(res)
	if got := faulty(r); !strings.Contains(got, "1 of 2 configurations") || !strings.Contains(got, "the generator was late") {
		t.Errorf("what is not valid is reported as %q", got)
	}
	first, second := r.Configurations[0], r.Configurations[1]
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
	page := string(Markdown(r))
	checkOrder(t, "the report", page, append(seedFormat[3:5:5], "## Open Loop", "| batch=4, constant at 50/s | 50.00 | 50.00 | 20.0ms | 20.0ms |",
		"| **no** |", "## Objectives", "| P99 ≤ 40 ms | 4 | 200.00 | 50.00 | 100.00 |", "## Provenance"))
}

var outside = regexp.MustCompile(`(?i)(src|href)\s*=\s*["']?\s*(https?:|//)|@import|url\(`)

func TestHTMLStandsAlone(t *testing.T) {
	for _, res := range []*results.Results{resultstest.OpenLoop(), resultstest.Repeats(1, 0), {}} {
		page, err := HTML(summary.Of(res), chartsOf(res))
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
	for _, c := range chartsOf(resultstest.OpenLoop()) {
		delete(want, c.File)
		checkSVG(t, c)
	}
	for name := range want {
		t.Errorf("no chart %s", name)
	}
	files := map[string]bool{}
	for _, c := range chartsOf(resultstest.Repeats(1, 0)) {
		files[c.File] = true
		checkSVG(t, c)
	}
	if !files["throughput_batch"] || files["throughput_concurrency"] || files["rate"] {
		t.Errorf("two batch sizes at one concurrency have the charts %v", files)
	}
	if charts := chartsOf(&results.Results{}); len(charts) > 0 {
		t.Errorf("of nothing there are %d charts", len(charts))
	}
}

func checkSVG(t *testing.T, c chart.Chart) {
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
