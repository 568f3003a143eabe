package trace

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

const (
	traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
	parent  = "00-" + traceID + "-00f067aa0ba902b7-01"
	canary  = "the text that must not leave"
)

// scorer answers with fixed times, or fails.
type scorer struct{ err error }

func (s scorer) Score(_ context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	if s.err != nil {
		return nil, s.err
	}
	return &crossrank.Response{
		Scores: make([]float32, len(req.Pairs)),
		Model:  "m",
		Timing: crossrank.Timing{Tokenize: time.Millisecond, Queue: 2 * time.Millisecond, Compute: 3 * time.Millisecond},
	}, nil
}

func recording(t *testing.T) (*Tracer, *tracetest.SpanRecorder) {
	t.Helper()
	recorder := tracetest.NewSpanRecorder()
	tracer, err := open(t.Context(), sdk.WithSpanProcessor(recorder))
	if err != nil {
		t.Fatal(err)
	}
	return tracer, recorder
}

// spans gives what was recorded by name, and fails if two have the same one.
func spans(t *testing.T, r *tracetest.SpanRecorder) map[string]sdk.ReadOnlySpan {
	t.Helper()
	byName := map[string]sdk.ReadOnlySpan{}
	for _, s := range r.Ended() {
		if byName[s.Name()] != nil {
			t.Errorf("there are two spans %q", s.Name())
		}
		byName[s.Name()] = s
	}
	return byName
}

var pair = crossrank.Request{Pairs: []crossrank.Pair{{Query: canary, Passage: canary}}}

// edges calls a scorer through each edge, as a caller that sends a traceparent.
var edges = map[string]func(t *testing.T, tracer *Tracer, s crossrank.Scorer){
	"POST /rerank": func(t *testing.T, tracer *Tracer, s crossrank.Scorer) {
		h := tracer.HTTP(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, err := tracer.Observe(s).Score(r.Context(), &pair); err != nil {
				tracer.Failed(r.Context(), "id-1", crossrank.CodeOf(err))
				w.WriteHeader(http.StatusTooManyRequests)
			}
		}), func(r *http.Request) string { return strings.TrimPrefix(r.URL.Path, "/health") })
		for _, path := range []string{"/rerank", "/health"} {
			r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(canary))
			r.Header.Set("traceparent", parent)
			r.Header.Set("tracestate", "vendor=1")
			h.ServeHTTP(httptest.NewRecorder(), r)
		}
	},
	"a.Service/Score": func(t *testing.T, tracer *Tracer, s crossrank.Scorer) {
		ctx := metadata.NewIncomingContext(t.Context(), metadata.Pairs("traceparent", parent, "tracestate", "vendor=1"))
		traced := func(method string) bool { return method == "/a.Service/Score" }
		for _, method := range []string{"/a.Service/Score", "/b.Service/Score"} {
			_, _ = tracer.Unary(traced)(ctx, canary, &grpc.UnaryServerInfo{FullMethod: method},
				func(ctx context.Context, _ any) (any, error) {
					resp, err := tracer.Observe(s).Score(ctx, &pair)
					if err != nil {
						tracer.Failed(ctx, "id-1", crossrank.CodeOf(err))
					}
					return resp, err
				})
		}
	},
}

