package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/metrics"
	"github.com/crossrank/crossrank/internal/scorertest"
	"github.com/crossrank/crossrank/internal/state"
	crossrankv1 "github.com/crossrank/crossrank/proto/crossrank/v1"
	"github.com/crossrank/crossrank/proto/inference"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
)

// running is a server over a scorer, on loopback.
type running struct {
	*Server
	stop func() error // drains it and gives what Run returned; may be called twice
	log  *lockedBuffer
}

func start(t *testing.T, s crossrank.Scorer, cfg Config) *running {
	t.Helper()
	return startWith(t, s, cfg, metrics.New(metrics.Options{Interval: 20 * time.Millisecond}))
}

func startWith(t *testing.T, s crossrank.Scorer, cfg Config, recorder *metrics.Recorder) *running {
	t.Helper()
	return startBackend(t, cfg, Backend{Scorer: s, Info: (&scorertest.Fake{}).Info, Recorder: recorder})
}

func startBackend(t *testing.T, cfg Config, backend Backend) *running {
	t.Helper()
	r := &running{log: &lockedBuffer{}}
	cfg.GRPCAddr, cfg.HTTPAddr = "127.0.0.1:0", "127.0.0.1:0"
	cfg.Log = r.logger()
	var err error
	if r.Server, err = Listen(cfg); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- r.Run(ctx, backend)
	}()
	r.stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() {
		if err := r.stop(); err != nil {
			t.Errorf("stopping the server: %v", err)
		}
	})
	return r
}

func dial(t *testing.T, target string) *client.Client {
	t.Helper()
	return dialWith(t, target, client.Options{})
}

