package report

import (
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

// CPU time that was stolen or throttled stands behind the columns of the report to match, and in
// words where it is notable.
func TestLostCPUIsReported(t *testing.T) {
	res := resultstest.Sweep("x", "", 10, 100.0, 20, 100.0)
	for i, steal := range []float64{0.2, 12} {
		m := res.Configurations[i]
		m.Samples = []results.Sample{{Configuration: i, Sample: state.Sample{Time: time.Unix(int64(i), 0), IntervalS: 1, StealPct: &steal, ThrottledPct: new(0.0)}}}
	}
	s := summary.Of(res)
	page := string(Markdown(s))
	for _, want := range []string{
		"| Padding Waste (%) | n/a | n/a | n/a | n/a | n/a |\n| CPU Steal (%) | 6.1 | 0.2 | 12.0 | 6.1 | 11.4 |\n| CPU Throttled (%) | 0.0 | 0.0 | 0.0 | 0.0 | 0.0 |\n",
		"| Queue (ms) | Padding (%) | Steal (%) | Throttled (%) |",
		"| 1 | n/a | n/a | n/a | n/a | 0 | n/a | n/a | n/a | n/a | 12.0 | 0.0 |",
		"| CPU time lost | steal 6.1 %, throttled 0.0 % of one core in the mean; **notable** in 1 of 2 configurations, see Validity |",
		"- **Disturbed:** batch=20, conc=1: 12.0 % of a core was taken by others on the machine's host.",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	if strings.Count(page, "**Disturbed:**") != 1 {
		t.Error("a configuration that lost hardly any CPU time is called disturbed")
	}
	charts := chartsOf(res)
	html, err := HTML(s, charts)
	if err != nil || !strings.Contains(string(html), "<td>CPU time stolen or throttled<td>notable in 1 of 2 configurations") {
		t.Errorf("the page does not say what was lost: %v", err)
	}
	i := slices.IndexFunc(charts, func(c chart.Chart) bool { return c.File == "time_cpu" })
	if i < 0 || len(charts[i].Series) != 2 || charts[i].Series[0].Name != "steal" {
		t.Errorf("there is no chart of it: %v", charts)
	}
}

// Older results have no such figures, which is not the same as none lost.
func TestLostCPUOfOlderResults(t *testing.T) {
	res := resultstest.Sweep("x", "", 10, 100.0)
	res.Configurations[0].Samples = []results.Sample{{Sample: state.Sample{Time: time.Unix(1, 0), IntervalS: 1}}}
	page := string(Markdown(summary.Of(res)))
	for _, want := range []string{"| CPU Steal (%) | n/a | n/a |", "| CPU time lost | n/a |"} {
		if !strings.Contains(page, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	if strings.Contains(page, "Disturbed") {
		t.Error("what was not measured is called disturbed")
	}
}

// What a model shares is a section, with n/a for a configuration whose model shares nothing;
// without any there is none.
func TestPrefixes(t *testing.T) {
	res := &results.Results{Configurations: []*results.Measured{{}, {}}}
	if page := string(Markdown(summary.Of(res))); strings.Contains(page, "Shared Prefixes") {
		t.Errorf("models that share nothing have a section:\n%s", page)
	}
	var s results.Sample
	s.CountPrefixes(state.Prefixes{}, state.Prefixes{Hits: 3, Misses: 1, Tokens: 70, MaxBytes: 9})
	res.Configurations[0].Samples = []results.Sample{s}
	page := string(Markdown(summary.Of(res)))
	for _, want := range []string{"## Shared Prefixes", "| 3 | 1 | 75.0% | 70 |", "| n/a | n/a | n/a | n/a |"} {
		if !strings.Contains(page, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
}
