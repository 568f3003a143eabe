package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank/internal/machine"
	"github.com/crossrank/crossrank/internal/tools/docgen"
)

// made is a run for tests.
var made = run{Date: time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC), Command: "make chaos", Version: "v1", Commit: "abc",
	Machine: machine.Machine{CPU: "Z80", Cores: 2, OS: "CP/M", Go: "go9"}}

// TestVerdict has values on both sides of limits of both kinds, with and without a margin.
func TestVerdict(t *testing.T) {
	for _, c := range []struct {
		name, goal    string
		value, margin float64
		fault, want   string
	}{
		{"the least that will do", "goodput-2", 90, 0, "", reached},
		{"a little less", "goodput-2", 89.9, 0, "", missed},
		{"more by the margin", "rss", 0.6, 0.4, "", reached},
		{"more by less than the margin", "rss", 0.7, 0.4, "", notShown},
		{"over by less than the margin", "rss", 1.3, 0.4, "", notShown},
		{"over by more than it", "rss", 1.5, 0.4, "", missed},
		{"a fault beside a good value", "lost", 0, 0, "it broke", missed},
	} {
		if got := goalOf(c.goal).verdict(record{Value: c.value, Margin: c.margin, Fault: c.fault}); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestPage(t *testing.T) {
	got := page([]record{
		{Goal: "goodput-2", Value: 95.04, Note: "a | b", Run: made},
		{Goal: "rss", Value: 0.5, Margin: 2, Partial: true, Run: run{Command: "make soak"}},
		{Goal: "exits", Value: 3, Note: "of 9", Fault: "exit 1", Run: made},
	})
	for _, want := range []string{
		"| goodput at 2 times the load | ≥ 90 % of the peak | 95 % | reached | a / b | 1 |",
		"| growth of the resident memory under 80 % of the peak | < 1 MB/h | 0.5 ± 2 MB/h | **not shown** (partial) |  | 2 |",
		"| exits other than with 0 | 0 | 3 | **missed** | of 9; exit 1 | 1 |",
		"| goodput at 5 times the load | ≥ 90 % of the peak | n/a | not run | | |",
		"1. 2026-01-02 03:04 UTC, `make chaos`; crossrank v1 at abc; 2 cores of Z80 (n/a; CP/M; go9).",
		" 1 are reached, 1 missed, 1 not shown and ",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the page lacks %q:\n%s", want, got)
		}
	}
	for _, g := range goals {
		if !strings.Contains(got, "| "+g.what+" |") {
			t.Errorf("the page lacks %q", g.what)
		}
	}
}

// TestEveryGoalHasItsStep: each goal belongs to a step, and each step has goals.
func TestEveryGoalHasItsStep(t *testing.T) {
	used := map[string]bool{}
	for i, g := range goals {
		used[g.step] = true
		if !slices.ContainsFunc(steps, func(s step) bool { return s.name == g.step }) {
			t.Errorf("goal %s: there is no step %q", g.key, g.step)
		}
		if slices.ContainsFunc(goals[:i], func(h goal) bool { return h.key == g.key }) {
			t.Errorf("goal %s is there twice", g.key)
		}
	}
	for _, s := range steps {
		if !used[s.name] {
			t.Errorf("step %s has no goals", s.name)
		}
	}
}

// TestRecordsRoundTrip: newer records replace those of the same goals, others stay, and a damaged
// line is named.
func TestRecordsRoundTrip(t *testing.T) {
	name := filepath.Join(t.TempDir(), "results.jsonl")
	if none, err := readRecords(name); none != nil || err != nil {
		t.Fatalf("without a file: got %v and %v", none, err)
	}
	old := []record{{Goal: "exits", Value: 1, Run: made}, {Goal: "rss", Value: 2, Margin: 0.5, Run: made}}
	all := merge(old, []record{{Goal: "exits", Value: 0, Note: "<again>", Run: made}})
	if len(all) != 2 || all[0].Goal != "rss" || all[1].Note != "<again>" {
		t.Fatalf("merged: %+v", all)
	}
	if err := docgen.WriteRecords(name, all); err != nil {
		t.Fatal(err)
	}
	got, err := readRecords(name)
	if err != nil || page(got) != page(all) {
		t.Errorf("read back, the page is another: %v", err)
	}
	for _, line := range []string{"{", `{"goal": "fame"}`} {
		if err := os.WriteFile(name, []byte(`{"goal": "rss"}`+"\n"+line+"\n"), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := readRecords(name); err == nil || !strings.Contains(err.Error(), "results.jsonl:2") {
			t.Errorf("%s: got %v, want an error of line 2", line, err)
		}
	}
}

// TestDocsAreCurrent: the page holds what the results file says, and nothing of the machine's files
// is in that.
func TestDocsAreCurrent(t *testing.T) {
	docs := filepath.Join("..", "..", "..", "docs")
	records, err := readRecords(filepath.Join(docs, "reliability.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	old, err := os.ReadFile(filepath.Join(docs, "reliability.md"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := part.In(string(old), page(records))
	if err != nil {
		t.Fatal(err)
	}
	if string(old) != want {
		t.Error("docs/reliability.md is not what the results say; run go run ./internal/tools/reliability render")
	}
	for _, r := range records {
		for _, text := range []string{r.Note, r.Fault, r.Run.Command} {
			if strings.Contains(text, "/tmp/") || strings.Contains(text, "/home/") {
				t.Errorf("%s names a file of a machine: %s", r.Goal, text)
			}
		}
	}
}
