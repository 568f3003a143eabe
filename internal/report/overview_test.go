package report

import (
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/chart"
	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/resultstest"
	"github.com/crossrank/crossrank/internal/summary"
)

func overview(all ...*results.Results) *Overview {
	var summaries []*summary.Summary
	for _, res := range all {
		summaries = append(summaries, summary.Of(res))
	}
	return OverviewOf(summaries)
}

func TestOverviewPages(t *testing.T) {
	a, b := resultstest.Repeats(1, 0), resultstest.OpenLoop()
	a.Run.Name = "05_batch"
	s := overview(a, b)
	page := string(s.Markdown())
	for _, want := range []string{
		"| 05_batch | 16 | ", "| yes |", "P99 ≤ 40 ms is met up to **50.00** requests/s of 4 pairs (200 pairs/s), and not at 100.00; that is 25 % of the capacity",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
	html, err := s.HTML(map[string][]chart.Chart{"05_batch": chartsOf(a)})
	if err != nil {
		t.Fatal(err)
	}
	if outside.Match(html) || strings.Contains(string(html), "<script") || !strings.Contains(string(html), "<b>50.00</b> requests/s") {
		t.Errorf("the page asks for something outside, has a script or lacks its findings:\n%.3000s", html)
	}
}
