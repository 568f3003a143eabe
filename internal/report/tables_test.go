package report

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/resultstest"
	"github.com/crossrank/crossrank/internal/summary"
)

// summaryTable gives the names of the columns of the Results Summary, and its rows.
func summaryTable(t *testing.T, page string) (names []string, rows [][]string) {
	t.Helper()
	_, rest, ok := strings.Cut(page, "## Results Summary\n\n")
	if !ok {
		t.Fatal("there is no Results Summary")
	}
	table, _, _ := strings.Cut(rest, "\n\n")
	for i, line := range strings.Split(table, "\n") {
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		switch i {
		case 0:
			names = cells
		case 1: // the rule
		default:
			rows = append(rows, cells)
		}
	}
	return names, rows
}

// The first columns are those of the report to match; the rows differ in what was set, not only in
// what was measured.
func TestRowsCanBeToldApart(t *testing.T) {
	all := readAll(t, filepath.Join("..", "..", "experiments", "results"))
	twins := resultstest.OpenLoop()
	for _, m := range twins.Configurations {
		m.Configuration.Rate, m.Configuration.Search = 18.02, results.SearchProbe // a probe that was repeated
	}
	all = append(all, twins, resultstest.Repeats(1, 0), resultstest.Workers(1, 2, 4),
		resultstest.Sweep("threads", "model_pool.instances[0].threads", 1, 10.0, 2, 20.0, 3, 30.0))
	for _, res := range all {
		names, rows := summaryTable(t, string(Markdown(summary.Of(res))))
		if got := strings.Join(names[:9], " "); got != "Batch Conc Pairs Time(s) Lat Avg Lat P95 Lat P99 TP Avg TP P95" {
			t.Errorf("%s: the columns begin with %q", res.Run.Name, got)
		}
		seen := map[string]bool{}
		for i, row := range rows {
			if len(row) != len(names) {
				t.Fatalf("%s: row %d has %d cells under %d names: %q", res.Run.Name, i+1, len(row), len(names), row)
			}
			key := fmt.Sprint(row[:2], row[9:])
			if seen[key] {
				t.Errorf("%s: several rows are %s", res.Run.Name, key)
			}
			seen[key] = true
		}
		if len(rows) != len(res.Configurations) {
			t.Errorf("%s: %d rows of %d configurations", res.Run.Name, len(rows), len(res.Configurations))
		}
	}
}

// Every table that names configurations, every fault and every line of a chart says which one it is
// of, also where a search measured the same rate again.
func TestNamesAreDistinct(t *testing.T) {
	res := resultstest.OpenLoop()
	for _, m := range res.Configurations {
		m.Configuration.Rate, m.Configuration.Search, m.End.Invalid = 18.02, results.SearchConfirm, "late"
	}
	s := summary.Of(res)
	page := string(Markdown(s))
	for _, want := range []string{
		"| batch=4, constant at 18.02/s, confirm, config 1 | 50.00 |", "| batch=4, constant at 18.02/s, confirm, config 2 | 100.00 |", // Open Loop
		"| batch=4, constant at 18.02/s, confirm, config 2 | n/a | 500 |", // Validity
		"- **Not valid:** batch=4, constant at 18.02/s, confirm, config 2: late.",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	html, err := HTML(s, nil)
	if err != nil || strings.Count(string(html), "<td>batch=4, constant at 18.02/s, confirm, config 2") != 2 && !strings.Contains(string(html), "config 2 <b>") {
		t.Errorf("the page does not tell the configurations apart: %v", err)
	}
	seen := map[string]bool{}
	for _, line := range named(t, res, "spectrum").Series {
		if seen[line.Name] {
			t.Errorf("two lines are called %q", line.Name)
		}
		seen[line.Name] = true
	}
	if page := string(Markdown(summary.Of(resultstest.OpenLoop()))); strings.Contains(page, "config 1 |") {
		t.Error("configurations that differ in their names have numbers too")
	}
}

// A load at a rate has no concurrency, and a table says which throughputs are of single requests.
func TestOpenLoopShowsItsRate(t *testing.T) {
	page := string(Markdown(summary.Of(resultstest.OpenLoop())))
	names, rows := summaryTable(t, page)
	if got := names[9:]; !slices.Equal(got, []string{"Rate"}) {
		t.Errorf("the further columns are %q", got)
	}
	for i, rate := range []string{"50/s", "100/s"} {
		if rows[i][1] != "n/a" || rows[i][9] != rate || !strings.HasSuffix(rows[i][8], concurrentMark) {
			t.Errorf("row %d is %q, want no concurrency, the rate %s and a mark", i+1, rows[i], rate)
		}
	}
	for _, want := range []string{"\n‡ TP Avg is the whole system's. TP P95 is of single requests", "| Loop model | open loop, rates: 50/s, 100/s |",
		"- The time of an open loop counts from"} {
		if !strings.Contains(page, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	closed := string(Markdown(summary.Of(resultstest.Sweep("x", "", 10, 100.0))))
	if strings.Contains(closed, concurrentMark) {
		t.Error("one request at a time is marked")
	}
}

func TestSweptSettingsOfAnOpenLoop(t *testing.T) {
	res := resultstest.OpenLoop()
	for i, m := range res.Configurations {
		m.Configuration.Set = []results.Setting{{Key: "experiment.arrival.rate", Value: fmt.Sprint(50 * (i + 1))}}
	}
	if page := string(Markdown(summary.Of(res))); !strings.Contains(page, "| 1 | 50 | 4 | n/a | ") {
		t.Error("the swept settings of an open loop show a concurrency")
	}
}

// The short form for terminals has the same columns.
func TestTable(t *testing.T) {
	res := resultstest.Sweep("threads", "model_pool.instances[0].threads", 1, 10.0, 2, 20.0)
	res.Partial = []string{"stopped"}
	failed := &res.Configurations[1].Requests[0]
	failed.Code, failed.Error = "overloaded", "full"
	var text bytes.Buffer
	if err := Table(&text, summary.Of(res)); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(text.String()), "\n")
	for i, want := range []string{
		"batch conc pairs seconds pairs/s avg ms p50 ms p95 ms p99 ms failed threads",
		"10 1 1000 100.00 10.0 1000.0 1000.0 1000.0 1000.0 0 1",
		"10 1 990 50.00 19.8 500.0 500.0 500.0 500.0 1 2",
		"partial: stopped",
	} {
		if got := strings.Join(strings.Fields(lines[i]), " "); got != want {
			t.Errorf("line %d is %q, want %q", i+1, got, want)
		}
	}
	if err := Table(broken{}, summary.Of(res)); err == nil {
		t.Error("a terminal that is gone is no error")
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, fmt.Errorf("closed") }
