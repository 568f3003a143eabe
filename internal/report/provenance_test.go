package report

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/resultstest"
	"github.com/crossrank/crossrank/internal/summary"
)

func TestCommandLine(t *testing.T) {
	for want, args := range map[string][]string{
		"":                                   nil,
		"crossrank bench --batch 8":          {"crossrank", "bench", "--batch", "8"},
		"crossrank --data 'my pairs.jsonl'":  {"crossrank", "--data", "my pairs.jsonl"},
		`crossrank 'it'\''s' ''`:             {"crossrank", "it's", ""},
		"crossrank '$HOME' 'a;b' '*' -x=1,2": {"crossrank", "$HOME", "a;b", "*", "-x=1,2"},
	} {
		if got := commandLine(args); got != want {
			t.Errorf("of %q it is %s, want %s", args, got, want)
		}
	}
}

func TestProvenance(t *testing.T) {
	known := resultstest.Sweep("x", "", 10, 100.0)
	known.Run.Model = crossrank.Info{Layers: 6, Hidden: 384, Parameters: 22_000_000, VocabSize: 30522, Quantization: "int8", MaxLength: 512,
		Tier: "avx2", Threads: 2, Version: "v2", Weights: "sha256:w"}
	known.Run.Data = results.Data{Name: "pairs.jsonl", Hash: "sha256:d", Pairs: 3200}
	known.Run.Started = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	known.Run.CommandLine = []string{"crossrank", "a b"}
	elsewhere := resultstest.Sweep("x", "", 10, 100.0)
	elsewhere.Run.Dialect, elsewhere.Run.ExternalServer = "tei", true
	elsewhere.Run.Data = results.Data{Name: "synthetic, seed 7"}
	elsewhere.Skipped = 3
	for what, c := range map[string]struct {
		res         *results.Results
		want, never []string
	}{
		"known": {known, []string{
			"| Model shape | 6 layers of 384, 22000000 parameters, 30522 word pieces |", "| Maximum length | 512 tokens |", "| Data hash | sha256:d |",
			"| Data size | 3200 pairs |", "| crossrank of the server | v2 |", "| Command line | `crossrank 'a b'` |", "| Threads a batch | 2 |",
			"| Started | 2026-01-02T03:04:05Z |", "| Loop model | closed loop, workers: 1 |",
		}, []string{"| Dialect |", "already running"}},
		"a server of another maker": {elsewhere, []string{
			"| Version of the server | n/a |", "| Dialect | tei |", "| Data hash | none: the data is synthetic |", "| Model shape | n/a |",
			"- The server was already running, possibly on another machine", "- 3 lines of the results are of unknown kinds",
		}, []string{"| Started |", "crossrank of the server"}},
	} {
		page := string(Markdown(summary.Of(c.res)))
		for _, want := range c.want {
			if !strings.Contains(page, want) {
				t.Errorf("%s: no %q", what, want)
			}
		}
		for _, never := range c.never {
			if strings.Contains(page, never) {
				t.Errorf("%s: it says %q", what, never)
			}
		}
	}
}

func TestLoopModelOfASearch(t *testing.T) {
	res := resultstest.OpenLoop()
	capacity := *res.Configurations[0]
	capacity.Configuration.Arrival, capacity.Configuration.Rate, capacity.Configuration.Concurrency = "", 0, 4
	res.Configurations = append([]*results.Measured{&capacity}, res.Configurations...)
	if page := string(Markdown(summary.Of(res))); !strings.Contains(page, "| Loop model | open loop, rates: 50/s, 100/s; closed loop, workers: 4 |") {
		t.Error("the loop model lacks its rates or its workers")
	}
}

func TestFaults(t *testing.T) {
	res := resultstest.Sweep("x", "", 10, 100.0, 20, 100.0)
	res.Partial = []string{"batch=10, concurrency=1 was cut off", "stopped by *a signal*"}
	for i := range 3 {
		res.Configurations[0].Requests[i].Code, res.Configurations[0].Requests[i].Error = "overloaded", "full | or\nnot"
	}
	res.Configurations[0].Requests[3].Code = "canceled"
	res.Configurations[1].End.Invalid = "the generator was late"
	res.Configurations[1].End.Complete = false
	s := summary.Of(res)
	page := string(Markdown(s))
	for _, want := range []string{
		`> **Partial results:** stopped by \*a signal\*.`, `- **Partial:** stopped by \*a signal\*.`, "- **Partial:** batch=10, concurrency=1 was cut off.",
		"- **Failed:** batch=10, conc=1: 1 canceled, 3 overloaded; the first with `full \\| or not`.",
		"- **Not valid:** batch=20, conc=1: the generator was late.", "tokens were truncated because their pairs exceed the maximum length",
		"| batch=10, conc=1 | n/a | 96 | 4 | 0 | 0 |", "| **no** |",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
	if got, want := faulty(s), "Not valid: 1 of 2 configurations, the first, batch=20, concurrency=1: the generator was late"; got != want {
		t.Errorf("the page says %q, want %q", got, want)
	}
	html, err := HTML(s, nil)
	if err != nil || !strings.Contains(string(html), "<b>(not valid)</b>") || !strings.Contains(string(html), "Partial: stopped by *a signal*.") {
		t.Errorf("the page lacks a fault: %v", err)
	}
}

func TestTilesAndFacts(t *testing.T) {
	s := summary.Of(resultstest.OpenLoop())
	var got []string
	for _, tile := range tiles(s) {
		got = append(got, strings.Join([]string{tile.Name, tile.Value, tile.Note}, ": "))
	}
	for _, want := range []string{"Highest rate, P99 ≤ 40 ms: 50.00 requests/s: of 4 pairs", "Requests answered: 1000: 0 failed, 2 configurations"} {
		if !slices.Contains(got, want) {
			t.Errorf("no tile %q in %q", want, got)
		}
	}
	s.SLO[0].Passing = 0
	if all := tiles(s); all[2].Value != "none" {
		t.Errorf("no rate that passes is %q", all[2].Value)
	}
	nothing := summary.Of(&results.Results{})
	if all := tiles(nothing); len(all) != 1 || all[0].Value != "0" {
		t.Errorf("of nothing there are the tiles %q", all)
	}
	for _, f := range facts(nothing) {
		t.Errorf("of nothing there is the fact %q", f)
	}
}

func TestBatchingWords(t *testing.T) {
	for want, b := range map[string]*summary.Batching{
		"batches of the default size, no timeout: whatever waits when the engine becomes free is a batch": {},
		"at most 64 pairs a batch, at most 4096 tokens a batch, timeout 2.5ms":                            {MaxPairs: 64, MaxTokens: 4096, TimeoutMS: 2.5},
	} {
		if got := batchingWords(b); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
