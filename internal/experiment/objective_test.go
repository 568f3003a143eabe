package experiment

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank/internal/results"
)

// Through a server that answers one request after another, each in 20 ms: a search for two objectives finds their rates, confirms them by points of their own, and measures the goodput around each. What a busy machine did not let the
// generator offer is not counted, and said.
func TestSearchThroughAServer(t *testing.T) {
	if testing.Short() {
		t.Skip("takes several seconds")
	}
	t.Setenv(act, "serve-queue")
	out, err := Run(t.Context(), Options{Sweep: settings(t, `
name: search
model: m
experiment:
  batch_sizes: [1]
  benchmark_requests: 8
  warmup: 0
  arrival: {process: constant}
  objective: {percentile: 50, latency_ms: [50, 100]}
`), Dir: t.TempDir(), least: 400 * time.Millisecond})
	if err != nil || out.Partial || out.Measured != 1 {
		t.Fatalf("got %+v and %v, want one configuration, whole", out, err)
	}
	res := read(t, out.Results)
	if len(res.Found) != 2 || res.Found[0].LatencyMS != 50 || res.Found[1].LatencyMS != 100 {
		t.Fatalf("found %+v, want both objectives", res.Found)
	}
	shared := 0
	for _, m := range res.Points {
		if m.Point.Search == results.SearchProbe && len(m.Point.Objectives) == 2 {
			shared++
		}
		if m.Point.Search != results.SearchCapacity && len(m.Samples) == 0 {
			t.Errorf("%s has no samples of the server", m.Point.Name())
		}
	}
	if shared < 2 {
		t.Errorf("%d probes served both objectives, want those of the doubling", shared)
	}
	for _, f := range res.Found {
		if f.Note != "" {
			t.Logf("not judged here: %+v", f)
			continue
		}
		if f.Passing <= 0 || f.Passing > 200 || f.Failing <= f.Passing || f.Failing > f.Passing*1.04 {
			t.Errorf("found %+v, want a passing rate, and a failing one 3 %% above", f)
		}
		var confirmed, goodputs int
		for _, m := range res.Points {
			switch p := m.Point; {
			case p.Search == results.SearchConfirm && p.Rate == f.Passing && m.End.Invalid == "":
				confirmed++
			case p.Search == results.SearchGoodput && p.Objective == f.LatencyMS && slices.Contains(goodputAt, p.Times):
				goodputs++
			}
		}
		if confirmed == 0 || goodputs != len(goodputAt) {
			t.Errorf("objective of %g ms: confirmed by %d points, with %d goodputs", f.LatencyMS, confirmed, goodputs)
		}
	}
}

// Repeats come in an order of their own each, the same for the same seed.
func TestRepeatsAreShuffled(t *testing.T) {
	order := func(seed string) (names []string) {
		for _, p := range Points(settings(t, `
name: order
tokenizer_pool: {workers: [1, 2, 3, 4]}
experiment: {batch_sizes: [1, 2, 3, 4], repeats: 3, arrival: {seed: `+seed+`}}
`)) {
			names = append(names, strings.TrimSuffix(p.Name(), ", repeat "+string(rune('1'+p.Repeat))))
		}
		return names
	}
	names := order("1")
	if len(names) != 48 || slices.Equal(names[:16], names[16:32]) || slices.Equal(names[16:32], names[32:]) {
		t.Errorf("the order is %q, want three different ones of 16", names)
	}
	for i := range 3 {
		repeat := slices.Sorted(slices.Values(names[16*i : 16*i+16]))
		if len(slices.Compact(repeat)) != 16 {
			t.Errorf("repeat %d has %q, want each configuration once", i+1, repeat)
		}
	}
	if !slices.Equal(names, order("1")) || slices.Equal(names, order("2")) {
		t.Error("one seed gave two orders, or two seeds one")
	}
}
