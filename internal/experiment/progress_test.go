package experiment

import (
	"context"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/load"
	"github.com/crossrank/crossrank/internal/results"
)

// heard is the progress that the servers of an experiment received.
func heard(t *testing.T, log string) []progress {
	t.Helper()
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	var all []progress
	for line := range strings.Lines(string(text)) {
		body, ok := strings.CutPrefix(line, "told ")
		if !ok {
			continue
		}
		body, ok = strings.CutSuffix(body, " \"yes\" <nil>\n")
		if !ok {
			t.Fatalf("a server got progress without the header: %q", line)
		}
		var n progress
		if err := json.Unmarshal([]byte(body), &n); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		all = append(all, n)
	}
	return all
}

func TestServersAreToldOfTheExperiment(t *testing.T) {
	t.Setenv(act, "serve")
	var serving, measured []string
	out, err := Run(t.Context(), Options{
		Sweep:  settings(t, strings.Replace(small, "warmup: 2", "warmup: 2, repeats: 2", 1)),
		Dir:    t.TempDir(),
		Report: "out/small_results.html",
		Serving: func(page string) {
			serving = append(serving, page)
		},
		Measured: func(ctx context.Context, page string) {
			if ctx.Err() != nil {
				t.Error("the context had ended already")
			}
			measured = append(measured, page)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(serving) != 2 || !reflect.DeepEqual(measured, serving[1:]) || !strings.HasPrefix(serving[0], "http://127.0.0.1:") {
		t.Errorf("pages at %q, picture of %q; want two and the last", serving, measured)
	}
	all := heard(t, out.Log)
	last := all[len(all)-1]
	if want := (progress{
		Name: "small", State: "ended", Configuration: 8, Configurations: 8, Label: last.Label, Done: 10, Total: 10,
		Elapsed: last.Elapsed, PairsPerSecond: last.PairsPerSecond, Report: "out/small_results.html",
	}); last != want || last.PairsPerSecond <= 0 || !strings.HasPrefix(last.Label, "batch=") {
		t.Errorf("last progress: got %+v, want %+v", last, want)
	}
	moved := 0
	for _, n := range all {
		if n.State == "running" && n.Note != "" && n.Configuration == 4 {
			moved++
		}
	}
	if moved != 1 {
		t.Errorf("the first server was told %d times that the experiment continues on another server, want once: %+v", moved, all)
	}
}

func TestServersAreToldOfAnInterruption(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	out, _, err := run(t, ctx, "serve", small, func(p results.Configuration, u load.Progress) {
		if p.Index == 1 && u.Done == 3 && !u.Warmup {
			cancel()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	all := heard(t, out.Log)
	if last := all[len(all)-1]; last.State != "ended" || last.Note != "interrupted" || last.Configuration != 2 || last.Done < 3 {
		t.Errorf("last progress: got %+v", last)
	}
}
