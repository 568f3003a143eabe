package metrics

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/state"
)

// TestSummary has requests of one pair and of three, which scripted answers after as many seconds.
func TestSummary(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := New(Options{Interval: 2 * time.Second, Gauges: Gauges{
			Queue:     func() state.Queue { return state.Queue{Requests: 5} },
			Instances: func() []state.Instance { return []state.Instance{{Pairs: 4, Batches: 2, Busy: 3 * time.Second}, {}} },
		}})
		stop := start(t, r)
		s := r.Observe(scripted)
		time.Sleep(500 * time.Millisecond) // so that no request ends when an interval does
		send(t, s, 1)
		send(t, s, 3)
		send(t, s, 0) // fails
		time.Sleep(2 * time.Second)
		got := summaryOf(t, r)
		delete(got["history"].(map[string]any), "cpu_percent") // is that of this process
		delete(got, "cpu_percent")
		stop()
		const stages = `{"model_inference":{"avg_ms":1000,"count":2,"p50_ms":500,"p95_ms":1529.41,"p99_ms":1539.65},` +
			`"queue_wait":{"avg_ms":400,"count":2,"p50_ms":210.22,"p95_ms":643.04,"p99_ms":647.34},` +
			`"tokenize":{"avg_ms":200,"count":2,"p50_ms":105.11,"p95_ms":321.52,"p99_ms":323.67}}`
		for key, want := range map[string]string{
			"backend_type": `"native"`, "device": `"cpu"`, "experiment_name": `""`, "is_running": "true",
			"count": "2", "query_count": "4", "avg_ms": "2000", "min_ms": "1000", "max_ms": "3000", "std_ms": "1000",
			"p50_ms": "2000", "p95_ms": "2900", "p99_ms": "2980",
			"throughput_qps": "0.62", "avg_throughput_qps": "0.62", "total_time_s": "6.5",
			"stage_percentages":  `{"inference_pct":50,"other_pct":20,"queue_wait_pct":20,"tokenize_pct":10}`,
			"padding_analysis":   `{"avg_padding_pct":37.5,"last_padding_pct":37.5}`,
			"queue_sizes":        `{"model_queue_size":5}`,
			"worker_stats":       `[{"avg_ms":1500,"query_count":4,"worker_id":0},{"avg_ms":0,"query_count":0,"worker_id":1}]`,
			"instant_latency_ms": "3000", "last_tokenize_ms": "300", "last_queue_wait_ms": "600", "last_inference_ms": "1500",
			"history": `{"gpu_memory_mb":[],"gpu_utilization_pct":[],"inference_ms":[500,1500],"latencies":[1000,3000],` +
				`"padding_pct":[37.5,37.5],"queries":[1,4],"queue_wait_ms":[200,600],"throughput":[0.5,1.5],` +
				`"timestamps":[2,6],"tokenize_ms":[100,300]}`,
			"stage_breakdown": stages, "gpu_memory_mb": "null",
		} {
			text, err := json.Marshal(got[key])
			if err != nil || string(text) != want {
				t.Errorf("%s: got %s, want %s", key, text, want)
			}
		}
	})
}

// TestSummaryOfNothing has no request: what was not measured is absent.
func TestSummaryOfNothing(t *testing.T) {
	got := summaryOf(t, New(Options{}))
	for _, key := range []string{"avg_ms", "p99_ms", "instant_latency_ms", "stage_percentages", "padding_analysis", "queue_sizes"} {
		if value, ok := got[key]; ok {
			t.Errorf("%s is %v without a request", key, value)
		}
	}
	if got["count"] != 0.0 || got["is_running"] != false || len(got["history"].(map[string]any)["latencies"].([]any)) > 0 {
		t.Errorf("got %v, want nothing counted", got)
	}
}

// summaryOf asks a recorder for its metrics as a client of the Python project does.
func summaryOf(t *testing.T, r *Recorder) map[string]any {
	t.Helper()
	req := httptest.NewRequest("GET", "/metrics", nil)
	req.Header.Set("Accept", "application/json")
	answer := httptest.NewRecorder()
	r.Handler(Served{Info: func() crossrank.Info { return crossrank.Info{Backend: "native", Device: "cpu"} }}).ServeHTTP(answer, req)
	var got map[string]any
	if err := json.Unmarshal(answer.Body.Bytes(), &got); err != nil {
		t.Fatalf("%v: %s", err, answer.Body)
	}
	return got
}

func TestPrefersJSON(t *testing.T) {
	for accept, want := range map[string]bool{
		"":                                   false,
		"*/*":                                false,
		"application/json":                   true,
		"Application/JSON; charset=utf-8":    true,
		"application/json, text/plain, */*":  true,
		"application/json;q=0.5, text/plain": false,
		"application/json;q=0":               false,
		"application/json;q=x":               false,
		"application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.1": false,
		"text/html,application/xhtml+xml,*/*;q=0.8":                                                 false,
		"/, application/json": true,
	} {
		req := httptest.NewRequest("GET", "/metrics", nil)
		req.Header.Set("Accept", accept)
		answer := httptest.NewRecorder()
		New(Options{}).Handler(Served{}).ServeHTTP(answer, req)
		kind := answer.Header().Get("Content-Type")
		if got := strings.HasPrefix(kind, "application/json"); got != want || answer.Header().Get("Vary") != "Accept" {
			t.Errorf("Accept: %s: got %s, want JSON to be %v", accept, kind, want)
		}
	}
}
