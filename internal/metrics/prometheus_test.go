package metrics

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/state"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
)

// busy is a recorder that has a value for everything.
func busy() (*Recorder, Served) {
	r := New(Options{Gauges: Gauges{
		Queue: func() state.Queue {
			return state.Queue{Requests: 1, Pairs: 2, Tokens: 3, Oldest: 1500 * time.Millisecond}
		},
		Batches: func() state.Batches {
			b := state.Batches{Runs: 3, Pairs: 9, Tokens: 90, Padded: 99, Longest: 17}
			b.ByPairs[2] = 3
			b.ByTokens[5] = 3
			return b
		},
		Prefixes: func() state.Prefixes {
			return state.Prefixes{Hits: 21, Misses: 22, Tokens: 23, Kept: 24, Bytes: 2500, MaxBytes: 2600}
		},
		Cascade: func() state.Cascade {
			return state.Cascade{Requests: 31, Pairs: 3200, Rescored: 640, Stages: 70, Widened: 2, Bound: 0.5}
		},
		Device: func() *state.Device {
			return &state.Device{Memory: 2700, Busy: 28 * time.Second, Timed: true}
		},
		GPUs: func() []state.GPU {
			return []state.GPU{
				{
					GPUIdentity: state.GPUIdentity{Name: "NVIDIA H200"}, Index: 2,
					UsedBytes: new(int64(2800)), TotalBytes: new(int64(2900)), BusyPct: new(73.0),
				},
				{GPUIdentity: state.GPUIdentity{Name: "AMD card1"}, Index: 3},
			}
		},
		Cache: func() state.Cache {
			return state.Cache{Hits: 11, Coalesced: 12, Misses: 13, Evictions: 14, Scores: 15, Bytes: 1600, MaxBytes: 1700}
		},
		Instances: func() []state.Instance {
			return []state.Instance{
				{Name: "0", State: "ready", Threads: 2, Batches: 3, Busy: time.Second, Failures: 1, Speed: 1500}, {Name: "0", State: "ready"},
			}
		},
	}})
	for _, d := range []time.Duration{3 * time.Millisecond, 80 * time.Millisecond, time.Minute} {
		r.inFlight.Add(1)
		r.finish(d, &crossrank.Response{
			Scores: make([]float32, 3), Usage: crossrank.Usage{Tokens: 30, PaddedTokens: 40},
			Timing: crossrank.Timing{Tokenize: time.Millisecond, Queue: d / 4, Compute: d / 2, Total: d},
		}, nil)
	}
	r.Refused(GRPC, crossrank.TooLarge)
	return r, Served{
		Info:  func() crossrank.Info { return crossrank.Info{Model: "m", Threads: 2} },
		Ready: func() bool { return true },
	}
}

func gather(t *testing.T) []*dto.MetricFamily {
	t.Helper()
	r, served := busy()
	families, err := r.Registry(served).Gather()
	if err != nil {
		t.Fatal(err)
	}
	return families
}