func dialWith(t *testing.T, target string, opts client.Options) *client.Client {
	t.Helper()
	c, err := client.Dial(target, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// targets are the server's two addresses.
func (r *running) targets() map[string]string {
	return map[string]string{"gRPC": "grpc://" + r.GRPCAddr(), "HTTP": "http://" + r.HTTPAddr()}
}

// connect opens a plain gRPC connection.
func (r *running) connect(t *testing.T) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(r.GRPCAddr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// status asks for a path and gives the status of the answer.
func (r *running) status(t *testing.T, path string) int {
	t.Helper()
	resp, err := http.Get("http://" + r.HTTPAddr() + path)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	return resp.StatusCode
}

type lockedBuffer struct {
	mu   sync.Mutex
	buf  bytes.Buffer
	read int // how far waitForLog has looked
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func request(query string) *crossrank.Request {
	return &crossrank.Request{Pairs: []crossrank.Pair{{Query: query, Passage: "a passage"}}}
}

func TestClientsPassTheSuite(t *testing.T) {
	for _, scheme := range []string{"gRPC", "HTTP"} {
		t.Run(scheme, func(t *testing.T) {
			scorertest.Run(t, func(t *testing.T) crossrank.Scorer {
				return dial(t, start(t, &scorertest.Fake{}, Config{}).targets()[scheme])
			})
		})
	}
}

// TestRequestsArriveWhole sends every field of a request and looks at what the scorer got.
func TestRequestsArriveWhole(t *testing.T) {
	fake := &scorertest.Fake{}
	r := start(t, fake, Config{})
	requests := []*crossrank.Request{
		{Pairs: []crossrank.Pair{{Query: "q", Passage: "p"}}},
		{Pairs: []crossrank.Pair{{Query: "q", Passage: "a"}, {Query: "q", Passage: "b"}}, MaxLength: 77, Raw: true},
		{Pairs: []crossrank.Pair{{Query: "q", Passage: "a"}, {Query: "r", Passage: "b"}}, Truncation: crossrank.TruncateLeft},
		{Pairs: []crossrank.Pair{{Query: "q", Passage: "a"}}, MaxLength: math.MaxInt32},
		{Pairs: []crossrank.Pair{{Query: "q", Passage: "a"}}, MaxPassage: 9, Windows: crossrank.Windows{Aggregate: crossrank.BestWindow}},
		{Pairs: []crossrank.Pair{{Query: "q", Passage: "a"}}, Windows: crossrank.Windows{Aggregate: crossrank.MeanWindow, Overlap: 3, Max: 5}},
		{Pairs: []crossrank.Pair{{Query: "q", Passage: "a"}}, Instruction: "prefer\n<short> texts"},
		{Pairs: []crossrank.Pair{{Query: "<&>\u2028", Passage: "\x00\"\\"}}, Truncation: crossrank.TruncateNever},
	}
	for name, target := range r.targets() {
		c := dial(t, target)
		for i, req := range requests {
			want, err := fake.Score(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			got, err := c.Score(t.Context(), req)
			if err != nil {
				t.Errorf("%s, request %d: %v", name, i, err)
				continue
			}
			if sent, came := jsonOf(t, req), jsonOf(t, fake.Last()); sent != came {
				t.Errorf("%s, request %d: sent %s, arrived as %s", name, i, sent, came)
			}
			got.Timing, want.Timing = crossrank.Timing{}, crossrank.Timing{} // checked by the suite
			if jsonOf(t, got) != jsonOf(t, want) {
				t.Errorf("%s, request %d: got %+v, want %+v", name, i, got, want)
			}
		}
		info, err := c.Info(t.Context())
		if err != nil || info != fake.Info() {
			t.Errorf("%s: info %+v, %v; want %+v", name, info, err, fake.Info())
		}
	}
}

// TestInfoArrivesWhole sets every field of a description, and reads it over both protocols.
func TestInfoArrivesWhole(t *testing.T) {
	var want crossrank.Info
	fields := reflect.ValueOf(&want).Elem()
	for i := range fields.NumField() {
		switch field := fields.Field(i); field.Kind() {
		case reflect.String:
			field.SetString(fmt.Sprintf("text %d", i))
		case reflect.Bool:
			field.SetBool(true)
		default:
			field.SetInt(int64(100 + i))
		}
	}
	r := startBackend(t, Config{}, Backend{
		Scorer: &scorertest.Fake{}, Info: func() crossrank.Info { return want }, Recorder: metrics.New(metrics.Options{}),
	})
	for name, target := range r.targets() {
		if got, err := dial(t, target).Info(t.Context()); err != nil || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", name, got, err, want)
		}
	}
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestErrorsKeepTheirCode sends each error of a scorer through both edges and back.
func TestErrorsKeepTheirCode(t *testing.T) {
	secret := errors.New("a secret of the program")
	tests := []struct {
		name    string
		err     error
		code    crossrank.Code
		message string
		retry   time.Duration
	}{
		{"wrong request", crossrank.Errorf(crossrank.InvalidArgument, "pair 3 is odd"),
			crossrank.InvalidArgument, "pair 3 is odd", 0},
		{"no such model", crossrank.Errorf(crossrank.NotFound, "no model"), crossrank.NotFound, "no model", 0},
		{"too large", crossrank.Errorf(crossrank.TooLarge, "a lot"), crossrank.TooLarge, "a lot", 0},
		{"overloaded", &crossrank.Error{Code: crossrank.Overloaded, Message: "full", RetryAfter: 1500 * time.Millisecond},
			crossrank.Overloaded, "full", 1500 * time.Millisecond},
		{"unavailable", &crossrank.Error{Code: crossrank.Unavailable, Message: "gone", RetryAfter: 20 * time.Millisecond},
			crossrank.Unavailable, "gone", 20 * time.Millisecond},
		{"deadline", crossrank.Errorf(crossrank.DeadlineExceeded, "late"), crossrank.DeadlineExceeded, "late", 0},
		{"canceled", crossrank.Errorf(crossrank.Canceled, "left"), crossrank.Canceled, "left", 0},
		{"a fault with words for callers", crossrank.Errorf(crossrank.Internal, "broken: %w", io.EOF),
			crossrank.Internal, "broken: EOF", 0},
		{"a fault of any other kind", secret, crossrank.Internal, "the server has a fault; its log has the details", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := start(t, &scorertest.Fake{Fault: func(*crossrank.Request) error { return tt.err }}, Config{})
			for name, target := range r.targets() {
				_, err := dial(t, target).Score(t.Context(), request("q"))
				got, ok := errors.AsType[*crossrank.Error](err)
				if !ok || got.Code != tt.code || got.Message != tt.message || got.RetryAfter != tt.retry {
					t.Errorf("%s: got %#v, want %s %q, retry after %v", name, err, tt.code, tt.message, tt.retry)
				}
			}
			if logged := strings.Count(r.log.String(), secret.Error()); tt.err == secret && logged != 2 {
				t.Errorf("the secret was logged %d times for 2 requests:\n%s", logged, r.log)
			}
		})
	}
}

func TestLimitsHoldOnBothEdges(t *testing.T) {
	fake := &scorertest.Fake{}
	cfg := Config{}
	cfg.Limits.Documents, cfg.Limits.DocumentBytes, cfg.Limits.QueryBytes = 3, 100, 50
	cfg.GRPC.MessageBytes, cfg.HTTP.BodyBytes = 1000, 1000
	r := start(t, fake, cfg)
	pair := crossrank.Pair{Query: "q", Passage: "p"}
	tests := []struct {
		name  string
		pairs []crossrank.Pair
		want  crossrank.Code
	}{
		{"as many as allowed", []crossrank.Pair{pair, pair, pair}, crossrank.OK},
		{"one too many", []crossrank.Pair{pair, pair, pair, pair}, crossrank.TooLarge},
		{"a passage at its limit", []crossrank.Pair{{Passage: strings.Repeat("p", 100)}}, crossrank.OK},
		{"a passage over it", []crossrank.Pair{{Passage: strings.Repeat("p", 101)}}, crossrank.TooLarge},
		{"a query over its limit", []crossrank.Pair{{Query: strings.Repeat("q", 51)}}, crossrank.TooLarge},
		{"a message over its limit", []crossrank.Pair{{Passage: strings.Repeat("p", 2000)}}, crossrank.TooLarge},
	}
	for name, target := range r.targets() {
		c := dial(t, target)
		for _, tt := range tests {
			before := fake.Calls()
			_, err := c.Score(t.Context(), &crossrank.Request{Pairs: tt.pairs})
			if got := crossrank.CodeOf(err); got != tt.want {
				t.Errorf("%s, %s: got %s (%v), want %s", name, tt.name, got, err, tt.want)
			}
			if reached := fake.Calls() > before; reached != (tt.want == crossrank.OK) {
				t.Errorf("%s, %s: reached the scorer: %v", name, tt.name, reached)
			}
		}
	}
}

func TestHealthReflectionAndHistory(t *testing.T) {
	r := start(t, &scorertest.Fake{}, Config{})
	conn := r.connect(t)
	health := healthpb.NewHealthClient(conn)
	for _, service := range []string{"", "crossrank.v1.RerankService", "inference.InferenceService", "fake"} {
		resp, err := health.Check(t.Context(), &healthpb.HealthCheckRequest{Service: service})
		if err != nil || resp.GetStatus() != healthpb.HealthCheckResponse_SERVING {
			t.Errorf("health of %q: %v, %v; want SERVING", service, resp.GetStatus(), err)
		}
	}
	for _, path := range []string{"/health", "/livez", "/readyz", "/info", "/api/history"} {
		if got := r.status(t, path); got != http.StatusOK {
			t.Errorf("GET %s: got status %d, want 200", path, got)
		}
	}

	stream, err := reflectionpb.NewServerReflectionClient(conn).ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&reflectionpb.ServerReflectionRequest{
		MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{},
	}); err != nil {
		t.Fatal(err)
	}
	listed, err := stream.Recv()
	if err != nil || len(listed.GetListServicesResponse().GetService()) < 3 {
		t.Errorf("reflection lists %v, %v", listed, err)
	}

	http := dial(t, "http://"+r.HTTPAddr())
	if _, err := http.Score(t.Context(), request("q")); err != nil {
		t.Fatal(err)
	}
	for {
		raw, err := http.History(t.Context(), time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			IntervalMS int            `json:"interval_ms"`
			Samples    []state.Sample `json:"samples"`
		}
		if err := json.Unmarshal(raw, &got); err != nil {
			t.Fatal(err)
		}
		requests := int64(0)
		for _, s := range got.Samples {
			requests += s.Requests
		}
		if requests == 1 {
			later, err := http.History(t.Context(), got.Samples[len(got.Samples)-1].Time.Add(time.Hour))
			if err != nil || !bytes.Contains(later, []byte(`"samples":[]`)) {
				t.Errorf("samples of the future: %s, %v; want an empty list", later, err)
			}
			break
		}
	}
	_, err = dial(t, "grpc://"+r.GRPCAddr()).History(t.Context(), time.Time{})
	if crossrank.CodeOf(err) != crossrank.InvalidArgument {
		t.Errorf("history over gRPC: got %v, want InvalidArgument", err)
	}
}

func TestInferenceMetricsAreFilled(t *testing.T) {
	r := start(t, &scorertest.Fake{Delay: time.Millisecond}, Config{})
	c := inference.NewInferenceServiceClient(r.connect(t))
	pair := &inference.QueryDocPair{Query: "q", Document: "d"}
	for range 4 {
		resp, err := c.Infer(t.Context(), &inference.InferRequest{Pairs: []*inference.QueryDocPair{pair, pair, pair}})
		if err != nil {
			t.Fatal(err)
		}
		want := crossrank.Sigmoid(scorertest.Logit(crossrank.Pair{Query: "q", Passage: "d"}))
		if len(resp.Scores) != 3 || resp.Scores[0] != want || resp.NumPairs != 3 || resp.LatencyMs < 1 ||
			resp.StatusCode != 200 {
			t.Errorf("got %v, want 3 scores of %v, num_pairs 3, a latency of 1 ms or more, status_code 200", resp, want)
		}
	}
	m, err := c.GetMetrics(t.Context(), &inference.Empty{})
	if err != nil {
		t.Fatal(err)
	}
	if m.Count != 4 || m.QueryCount != 12 || m.AvgMs < 1 || m.P50Ms < 1 || m.P95Ms < m.P50Ms || m.P99Ms < m.P95Ms ||
		m.ThroughputQps <= 0 {
		t.Errorf("got %v, want 4 requests of 12 pairs, latencies of 1 ms or more that rise, and a throughput", m)
	}
}

func TestAPanicFailsOnlyItsRequest(t *testing.T) {
	fake := &scorertest.Fake{Fault: func(req *crossrank.Request) error {
		if req.Pairs[0].Query == "bad" {
			panic("a hole in the program")
		}
		return nil
	}}
	r := start(t, fake, Config{})
	for name, target := range r.targets() {
		c := dial(t, target)
		_, err := c.Score(t.Context(), request("bad"))
		if crossrank.CodeOf(err) != crossrank.Internal || strings.Contains(err.Error(), "hole") {
			t.Errorf("%s: got %v, want an Internal that tells nothing", name, err)
		}
		if _, err := c.Score(t.Context(), request("good")); err != nil {
			t.Errorf("%s: the request after it: %v", name, err)
		}
	}
	if got := strings.Count(r.log.String(), "a hole in the program"); got != 2 {
		t.Errorf("the two panics were logged %d times:\n%s", got, r.log)
	}
	if strings.Contains(r.log.String(), "a passage") {
		t.Errorf("the log holds a request's text:\n%s", r.log)
	}
}

// TestTheServersDeadline: it holds for requests that bring none and for those that bring a later
// one.
func TestTheServersDeadline(t *testing.T) {
	r := start(t, &scorertest.Fake{Delay: time.Minute}, Config{Deadline: 30 * time.Millisecond})
	late, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	for name, target := range r.targets() {
		for _, ctx := range []context.Context{t.Context(), late} {
			_, err := dial(t, target).Score(ctx, request("q"))
			if crossrank.CodeOf(err) != crossrank.DeadlineExceeded || !strings.Contains(err.Error(), "30ms") {
				t.Errorf("%s: got %v, want DeadlineExceeded that names the limit", name, err)
			}
		}
	}
	c := dial(t, "grpc://"+r.GRPCAddr()) // the stream's deadline is its own, the server's is that of each chunk
	err := c.ScoreStream(late, request("q"), 1, func(int, *crossrank.Response) error { return nil })
	if crossrank.CodeOf(err) != crossrank.DeadlineExceeded || !strings.Contains(err.Error(), "30ms") {
		t.Errorf("a stream: got %v, want DeadlineExceeded that names the limit", err)
	}
}

// TestSlowAnswersSurviveTheReadTimeout: a request that came in time may be answered after the time
// for its body.
func TestSlowAnswersSurviveTheReadTimeout(t *testing.T) {
	t.Parallel()                        // it is slow and needs little
	const bodyTimeout = 3 * time.Second // long enough for a body to come on a busy machine
	r := start(t, &scorertest.Fake{Delay: 3 * bodyTimeout / 2}, Config{HTTP: HTTP{BodyTimeout: bodyTimeout}})
	c := dial(t, "http://"+r.HTTPAddr())
	for range 2 { // the second on the same connection
		if _, err := c.Score(t.Context(), request("q")); err != nil {
			t.Error(err)
		}
	}
}

func TestCallersWhoLeaveEndTheirRequest(t *testing.T) {
	began, left := make(chan struct{}, 100), make(chan struct{}, 100)
	r := start(t, scorerFunc(func(ctx context.Context, _ *crossrank.Request) (*crossrank.Response, error) {
		began <- struct{}{}
		<-ctx.Done()
		left <- struct{}{}
		return nil, ctx.Err()
	}), Config{})
	ends := func(how string) {
		select {
		case <-left:
		case <-time.After(patience):
			t.Fatalf("%s: the scorer was not told that the caller left", how)
		}
	}
	for name, target := range r.targets() {
		c := dial(t, target)
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-began
			cancel()
		}()
		if _, err := c.Score(ctx, request("q")); crossrank.CodeOf(err) != crossrank.Canceled {
			t.Errorf("%s: got %v, want Canceled", name, err)
		}
		ends(name + ", canceled")
		// A deadline that passes before the request arrives shows nothing, so a slow machine gets a
		// later one.
		for timeout, arrived := 30*time.Millisecond, false; !arrived; timeout *= 2 {
			ctx, cancel := context.WithTimeout(t.Context(), timeout)
			_, err := c.Score(ctx, request("q"))
			cancel()
			if crossrank.CodeOf(err) != crossrank.DeadlineExceeded {
				t.Fatalf("%s: got %v, want DeadlineExceeded", name, err)
			}
			select {
			case <-began:
				arrived = true
			case <-time.After(timeout):
				if timeout > patience {
					t.Fatalf("%s: a request does not arrive within %v", name, timeout)
				}
			}
		}
		ends(name + ", past its deadline")
	}
}

type scorerFunc func(context.Context, *crossrank.Request) (*crossrank.Response, error)

func (f scorerFunc) Score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	return f(ctx, req)
}

// TestRawGRPCStatus looks at what a client other than ours sees.
func TestRawGRPCStatus(t *testing.T) {
	r := start(t, &scorertest.Fake{}, Config{})
	c := crossrankv1.NewRerankServiceClient(r.connect(t))
	_, err := c.Rerank(t.Context(), &crossrankv1.RerankRequest{Query: "q", Documents: []string{"d"}, Model: "other"})
	if status.Code(err) != codes.NotFound || !strings.Contains(err.Error(), `"fake" is served`) {
		t.Errorf("unknown model: got %v, want NOT_FOUND that names the served one", err)
	}
}
