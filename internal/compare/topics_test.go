package compare

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/resultstest"
)

// grid is a sweep over two settings; speeds come row by row.
func grid(first, second string, firsts, seconds []string, speeds ...float64) *results.Results {
	var flat []any
	for i, speed := range speeds {
		flat = append(flat, fmt.Sprint(i), speed)
	}
	res := resultstest.Sweep("grid", first, flat...)
	for i, m := range res.Configurations {
		m.Configuration.Set = []results.Setting{
			{Key: first, Value: firsts[i/len(seconds)]}, {Key: second, Value: seconds[i%len(seconds)]},
		}
	}
	return res
}

// workers is a sweep of the concurrency; latency follows from the throughput.
func workers(speeds ...float64) *results.Results {
	var flat []any
	for i, speed := range speeds {
		flat = append(flat, fmt.Sprint(i), speed)
	}
	res := resultstest.Sweep("06", "x.y", flat...)
	for i, m := range res.Configurations {
		m.Configuration.Set, m.Configuration.Concurrency = nil, i+1
	}
	return res
}

func TestEveryTopic(t *testing.T) {
	stress := workers(10)
	stress.Configurations[0].Configuration.Concurrency = 16
	stress.Configurations[0].Requests[0].Code = "overloaded"
	for _, c := range []struct {
		topic string
		res   *results.Results
		want  []string
	}{
		{"Order by length", grid("batching.length_aware", "batching.packing", []string{"false", "true"}, []string{"false", "true"}, 100, 200, 150, 201),
			[]string{"padded: **1.50×** the pairs/s", "packed: no difference beyond 5.0 %."}},
		{"Order by length", resultstest.Sweep("x", "batching.length_aware", "false", 100.0, "true", 120.0), []string{"in arrival order: **1.20×** the pairs/s."}},
		{"Joining requests", resultstest.Sweep("08a", "batching.enabled", "false", 100.0, "true", 300.0), []string{"by itself: **3.00×** the pairs/s."}},
		{"Most pairs a batch", resultstest.Sweep("08c", "batching.max_batch_size", 1, 50.0, 32, 100.0), []string{"Against 1 pair a batch, 32 pairs a batch: **2.00×** the pairs/s, P95 latency 0.50×."}},
		{"Routing", resultstest.Sweep("07", "model_pool.routing", "first_idle", 100.0, "round_robin", 80.0), []string{"Against first_idle, round_robin: **0.80×** the pairs/s"}},
		{"Threads of an instance", resultstest.Sweep("12", "m.threads", 1, 50.0, 2, 100.0), []string{"Against 1 thread an instance, 2 threads an instance: **2.00×**"}},
		{"Instances", resultstest.Sweep("07", "m.replicas", 1, 100.0, 2, 150.0), []string{"Against 1 instance, 2 instances: **1.50×**"}},
		{"Instances", grid("m.replicas", "m.threads", []string{"1", "2"}, []string{"1", "2"}, 50, 100, 90, 101),
			[]string{"One instance per core, against one with all 2 cores: **0.90×**", "2 instances with 2 threads each, more than there are cores: no difference",
				"One instance with one thread: **0.50×**"}},
		{"Tokenizer workers", resultstest.Sweep("15", "pipeline.workers", 1, 100.0, 4, 101.0), []string{"Against 1 worker, 4 workers: no difference beyond 5.0 %."}},
		{"Stages", resultstest.Sweep("14", "pipeline.mode", "full", 100.0, "tokenization_only", 5000.0),
			[]string{"Pairs/s of each: full 100.0, tokenization only 5000.0.", "Tokenizing is at most 2.0 % of the time of a full request."}},
		{"Concurrency", workers(50, 99, 100, 100), []string{"Best with 3 requests in flight: 100.0 pairs/s, 2.00× of what 1 gives; 2 is the lowest concurrency within 5.0 %",
			"More requests only wait: the mean latency is 100.0 ms with 4, and 101.0 ms with 2.", "The knee, where throughput is best worth its latency, is at 3"}},
		{"Stress", stress, []string{"16 requests of 10 pairs in flight: 99 answered, 1 failed, 0 lost"}},
	} {
		checkFinding(t, c.topic, c.res, c.topic, c.want)
	}
}

// An experiment that does not vary what is asked gives no answer, and none panics on odd results.
func TestNoFindings(t *testing.T) {
	for what, res := range map[string]*results.Results{
		"nothing measured":     {},
		"one configuration":    resultstest.Sweep("x", "m.threads", 1, 100.0),
		"a setting unknown":    resultstest.Sweep("x", "other.setting", 1, 100.0, 2, 200.0),
		"nothing was complete": incomplete(resultstest.Sweep("x", "m.threads", 1, 100.0, 2, 200.0)),
	} {
		if found := findings(res); len(found) > 0 {
			t.Errorf("%s: found %v", what, found)
		}
	}
}

