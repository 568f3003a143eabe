package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank/internal/childtest"
	"github.com/crossrank/crossrank/internal/machine"
	"github.com/crossrank/crossrank/internal/netns"
)

// TestMain lets the test act as itself in a network of its own, and as the worker of a dry run.
func TestMain(m *testing.M) {
	if netns.Isolated() {
		exit(execute(context.Background(), os.Args[1:], os.Stderr))
	}
	childtest.Main(m, dryFolder, func(folder string) int {
		if err := actAsWorker(context.Background(), folder, os.Getenv(dryQueue)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return 0
	})
}

// measure runs a suite with a program that it builds, and returns its record.
func measure(t *testing.T, suite string, flags ...string) record {
	t.Helper()
	dir := t.TempDir()
	program, results, file := filepath.Join(dir, "crossrank"), filepath.Join(dir, "results.jsonl"), filepath.Join(dir, "page.md")
	out, err := exec.Command("go", "build", "-o", program, "github.com/crossrank/crossrank/cmd/crossrank").CombinedOutput()
	if err != nil {
		t.Fatalf("building the program: %v: %s", err, out)
	}
	if err := os.WriteFile(file, []byte(emptyPage(t)), 0o666); err != nil {
		t.Fatal(err)
	}
	args := append([]string{suite, "-program", program, "-dir", dir, "-results", results, "-page", file}, flags...)
	if err := execute(t.Context(), args, t.Output()); err != nil {
		t.Fatal(err)
	}
	records, err := readRecords(results)
	if err != nil || len(records) != 1 || records[0].Suite != suite {
		t.Fatalf("got the records %+v, %v, want one of %s", records, err, suite)
	}
	if text, err := os.ReadFile(file); err != nil || !strings.Contains(string(text), "### Runs") {
		t.Errorf("the page is %q, %v", text, err)
	}
	return records[0]
}

// emptyPage has the markers and nothing between them.
func emptyPage(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile(pageFile)
	if err != nil {
		t.Fatal(err)
	}
	text, err := part.In(string(page), "")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

var (
	pageFile    = filepath.Join("..", "..", "..", "docs", "scale.md")
	resultsFile = filepath.Join("..", "..", "..", "docs", "scale.jsonl")
)

// TestFaults is the short form of make job-faults: processes are killed, a worker is cut off and
// the disk is full, where that is permitted, and the output is that of one process.
func TestFaults(t *testing.T) {
	flags := []string{"-rows", "20000", "-shard-rows", "500", "-kills", "5", "-partition", "5s", "-full", "2s", "-redeliver-after", "1s"}
	for name, more := range map[string][]string{"as permitted": nil, "proxies": {"-proxies"}} {
		t.Run(name, func(t *testing.T) {
			if more != nil && testing.Short() {
				t.Skip("the other network is enough")
			}
			r := measure(t, "faults", append(flags, more...)...)
			if f := r.Faults; f == nil || f.Bytes == 0 || f.WorkerKills+f.QueueKills == 0 || f.Left != 0 {
				t.Errorf("got %+v, want an output, kills and no temporary files", f)
			}
		})
	}
}

// TestDry is the short form of make job-dry.
func TestDry(t *testing.T) {
	r := measure(t, "dry", "-rows", "20000", "-shard-rows", "1000")
	if d := r.Dry; d == nil || d.Submit <= 0 || d.Work <= 0 {
		t.Errorf("got %+v, want speeds", d)
	}
}

// TestDifferences: a part that differs, is missing or is there twice is found.
func TestDifferences(t *testing.T) {
	for name, c := range map[string]struct {
		parts []string
		same  bool
	}{
		"the same":    {[]string{"a\n", "b\nc\n"}, true},
		"a byte":      {[]string{"a\n", "b\nd\n"}, false},
		"a row lost":  {[]string{"a\n", "b\n"}, false},
		"a row twice": {[]string{"a\n", "b\nc\n", "c\n"}, false},
		"no part":     {nil, false},
	} {
		dir := t.TempDir()
		for i, text := range c.parts {
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("part-%06d.jsonl", i)), []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		want := filepath.Join(dir, "single")
		if err := os.WriteFile(want, []byte("a\nb\nc\n"), 0o666); err != nil {
			t.Fatal(err)
		}
		if err := same(dir, want); (err == nil) != c.same {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCommand: a record says how to repeat it.
func TestCommand(t *testing.T) {
	o, err := parse("faults", []string{"-rows", "5", "-dir", "/x", "-kills=3"}, t.Output())
	if want := `make job-faults JOB_FLAGS="-kills 3 -rows 5"`; err != nil || o.command != want {
		t.Errorf("got %q, %v, want %q", o.command, err, want)
	}
	for _, wrong := range [][]string{{"-rows", "0"}, {"-kills", "-1"}, {"x"}, {"-nothing"}} {
		if _, err := parse("faults", wrong, t.Output()); err == nil {
			t.Errorf("%q is accepted", wrong)
		}
	}
}

func TestPage(t *testing.T) {
	made := run{Date: time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC), Command: "make job-faults", Version: "v1",
		Machine: machine.Machine{CPU: "Z80", Cores: 2, OS: "CP/M", Go: "go9"}}
	got := page([]record{
		{Suite: "faults", Rows: 100, Faults: &faultRecord{Network: "wires", Bytes: 9, WorkerKills: 3, QueueKills: 2, QueuesLost: 1, Partition: 60,
			Calm: 10, CalmAlive: 30, CalmCPU: 20, Seconds: 15, Alive: 33, CPU: 25}, Run: made},
		{Suite: "dry", Rows: 50, Dry: &dryRecord{Submit: 10.4, Work: 20, WorkerCPU: 0.0002, SubmitterMiB: 1, QueueMiB: 2, WorkerMiB: 3}, Run: made},
	})
	for _, want := range []string{
		"| 100 | 3 workers, 2 queues, 1 of these with their store | 60 s | n/a |", "33.0, 1.10 × those without faults", "25.0 s, 1.25 ×",
		"| 50 | 10 rows/s | 20 rows/s | 4.0 s per million rows | 1 MiB | 2 MiB | 3 MiB | 2 |",
		"1. 2026-01-02 03:04 UTC, `make job-faults`; crossrank v1; 2 cores of Z80 (CP/M; go9); wires.",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the page lacks %q:\n%s", want, got)
		}
	}
}

// TestDocumentation: docs/scale.md has what its records say.
func TestDocumentation(t *testing.T) {
	records, err := readRecords(resultsFile)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(pageFile)
	if err != nil {
		t.Fatal(err)
	}
	if made, err := part.In(string(text), page(records)); err != nil || made != string(text) {
		t.Errorf("docs/scale.md is not what go run ./internal/tools/jobchaos render makes (%v)", err)
	}
}