// TestNames holds Prometheus's own rules for names, units and help.
func TestNames(t *testing.T) {
	problems, err := promlint.NewWithMetricFamilies(gather(t)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "crossrank_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}

// TestExposition reads the text format, as any Prometheus does.
func TestExposition(t *testing.T) {
	r, served := busy()
	w := httptest.NewRecorder()
	r.Handler(served).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	text := w.Body.String()
	for _, want := range []string{
		`crossrank_requests_total{code="ok"} 3`,
		`crossrank_requests_total{code="overloaded"} 0`,
		`crossrank_edge_refusals_total{code="too_large",edge="grpc"} 1`,
		`crossrank_request_duration_seconds_bucket{le="0.0025"} 0`,
		`crossrank_request_duration_seconds_bucket{le="0.005"} 1`,
		`crossrank_request_duration_seconds_bucket{le="30"} 2`,
		`crossrank_request_duration_seconds_bucket{le="+Inf"} 3`,
		`crossrank_request_duration_seconds_sum 60.083`,
		`crossrank_stage_duration_seconds_count{stage="queue"} 3`,
		`crossrank_request_pairs_bucket{le="2"} 0`,
		`crossrank_request_pairs_bucket{le="4"} 3`,
		`crossrank_batch_pairs_bucket{le="2"} 0`,
		`crossrank_batch_pairs_bucket{le="4"} 3`,
		`crossrank_batch_pairs_sum 9`,
		`crossrank_tokens_total 90`,
		`crossrank_padded_tokens_total 120`,
		`crossrank_pair_tokens_max 17`,
		`crossrank_queue_oldest_seconds 1.5`,
		`crossrank_cache_hits_total 11`,
		`crossrank_cache_coalesced_total 12`,
		`crossrank_cache_misses_total 13`,
		`crossrank_cache_evictions_total 14`,
		`crossrank_cache_scores 15`,
		`crossrank_cache_bytes 1600`,
		`crossrank_cache_max_bytes 1700`,
		`crossrank_prefix_hits_total 21`,
		`crossrank_prefix_misses_total 22`,
		`crossrank_prefix_shared_tokens_total 23`,
		`crossrank_prefixes 24`,
		`crossrank_prefix_bytes 2500`,
		`crossrank_prefix_max_bytes 2600`,
		`crossrank_instance_busy_seconds_total{engine="0"} 1`,
		`crossrank_instance_busy_seconds_total{engine="0#1"} 0`,
		`crossrank_instance_failures_total{engine="0"} 1`,
		`crossrank_instance_threads{engine="0"} 2`,
		`crossrank_instance_tokens_per_second{engine="0"} 1500`,
		`crossrank_engine_threads 2`,
		`crossrank_ready 1`,
		`crossrank_requests_in_flight 0`,
		`go_goroutines `,
	} {
		if !strings.Contains(text, "\n"+want) {
			t.Errorf("there is no line %q", want)
		}
	}
	if strings.Contains(text, `crossrank_instance_tokens_per_second{engine="0#1"}`) {
		t.Error("the speed of an instance that has computed nothing is there; want none")
	}
	if t.Failed() {
		t.Log(text)
	}
}

// TestNativeHistogram decodes the native buckets and holds them against what was counted.
func TestNativeHistogram(t *testing.T) {
	i := slices.IndexFunc(gather(t), func(f *dto.MetricFamily) bool { return f.GetName() == "crossrank_request_duration_seconds" })
	h := gather(t)[i].Metric[0].Histogram
	got := map[int]int64{}
	key, count, delta := 0, int64(0), 0
	for _, span := range h.PositiveSpan {
		key += int(span.GetOffset())
		for range span.GetLength() {
			count += h.PositiveDelta[delta]
			got[key] = count
			key, delta = key+1, delta+1
		}
	}
	want := map[int]int64{}
	for _, s := range []float64{0.003, 0.08, 60} {
		want[int(math.Ceil(math.Log2(s)*8))]++
	}
	if h.GetSchema() != 3 || h.GetSampleCount() != 3 || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("schema %d with buckets %v, want schema 3 with %v", h.GetSchema(), got, want)
	}
}

// TestCodesAreComplete reads the root package's codes from its source: one that was missing here
// would be counted as other.
func TestCodesAreComplete(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../../error.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || fmt.Sprint(spec.Type) != "Code" {
			return true
		}
		text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil || codeIndex(crossrank.Code(text)) == len(codes)-1 {
			t.Errorf("code %s is not among those that are counted: %v", text, err)
		}
		found++
		return true
	})
	if found != len(codes)-1 {
		t.Errorf("found %d codes in the source, and %d are counted", found, len(codes)-1)
	}
}

// TestLabelsAreBounded counts the series: none may depend on what requests hold.
func TestLabelsAreBounded(t *testing.T) {
	own := regexp.MustCompile(`^crossrank_`)
	for _, f := range gather(t) {
		if own.MatchString(f.GetName()) && len(f.Metric) > len(codes)*int(edges) {
			t.Errorf("%s has %d series", f.GetName(), len(f.Metric))
		}
	}
}
