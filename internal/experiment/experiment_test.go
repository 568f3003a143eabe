package experiment

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/definition"
	"github.com/crossrank/crossrank/internal/load"
	"github.com/crossrank/crossrank/internal/results"
)

// settings parses a definition.
func settings(t *testing.T, yaml string) definition.Sweep {
	t.Helper()
	s, err := definition.ParseSweep("test.yaml", []byte(yaml))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const small = `
name: small
description: a test
model: /models/tiny
data: {synthetic: true, seed: 3}
experiment: {batch_sizes: [4, 8], concurrency_levels: [1, 2], benchmark_requests: 10, warmup: 2}
`

// run runs an experiment against a fake server of the given kind and reads its results back, if
// there are any.
func run(t *testing.T, ctx context.Context, kind, yaml string, progress func(results.Configuration, load.Progress)) (Outcome, *results.Results, error) {
	t.Helper()
	t.Setenv(act, kind)
	dir := filepath.Join(t.TempDir(), "made", "by run")
	out, err := Run(ctx, Options{
		Sweep: settings(t, yaml), Dir: dir, CommandLine: []string{"crossrank", "experiment"}, Version: "v0", Progress: progress,
	})
	if out.Results == "" {
		return out, nil, err
	}
	res, readErr := results.ReadFile(out.Results)
	if readErr != nil {
		t.Fatalf("reading the results: %v (after %v)", readErr, err)
	}
	return out, res, err
}

func TestRunMeasuresEveryConfiguration(t *testing.T) {
	shown := 0
	out, res, err := run(t, t.Context(), "serve", small, func(results.Configuration, load.Progress) { shown++ })
	if err != nil {
		t.Fatal(err)
	}
	if out.Partial || len(res.Partial) > 0 || out.Failed > 0 {
		t.Errorf("outcome %+v, partial because %v; want complete", out, res.Partial)
	}
	if filepath.Base(out.Results) != "small_results.jsonl" {
		t.Errorf("results are in %s, want small_results.jsonl", out.Results)
	}
	if log, err := os.ReadFile(out.Log); err != nil || !strings.Contains(string(log), "drained") {
		t.Errorf("the server's log is %q (%v), want that it was stopped in order", log, err)
	}
	if r := res.Run; r.Name != "small" || r.Model.Model != "tiny" || r.Loop != "closed" || r.Version != "v0" ||
		r.Machine.Cores == 0 || len(r.Settings) == 0 || r.Data.Pairs == 0 || len(r.CommandLine) != 2 {
		t.Errorf("the run's provenance is incomplete: %+v", r)
	}
	want := []results.Configuration{
		{Index: 0, Batch: 4, Concurrency: 1, Requests: 10, Warmup: 2},
		{Index: 1, Batch: 8, Concurrency: 1, Requests: 10, Warmup: 2},
		{Index: 2, Batch: 4, Concurrency: 2, Requests: 10, Warmup: 2},
		{Index: 3, Batch: 8, Concurrency: 2, Requests: 10, Warmup: 2},
	}
	if len(res.Configurations) != len(want) {
		t.Fatalf("%d configurations were measured, want %d", len(res.Configurations), len(want))
	}
	for i, m := range res.Configurations {
		want[i].Key = m.Configuration.Key
		if !reflect.DeepEqual(m.Configuration, want[i]) {
			t.Errorf("configuration %d is %+v, want %+v", i, m.Configuration, want[i])
		}
		if len(m.Requests) != 10 || !m.End.Complete || len(m.Samples) == 0 {
			t.Errorf("configuration %d has %d requests, end %+v, %d samples; want 10, complete, some", i, len(m.Requests), m.End, len(m.Samples))
		}
		if cpu := m.End.GeneratorCPU; cpu <= 0 || cpu > m.End.Elapsed*time.Duration(res.Run.Machine.Cores) || m.End.Invalid != "" {
			t.Errorf("configuration %d: the generator took %v of %v, and it is invalid because %q", i, cpu, m.End.Elapsed, m.End.Invalid)
		}
		if s := m.End.StealPct; s == nil || math.Abs(s.Mean-12.5) > 1e-9 || s.Max != 12.5 || m.End.ThrottledPct != nil {
			t.Errorf("configuration %d: steal %+v, throttled %+v; want what the server's samples say, and nothing", i, m.End.StealPct, m.End.ThrottledPct)
		}
		for _, r := range m.Requests {
			if r.Code != crossrank.OK || r.Pairs != m.Configuration.Batch || r.Tokens == 0 || r.Compute == 0 {
				t.Errorf("configuration %d: request %+v, want %d pairs, answered, with tokens and timings", i, r, m.Configuration.Batch)
			}
		}
		for _, s := range m.Samples {
			if s.Time.Before(m.End.Began) || s.Time.After(m.End.Began.Add(m.End.Elapsed+sampleEvery)) {
				t.Errorf("configuration %d: a sample of %v is not of its time", i, s.Time)
			}
		}
	}
	if shown < 4*(10+2) {
		t.Errorf("progress was reported %d times, want at least once per request", shown)
	}
}

func TestInterruptedRunIsPartial(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	out, res, err := run(t, ctx, "serve", small, func(p results.Configuration, u load.Progress) {
		if p.Index == 1 && !u.Warmup && u.Done == 5 {
			interrupt()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if !out.Partial || len(res.Configurations) != 2 || !res.Configurations[0].End.Complete || res.Configurations[1].End.Reason != "interrupted" {
		t.Fatalf("outcome %+v with %d configurations, want partial with one complete and one interrupted", out, len(res.Configurations))
	}
	// Until its fifth request is collected, the worker can finish two more: one waits in the
	// channel, one to be put there.
	if n := len(res.Configurations[1].Requests); n < 5 || n > 7 {
		t.Errorf("%d requests of the interrupted configuration were kept, want 5 to 7", n)
	}
	if len(res.Configurations[1].Samples) == 0 {
		t.Error("the interrupted configuration has no samples of the server")
	}
	if want := "interrupted in configuration 2 of 4"; len(res.Partial) != 2 || res.Partial[1] != want {
		t.Errorf("partial because %q, want %q last", res.Partial, want)
	}
}

func TestServerThatDiesEndsTheRun(t *testing.T) {
	out, res, err := run(t, t.Context(), "serve-die", small, nil)
	if err == nil || !strings.Contains(err.Error(), "the server exited by itself (exit status 7)") ||
		!strings.Contains(err.Error(), "out of memory") {
		t.Errorf("got %v, want the server's exit and its last words", err)
	}
	if !out.Partial || out.Broken != 4 || len(res.Partial) == 0 || len(res.Configurations) != 4 {
		t.Errorf("outcome %+v with %d configurations, want four, all failed, each with its own server", out, len(res.Configurations))
	}
	answered := 0
	for _, r := range res.Configurations[0].Requests {
		if r.Code == crossrank.OK {
			answered++
		}
	}
	if answered != 5 { // 2 warmed up, and the 8th ended the server
		t.Errorf("%d answered requests were kept, want the 5 before the server's end", answered)
	}
}

func TestServerThatRefusesEverything(t *testing.T) {
	out, res, err := run(t, t.Context(), "serve-fail", `
name: refused
model: m
experiment: {benchmark_requests: 3, warmup: 0}
`, nil)
	if err == nil || !strings.Contains(err.Error(), "all 3 requests failed (3 overloaded)") {
		t.Errorf("got %v, want that all failed", err)
	}
	if out.Failed != 3 || len(res.Configurations) != 1 || len(res.Configurations[0].Requests) != 3 || len(res.Partial) == 0 {
		t.Errorf("outcome %+v, results %+v; want 3 failed requests on record", out, res)
	}
}

func TestServerThatDoesNotStart(t *testing.T) {
	out, _, err := run(t, t.Context(), "refuse", small, nil)
	if err == nil || !strings.Contains(err.Error(), "no such model") {
		t.Errorf("got %v, want the server's last words", err)
	}
	if out.Results != "" {
		t.Errorf("results were written to %s although nothing was measured", out.Results)
	}
}

func TestRunRefusesBeforeItStartsAnything(t *testing.T) {
	for _, test := range []struct{ name, yaml, want string }{
		{"a backend that is missing", "name: gpu\nmodel_pool: {instances: [{backend: mps, device: mps, quantization: fp16}]}",
			"needs the Metal backend"},
		{"no name", "model: m", "needs a name"},
		{"a data file that is missing", "name: n\ndata: {path: /nonexistent.jsonl}", "/nonexistent.jsonl"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "results")
			_, err := Run(t.Context(), Options{Sweep: settings(t, test.yaml), Dir: dir, Program: "/nonexistent/crossrank"})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
			if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the results' folder was made: %v", err)
			}
		})
	}
}

func TestRunStopsWhenAskedBeforeItBegins(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, _, err := run(t, ctx, "dawdle", small, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the end of the context", err)
	}
}
