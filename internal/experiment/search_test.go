package experiment

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank/internal/load"
	"github.com/crossrank/crossrank/internal/results"
)

// A search for two objectives through a server that refuses every request above a rate, so that no
// figure depends on how fast this machine is: it finds the rate, confirms it by separate points,
// and measures the goodput around it.
func TestSearchThroughAServer(t *testing.T) {
	t.Setenv(act, "serve-limit")
	var page string
	out, err := Run(t.Context(), Options{
		// Bounds of minutes: only a refusal is late, and the generator keeps its schedule well
		// enough on any machine.
		Sweep: settings(t, `
name: search
model: m
experiment:
  batch_sizes: [1]
  benchmark_requests: 8
  warmup: 0
  arrival: {process: constant}
  objective: {percentile: 50, latency_ms: [600000, 1200000]}
`),
		Dir: t.TempDir(), leastProbe: 200 * time.Millisecond,
		Serving: func(p string) { page = p },
		Progress: func(p results.Configuration, u load.Progress) {
			if u.Done == 0 {
				postRate(t, page, p.Rate)
			}
		},
	})
	if err != nil || out.Partial || out.Measured != 1 {
		t.Fatalf("got %+v and %v, want one configuration, whole", out, err)
	}
	res := read(t, out.Results)
	if len(res.SLOResults) != 2 || res.SLOResults[0].LatencyMS != 600_000 || res.SLOResults[1].LatencyMS != 1_200_000 {
		t.Fatalf("found %+v, want both objectives", res.SLOResults)
	}
	for _, m := range res.Configurations {
		if m.Configuration.Search == results.SearchProbe && len(m.Configuration.Objectives) != 2 {
			t.Errorf("%s served the objectives %v, want both", m.Configuration.Name(), m.Configuration.Objectives)
		}
		if m.Configuration.Search != results.SearchCapacity && len(m.Samples) == 0 {
			t.Errorf("%s has no samples of the server", m.Configuration.Name())
		}
	}
	seeds := map[int64]bool{}
	for _, m := range res.Configurations {
		c := m.Configuration
		if confirms := c.Search == results.SearchConfirm; confirms != (c.Seed != 0) || confirms && c.Attempt == 0 && seeds[c.Seed] {
			t.Errorf("%s has the seed %d, want a new one where it confirms a rate", c.Name(), c.Seed)
		}
		seeds[c.Seed] = true
	}
	for _, f := range res.SLOResults {
		if f.Note != "" {
			t.Logf("not judged here: %+v", f) // the generator was late by more than 1 % of 10 minutes
			continue
		}
		if f.Passing > rateLimit || f.Failing <= rateLimit || f.Failing > f.Passing*(1+1.01*resolution) {
			t.Errorf("found %+v, want a passing rate up to %d/s, and a failing one 3 %% above", f, rateLimit)
		}
		var confirmed, goodputs int
		for _, m := range res.Configurations {
			switch p := m.Configuration; {
			case p.Search == results.SearchConfirm && p.Rate == f.Passing && m.End.Invalid == "":
				confirmed++
			case p.Search == results.SearchGoodput && p.Objective == f.LatencyMS && slices.Contains(goodputAt, p.Times):
				goodputs++
			}
		}
		if confirmed == 0 || goodputs != len(goodputAt) {
			t.Errorf("objective of %g ms: confirmed by %d configurations, with %d goodputs", f.LatencyMS, confirmed, goodputs)
		}
	}
}

// postRate sets the rate of the next requests at the fake server.
func postRate(t *testing.T, page string, rate float64) {
	resp, err := http.Post(page+"rate", "application/json", strings.NewReader(strconv.FormatFloat(rate, 'g', -1, 64)))
	if err != nil {
		t.Error(err)
		return
	}
	if resp.Body.Close(); resp.StatusCode != http.StatusOK {
		t.Errorf("posting the rate: %s", resp.Status)
	}
}

// Each repeat has its own order, the same for the same seed.
func TestRepeatsAreShuffled(t *testing.T) {
	order := func(seed string) (names []string) {
		for _, p := range Configurations(settings(t, `
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
