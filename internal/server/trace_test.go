package server

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/scorertest"
	crossrankv1 "github.com/crossrank/crossrank/proto/crossrank/v1"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/prototext"
)

// receiver is a collector that keeps what it is sent.
type receiver struct {
	collector.UnimplementedTraceServiceServer
	mu   sync.Mutex
	got  []*tracev1.ResourceSpans
	addr string
}

func receive(t *testing.T) *receiver {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &receiver{addr: l.Addr().String()}
	g := grpc.NewServer()
	collector.RegisterTraceServiceServer(g, r)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = g.Serve(l)
	}()
	t.Cleanup(func() {
		g.Stop()
		<-done
	})
	return r
}

func (r *receiver) Export(_ context.Context, in *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = append(r.got, in.ResourceSpans...)
	return &collector.ExportTraceServiceResponse{}, nil
}

// inTrace gives the names of a trace's spans, and all that was received as text.
func (r *receiver) inTrace(id string) (names map[string]bool, all string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	names = map[string]bool{}
	var text strings.Builder
	for _, rs := range r.got {
		text.WriteString(prototext.Format(rs))
		for _, scope := range rs.ScopeSpans {
			for _, s := range scope.Spans {
				if string(s.TraceId) == id {
					names[s.Name] = true
				}
			}
		}
	}
	return names, text.String()
}

// TestTracesReachACollector serves over both protocols, stops, and looks at what came out.
func TestTracesReachACollector(t *testing.T) {
	const canary = "the-private-text"
	to := receive(t)
	fake := &scorertest.Fake{Fault: func(req *crossrank.Request) error {
		if strings.HasPrefix(req.Pairs[0].Query, "refuse") {
			return crossrank.Errorf(crossrank.Overloaded, "no room for %s", canary)
		}
		return nil
	}}
	r := start(t, fake, Config{OTLPEndpoint: "http://" + to.addr})

	parent := func(b byte) string { return "00-" + strings.Repeat("0"+string(b), 16) + "-00f067aa0ba902b7-01" }
	post := func(b byte, body string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+r.HTTPAddr()+"/rerank", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("traceparent", parent(b))
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	post('1', `{"query": "`+canary+`", "texts": ["`+canary+`"]}`)
	post('2', `{"query": "refuse `+canary+`", "texts": ["`+canary+`"]}`)
	post('3', `{"query": "`+canary+`", "`+canary+`": ["`+canary+`"]}`)
	ctx := metadata.AppendToOutgoingContext(t.Context(), "traceparent", parent('4'))
	_, err := crossrankv1.NewRerankServiceClient(r.connect(t)).Score(ctx, &crossrankv1.ScoreRequest{
		Pairs: []*crossrankv1.Pair{{Query: canary, Passage: canary}},
	})
	if err != nil {
		t.Fatal(err)
	}
	stream, err := crossrankv1.NewRerankServiceClient(r.connect(t)).StreamScore(
		metadata.AppendToOutgoingContext(t.Context(), "traceparent", parent('5')))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := stream.Send(&crossrankv1.StreamScoreRequest{Pairs: []*crossrankv1.Pair{{Query: canary}}}); err != nil {
			t.Fatal(err)
		}
	}
	stream.CloseSend()
	for err == nil {
		_, err = stream.Recv()
	}
	if err != io.EOF {
		t.Fatal(err)
	}
	if err := r.stop(); err != nil { // sends what is left
		t.Fatal(err)
	}

	stages := []string{"admission", "tokenize", "queue", "compute", "reply"}
	for id, want := range map[string][]string{
		"\x01": append([]string{"POST /rerank"}, stages...),
		"\x02": {"POST /rerank", "admission", "score", "reply"},
		"\x03": {"POST /rerank"},
		"\x04": append([]string{"crossrank.v1.RerankService/Score"}, stages...),
		"\x05": append([]string{"crossrank.v1.RerankService/StreamScore"}, stages...),
	} {
		names, _ := to.inTrace(strings.Repeat(id, 16))
		for _, name := range want {
			if !names[name] {
				t.Errorf("trace %q lacks span %q, it has %v", id, name, names)
			}
		}
		if len(names) != len(want) {
			t.Errorf("trace %q has spans %v, want %v", id, names, want)
		}
	}
	_, all := to.inTrace("")
	if strings.Contains(all, canary) {
		t.Errorf("the collector got text of a request:\n%s", all)
	}
	for _, want := range []string{`"overloaded"`, `"invalid_argument"`, `"crossrank"`} {
		if !strings.Contains(all, want) {
			t.Errorf("the collector got no %s:\n%s", want, all)
		}
	}
}

// TestACollectorThatIsAwayHoldsNothingUp stops a server whose spans nobody takes.
func TestACollectorThatIsAwayHoldsNothingUp(t *testing.T) {
	r := start(t, &scorertest.Fake{}, Config{OTLPEndpoint: "http://127.0.0.1:1"})
	for name, target := range r.targets() {
		if _, err := dial(t, target).Score(t.Context(), request("q")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	r.waitForLog(t, "tracing")
}