func incomplete(res *results.Results) *results.Results {
	for _, m := range res.Configurations {
		m.End.Complete = false
	}
	return res
}

func TestObjectiveFindings(t *testing.T) {
	for _, c := range []struct {
		f    results.SLOResult
		want string
	}{
		{results.SLOResult{Percentile: 99, LatencyMS: 50, Note: "no time"}, "P99 ≤ 50 ms: no verdict; no time."},
		{results.SLOResult{Percentile: 99, LatencyMS: 50, Batch: 4, Failing: 2.5}, "P99 ≤ 50 ms is met at no rate: not even at 2.50 requests/s of 4 pairs."},
		{results.SLOResult{Percentile: 95, LatencyMS: 50, Batch: 4, Passing: 10}, "P95 ≤ 50 ms is met at **10.00** requests/s of 4 pairs (40 pairs/s), the highest rate that was tried."},
		{results.SLOResult{Percentile: 99, LatencyMS: 50, Batch: 4, Passing: 10, Failing: 11, Capacity: 20},
			"P99 ≤ 50 ms is met up to **10.00** requests/s of 4 pairs (40 pairs/s), and not at 11.00; that is 50 % of the capacity of a closed loop."},
		{results.SLOResult{Percentile: 99, LatencyMS: 50, Batch: 4, Passing: 10, Failing: 11}, "and not at 11.00."},
	} {
		if got := sloWords(c.f); !strings.HasSuffix(got, c.want) {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

// Texts from results are escaped where findings quote them.
func TestFindingsQuoteSafely(t *testing.T) {
	found := findings(resultstest.Sweep("x", "model_pool.routing", "a|b", 100.0, "<c>", 300.0))
	if len(found) != 1 || !strings.Contains(found[0].Text, `a\|b`) || !strings.Contains(found[0].Text, `\<c>`) {
		t.Errorf("got %q", found)
	}
}

// Configurations that differ in what could change their speed are not alike; those that differ in a
// name are.
func TestCondition(t *testing.T) {
	base := func() *results.Results { return resultstest.Sweep("a", "batching.packing", "true", 100.0) }
	key := func(change func(*results.Results)) string {
		res := base()
		change(res)
		s := summaries(res)[0]
		return experiment{s}.condition(&s.Configurations[0])
	}
	same := key(func(*results.Results) {})
	for what, c := range map[string]struct {
		change func(*results.Results)
		alike  bool
	}{
		"another name":             {func(r *results.Results) { r.Run.Name = "b" }, true},
		"what was the same anyway": {func(r *results.Results) { r.Configurations[0].Configuration.Set = nil }, true},
		"another value":            {func(r *results.Results) { r.Configurations[0].Configuration.Set[0].Value = "false" }, false},
		"another batch size":       {func(r *results.Results) { r.Configurations[0].Configuration.Batch = 20 }, false},
		"other weights":            {func(r *results.Results) { r.Run.Model.Weights = "sha256:2" }, false},
		"another machine":          {func(r *results.Results) { r.Run.Machine.Cores = 64 }, false},
		"settings of a server": {func(r *results.Results) {
			r.Run.Settings = json.RawMessage(`{"batching":{"packing":true,"timeout_ms":5},"model_pool":{"instances":[{"threads":0}]}}`)
		}, false},
		"no settings": {func(r *results.Results) { r.Run.Settings = nil }, false},
	} {
		if got := key(c.change) == same; got != c.alike {
			t.Errorf("%s: alike is %t", what, got)
		}
	}
}

func TestNoiseWords(t *testing.T) {
	for want, n := range map[string]Noise{
		"is unknown; a difference below 5 % counts as none.":           {},
		"Noise: 1 configuration was measured by several":               {Configurations: 1, Measured: 2, Spread: 0.01},
		"Noise: 3 configurations were measured by several":             {Configurations: 3, Measured: 9, Spread: 0.01},
		`that of a\|b. So a difference between two measurements below`: {Configurations: 3, Measured: 9, Spread: 0.01, Where: "a|b"},
	} {
		if got := n.Words(); !strings.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
	steady := Noise{Configurations: 5, Measured: 100, Spread: 1e-9}
	if got := steady.minDetectable(1); got != leastDifference {
		t.Errorf("on a steady machine %v is detectable, want %v", got, leastDifference)
	}
	noisy := Noise{Configurations: 5, Measured: 100, Spread: 0.1}
	if one, four := noisy.minDetectable(1), noisy.minDetectable(4); !(four < one) || noisy.minDetectable(0) != one {
		t.Errorf("a mean over 4 detects %v and one alone %v", four, one)
	}
}