func TestARequestIsTracedInStages(t *testing.T) {
	for name, call := range edges {
		t.Run(name, func(t *testing.T) {
			tracer, recorder := recording(t)
			call(t, tracer, scorer{})
			got := spans(t, recorder)
			root := got[name]
			if root == nil || len(got) != 6 {
				t.Fatalf("got %d spans, want one of the request, five of its stages and none of what is not named", len(got))
			}
			if id := root.SpanContext().TraceID().String(); id != traceID || root.Parent().TraceState().String() != "vendor=1" {
				t.Errorf("got trace %s below %v, want the caller's", id, root.Parent())
			}
			at := root.StartTime()
			for stage, took := range map[string]time.Duration{
				"admission": -1, "tokenize": time.Millisecond, "queue": 2 * time.Millisecond, "compute": 3 * time.Millisecond, "reply": -1,
			} {
				s := got[stage]
				if s == nil || s.Parent().SpanID() != root.SpanContext().SpanID() {
					t.Fatalf("stage %s is missing, or not below its request", stage)
				}
				if lasted := s.EndTime().Sub(s.StartTime()); took >= 0 && lasted != took || lasted < 0 {
					t.Errorf("%s took %v, want %v", stage, lasted, took)
				}
			}
			for _, next := range []string{"admission", "tokenize", "queue", "compute"} {
				if got[next].StartTime().Before(at) || next == "admission" && !got[next].StartTime().Equal(at) {
					t.Errorf("%s began at %v, want it after %v", next, got[next].StartTime(), at)
				}
				at = got[next].EndTime()
			}
			noCanary(t, recorder)
		})
	}
}

func TestAFailureIsMarked(t *testing.T) {
	for name, call := range edges {
		t.Run(name, func(t *testing.T) {
			tracer, recorder := recording(t)
			call(t, tracer, scorer{crossrank.Errorf(crossrank.Overloaded, "%s", canary)})
			got := spans(t, recorder)
			if root := got[name]; root == nil || root.Status().Code != codes.Error || root.Status().Description != "overloaded" ||
				!has(root, "crossrank.code", "overloaded") || !has(root, "crossrank.request_id", "id-1") {
				t.Errorf("got %v, want it failed as overloaded with its id", root)
			}
			if s := got["score"]; s == nil || !has(s, "crossrank.code", "overloaded") || got["compute"] != nil {
				t.Errorf("got %v, want one span of what the scorer refused", got)
			}
			noCanary(t, recorder)
		})
	}
}

func has(s sdk.ReadOnlySpan, key, value string) bool {
	for _, kv := range s.Attributes() {
		if string(kv.Key) == key {
			return kv.Value.String() == value
		}
	}
	return false
}

// noCanary fails if a span holds a text of the request in whatever it is sent with.
func noCanary(t *testing.T, r *tracetest.SpanRecorder) {
	t.Helper()
	for _, s := range r.Ended() {
		for _, kv := range s.Attributes() {
			if strings.Contains(kv.Value.String(), canary) {
				t.Errorf("attribute %s of %s holds the request's text", kv.Key, s.Name())
			}
		}
		if strings.Contains(s.Name()+s.Status().Description, canary) || len(s.Events()) > 0 {
			t.Errorf("span %q holds the request's text, or events", s.Name())
		}
	}
}

func TestNothingIsTracedUnlessAnEndpointIsNamed(t *testing.T) {
	const traces, all = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"
	tests := []struct {
		name     string
		endpoint string
		env      map[string]string
		want     bool
	}{
		{"nothing", "", nil, false},
		{"the setting", "http://127.0.0.1:1", nil, true},
		{"the variable of traces", "", map[string]string{traces: "http://127.0.0.1:1"}, true},
		{"the variable of all signals", "", map[string]string{all: "http://127.0.0.1:1"}, true},
		{"a variable, but disabled", "", map[string]string{all: "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "true"}, false},
		{"a variable, but no exporter", "", map[string]string{all: "http://127.0.0.1:1", "OTEL_TRACES_EXPORTER": "none"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, name := range []string{traces, all, "OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER"} {
				t.Setenv(name, tt.env[name])
			}
			tracer, err := Open(t.Context(), Options{Endpoint: tt.endpoint})
			if err != nil || (tracer != nil) != tt.want {
				t.Errorf("got %v, %v, want it on: %t", tracer, err, tt.want)
			}
			if err := tracer.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestOffMeansNothingIsPutAround(t *testing.T) {
	var off *Tracer
	var s crossrank.Scorer = scorer{}
	if off.Observe(s) != s {
		t.Error("a scorer is wrapped though nothing is traced")
	}
	off.Failed(t.Context(), "id", crossrank.Internal)
	if err := off.Close(); err != nil {
		t.Error(err)
	}
}
