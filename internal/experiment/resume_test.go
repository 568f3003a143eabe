package experiment

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank/internal/load"
	"github.com/crossrank/crossrank/internal/results"
)

const grid = `
name: grid
model: /models/tiny
tokenizer_pool: {workers: [1, 2]}
data: {seed: 3}
experiment: {batch_sizes: [4, 8], benchmark_requests: 5, warmup: 0}
`

// A sweep over a server's setting starts a server for each of its values. A run that is interrupted
// in the third of four configurations is taken up there: the first two keep their records.
func TestResumeKeepsWhatIsWhole(t *testing.T) {
	t.Setenv(act, "serve")
	dir := t.TempDir()
	ctx, interrupt := context.WithCancel(t.Context())
	opts := Options{Sweep: settings(t, grid), Dir: dir, Version: "v0", Resume: true}
	opts.Progress = func(p results.Configuration, u load.Progress) {
		if p.Index == 2 && u.Done == 2 {
			interrupt()
		}
	}
	out, err := Run(ctx, opts)
	if err != nil || !out.Stopped || out.Measured != 2 {
		t.Fatalf("interrupted: %+v and %v, want stopped with 2 measured", out, err)
	}
	first := read(t, out.Results)

	opts.Progress = nil
	out, err = Run(t.Context(), opts)
	if err != nil || out.Partial || out.Measured != 2 || out.Kept != 2 {
		t.Fatalf("taken up: %+v and %v, want 2 measured and 2 kept", out, err)
	}
	second := read(t, out.Results)
	if len(second.Configurations) != 4 || len(second.Partial) > 0 {
		t.Fatalf("%d configurations, partial because %q; want 4 and whole", len(second.Configurations), second.Partial)
	}
	var names []string
	for i, m := range second.Configurations {
		names = append(names, m.Configuration.Name())
		if m.Configuration.Process != i/2 || len(m.Requests) != 5 {
			t.Errorf("configuration %d is of server %d with %d requests, want %d and 5", i, m.Configuration.Process, len(m.Requests), i/2)
		}
		if i < 2 && !slices.Equal(m.Requests, first.Configurations[i].Requests) {
			t.Errorf("configuration %d was measured again", i)
		}
	}
	want := []string{"batch=4, concurrency=1, workers=1", "batch=8, concurrency=1, workers=1",
		"batch=4, concurrency=1, workers=2", "batch=8, concurrency=1, workers=2"}
	if !slices.Equal(names, want) {
		t.Errorf("configurations are %q, want %q", names, want)
	}

	if out, err = Run(t.Context(), opts); err != nil || out.Kept != 4 || out.Measured != 0 {
		t.Errorf("a third time: %+v and %v, want all kept", out, err)
	}
	opts.Version = "v1"
	if _, err = Run(t.Context(), opts); err == nil || !strings.Contains(err.Error(), "another version (v0, now v1)") {
		t.Errorf("with another version: %v, want that the two do not mix", err)
	}
	opts.Resume = false
	if out, err = Run(t.Context(), opts); err != nil || out.Measured != 4 {
		t.Errorf("anew: %+v and %v, want all measured", out, err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.new")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func read(t *testing.T, path string) *results.Results {
	t.Helper()
	res, err := results.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// One configuration of three fails, because its trace is missing; the others are measured and the
// results say so.
func TestAFailedConfigurationDoesNotEndTheRun(t *testing.T) {
	trace := filepath.Join(t.TempDir(), "trace")
	if err := os.WriteFile(trace, []byte("0\n0.01\n0.03\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	out, res, err := run(t, t.Context(), "serve", `
name: traces
model: m
experiment: {benchmark_requests: 4, warmup: 0, arrival: {process: replay, trace: ["`+trace+`", /nonexistent], seed: 1}}
`, nil)
	if err == nil || !strings.Contains(err.Error(), "/nonexistent") || out.Broken != 1 || out.Measured != 1 {
		t.Fatalf("got %+v and %v, want one broken and one measured", out, err)
	}
	if len(res.Partial) == 0 || !strings.Contains(strings.Join(res.Partial, " "), "1 of 2 configurations failed") {
		t.Errorf("partial because %q", res.Partial)
	}
	for _, r := range res.Configurations[0].Requests {
		if r.Started < r.Intended || r.Seq > 0 && r.Intended == 0 {
			t.Errorf("request %d of an open loop: intended %v, started %v", r.Seq, r.Intended, r.Started)
		}
	}
}

// The fake answers each request after 20 ms, however many come, so that 100 ms is kept at every
// rate and 10 ms at none.
func TestObjective(t *testing.T) {
	t.Setenv(act, "serve")
	out, err := Run(t.Context(), Options{Sweep: settings(t, `
name: objective
model: m
experiment:
  batch_sizes: [1]
  benchmark_requests: 5
  warmup: 0
  arrival: {process: constant}
  objective: {percentile: 50, latency_ms: 10}
`), Dir: t.TempDir(), leastProbe: 100 * time.Millisecond})
	res := read(t, out.Results)
	if err != nil || out.Partial || len(res.SLOResults) != 1 {
		t.Fatalf("got %+v, %v and %v", out, err, res.SLOResults)
	}
	f := res.SLOResults[0]
	if f.Passing != 0 || f.Failing == 0 || f.Note == "" || f.Capacity <= 0 || f.Capacity > 50 {
		t.Errorf("found %+v, want no passing rate, and a capacity below 50/s", f)
	}
	if p := res.Configurations[0].Configuration; p.Search != results.SearchCapacity || p.Arrival != "" {
		t.Errorf("the first point is %+v, want the capacity's", p)
	}
	if p := res.Configurations[1].Configuration; p.Search != results.SearchProbe || p.Arrival != "constant" || p.Rate != f.Capacity*firstShare {
		t.Errorf("the second point is %+v, want a probe at a tenth of it", p)
	}
}
