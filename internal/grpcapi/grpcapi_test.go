package grpcapi

import (
	"bytes"
	"context"
	"log/slog"
	"math"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/edge"
	"github.com/crossrank/crossrank/internal/scorertest"
	crossrankv1 "github.com/crossrank/crossrank/proto/crossrank/v1"
	"github.com/crossrank/crossrank/proto/inference"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
)

// serve puts both services over a scorer, in memory.
func serve(t *testing.T, s crossrank.Scorer, log *bytes.Buffer) *grpc.ClientConn {
	t.Helper()
	logger := slog.New(slog.NewTextHandler(log, nil))
	server := grpc.NewServer(grpc.UnaryInterceptor(Recover(Config{Log: logger})))
	Register(server, Config{
		Scorer: s,
		Info:   (&scorertest.Fake{}).Info,
		Metrics: func() Metrics {
			return Metrics{
				Requests: 1 << 40, Pairs: 77, Average: 1500 * time.Microsecond, P50: time.Millisecond,
				P95: 2 * time.Millisecond, P99: 3 * time.Millisecond, PairsPerSecond: 12.5,
			}
		},
		Limits: edge.Limits{Documents: 3},
		Log:    logger,
	})
	l := bufconn.Listen(1 << 20)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(l); err != nil {
			t.Error(err)
		}
	}()
	conn, err := grpc.NewClient("passthrough:in-memory",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) }),
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conn.Close()
		server.Stop()
		<-done
	})
	return conn
}

func TestScore(t *testing.T) {
	fake := &scorertest.Fake{}
	c := crossrankv1.NewRerankServiceClient(serve(t, fake, &bytes.Buffer{}))
	pairs := []*crossrankv1.Pair{{Query: "q", Passage: "a"}, {Query: "r"}}
	tests := []struct {
		name string
		in   *crossrankv1.ScoreRequest
		want crossrank.Request
		code codes.Code
	}{
		{"no options", &crossrankv1.ScoreRequest{Pairs: pairs}, crossrank.Request{}, codes.OK},
		{"every option", &crossrankv1.ScoreRequest{Pairs: pairs, Model: "fake", Options: &crossrankv1.Options{
			Raw: true, MaxLength: 9, Truncation: crossrankv1.Truncation_TRUNCATION_LEFT, Priority: 7,
		}}, crossrank.Request{Raw: true, MaxLength: 9, Truncation: crossrank.TruncateLeft, Priority: 7}, codes.OK},
		{"no truncation", &crossrankv1.ScoreRequest{Pairs: pairs, Options: &crossrankv1.Options{
			Truncation: crossrankv1.Truncation_TRUNCATION_NEVER,
		}}, crossrank.Request{Truncation: crossrank.TruncateNever}, codes.OK},
		{"no pairs", &crossrankv1.ScoreRequest{}, crossrank.Request{}, codes.InvalidArgument},
		{"too many pairs",
			&crossrankv1.ScoreRequest{Pairs: slices.Repeat(pairs, 2)}, crossrank.Request{}, codes.InvalidArgument},
		{"a truncation that is none",
			&crossrankv1.ScoreRequest{Pairs: pairs, Options: &crossrankv1.Options{Truncation: 7}},
			crossrank.Request{}, codes.InvalidArgument},
		{"a negative length", &crossrankv1.ScoreRequest{Pairs: pairs, Options: &crossrankv1.Options{MaxLength: -1}},
			crossrank.Request{}, codes.InvalidArgument},
		{"another model", &crossrankv1.ScoreRequest{Pairs: pairs, Model: "other"}, crossrank.Request{}, codes.NotFound},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			calls := fake.Calls()
			out, err := c.Score(t.Context(), tt.in)
			if status.Code(err) != tt.code {
				t.Fatalf("got %v, want %v", err, tt.code)
			}
			if err != nil {
				if fake.Calls() != calls && fake.Last().Validate() == nil {
					t.Error("the scorer was asked all the same")
				}
				return
			}
			got := fake.Last()
			if got.Raw != tt.want.Raw || got.MaxLength != tt.want.MaxLength || got.Truncation != tt.want.Truncation ||
				got.Priority != tt.want.Priority {
				t.Errorf("the scorer got %+v, want %+v", got, tt.want)
			}
			want, err := fake.Score(t.Context(), got)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(out.Scores, want.Scores) || out.ScoreType != string(want.ScoreType) || out.Model != "fake" ||
				out.Usage.Tokens != int64(want.Usage.Tokens) || out.Usage.PaddedTokens != int64(want.Usage.PaddedTokens) ||
				out.Usage.CachedTokens != int64(want.Usage.CachedTokens) ||
				out.Timing.QueueNs != 2000 || out.Timing.TotalNs < 6000 {
				t.Errorf("got %v, want %+v", out, want)
			}
		})
	}
}

func TestRerank(t *testing.T) {
	c := crossrankv1.NewRerankServiceClient(serve(t, &scorertest.Fake{}, &bytes.Buffer{}))
	documents := []string{"a", "b", "c"}
	logit := func(d string) float32 { return scorertest.Logit(crossrank.Pair{Query: "q", Passage: d}) }
	for _, topN := range []int32{0, 1, 2, 3, 100} {
		out, err := c.Rerank(t.Context(), &crossrankv1.RerankRequest{
			Query: "q", Documents: documents, TopN: topN, ReturnDocuments: topN != 1, Options: &crossrankv1.Options{Raw: true},
		})
		if err != nil {
			t.Fatal(err)
		}
		want := min(3, int(topN))
		if topN == 0 {
			want = 3
		}
		if len(out.Results) != want || out.ScoreType != "logit" {
			t.Errorf("top_n %d: got %v, want %d logits", topN, out, want)
		}
		for i, r := range out.Results {
			if r.Score != logit(documents[r.Index]) || i > 0 && r.Score > out.Results[i-1].Score {
				t.Errorf("top_n %d: result %d is %v: its score is another document's, or out of order", topN, i, r)
			}
			if document := documents[r.Index]; topN != 1 && r.Document != document || topN == 1 && r.Document != "" {
				t.Errorf("top_n %d: result %d comes with document %q", topN, i, r.Document)
			}
		}
	}
	_, err := c.Rerank(t.Context(), &crossrankv1.RerankRequest{Query: "q", Documents: documents, TopN: -1})
	if status.Code(err) != codes.InvalidArgument {
		t.Errorf("top_n -1: got %v, want INVALID_ARGUMENT", err)
	}
	if _, err := c.Rerank(t.Context(), &crossrankv1.RerankRequest{Query: "q"}); status.Code(err) != codes.InvalidArgument {
		t.Errorf("no documents: got %v, want INVALID_ARGUMENT", err)
	}
}

func TestInfo(t *testing.T) {
	c := crossrankv1.NewRerankServiceClient(serve(t, &scorertest.Fake{}, &bytes.Buffer{}))
	out, err := c.Info(t.Context(), &crossrankv1.InfoRequest{})
	if err != nil || out.Model != "fake" || !out.Meaningless || out.MaxLength != 512 || out.ScoreType != "probability" {
		t.Errorf("got %v, %v", out, err)
	}
}

func TestInference(t *testing.T) {
	c := inference.NewInferenceServiceClient(serve(t, &scorertest.Fake{Delay: 2 * time.Millisecond}, &bytes.Buffer{}))
	out, err := c.Infer(t.Context(), &inference.InferRequest{Pairs: []*inference.QueryDocPair{{Query: "q", Document: "d"}, {}}})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Scores) != 2 || out.NumPairs != 2 || out.LatencyMs < 2 || out.LatencyMs > 1000 || out.StatusCode != 200 {
		t.Errorf("got %v, want 2 scores, num_pairs 2, the latency, status_code 200", out)
	}
	if want := crossrank.Sigmoid(scorertest.Logit(crossrank.Pair{Query: "q", Passage: "d"})); out.Scores[0] != want {
		t.Errorf("got score %v, want the activated one, %v", out.Scores[0], want)
	}
	if _, err := c.Infer(t.Context(), &inference.InferRequest{}); status.Code(err) != codes.InvalidArgument {
		t.Errorf("no pairs: got %v, want INVALID_ARGUMENT", err)
	}

	m, err := c.GetMetrics(t.Context(), &inference.Empty{})
	if err != nil {
		t.Fatal(err)
	}
	want := &inference.MetricsResponse{
		Count: math.MaxInt32, QueryCount: 77, AvgMs: 1.5, P50Ms: 1, P95Ms: 2, P99Ms: 3, ThroughputQps: 12.5,
	}
	if m.String() != want.String() {
		t.Errorf("got %v, want %v", m, want)
	}
}

// TestInferDoesNotDependOnTheActivation has a model whose own activation is none, and a server that
// only tokenizes.
func TestInferDoesNotDependOnTheActivation(t *testing.T) {
	infer := func(kind crossrank.ScoreType, scores ...float32) *inference.InferResponse {
		s := scorerFunc(func(context.Context, *crossrank.Request) (*crossrank.Response, error) {
			return &crossrank.Response{Scores: scores, ScoreType: kind}, nil
		})
		c := inference.NewInferenceServiceClient(serve(t, s, &bytes.Buffer{}))
		out, err := c.Infer(t.Context(), &inference.InferRequest{Pairs: make([]*inference.QueryDocPair, len(scores))})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	got := infer(crossrank.Logit, -3, 0, 8)
	want := []float32{crossrank.Sigmoid(-3), 0.5, crossrank.Sigmoid(8)}
	if !slices.Equal(got.Scores, want) || got.StatusCode != 200 {
		t.Errorf("of logits: got %v, want their sigmoids, %v, and status_code 200", got, want)
	}
	got = infer(crossrank.NoScore, 0, 0)
	if len(got.Scores) != 0 || got.NumPairs != 2 || got.StatusCode != 204 {
		t.Errorf("without scores: got %v, want none for 2 pairs, and status_code 204", got)
	}
}

func TestEveryCodeHasItsStatus(t *testing.T) {
	tests := []struct {
		err      error
		want     codes.Code
		pushback string
	}{
		{crossrank.Errorf(crossrank.InvalidArgument, "x"), codes.InvalidArgument, ""},
		{crossrank.Errorf(crossrank.NotFound, "x"), codes.NotFound, ""},
		{crossrank.Errorf(crossrank.Unauthenticated, "x"), codes.Unauthenticated, ""},
		{crossrank.Errorf(crossrank.TooLarge, "x"), codes.InvalidArgument, ""},
		{&crossrank.Error{Code: crossrank.Overloaded, Message: "x", RetryAfter: 1500 * time.Millisecond},
			codes.ResourceExhausted, "1500"},
		{&crossrank.Error{Code: crossrank.Unavailable, Message: "x", RetryAfter: time.Nanosecond}, codes.Unavailable, "1"},
		{context.DeadlineExceeded, codes.DeadlineExceeded, ""},
		{context.Canceled, codes.Canceled, ""},
		{crossrank.Errorf(crossrank.Internal, "x"), codes.Internal, ""},
		{crossrank.Errorf("no_such_code", "x"), codes.Internal, ""},
	}
	for _, tt := range tests {
		fake := &scorertest.Fake{Fault: func(*crossrank.Request) error { return tt.err }}
		c := crossrankv1.NewRerankServiceClient(serve(t, fake, &bytes.Buffer{}))
		var trailer metadata.MD
		ctx := metadata.AppendToOutgoingContext(t.Context(), edge.RequestIDHeader, "my-id")
		_, err := c.Score(ctx, &crossrankv1.ScoreRequest{Pairs: make([]*crossrankv1.Pair, 1)}, grpc.Trailer(&trailer))
		if status.Code(err) != tt.want {
			t.Errorf("%v: got %v, want %v", tt.err, err, tt.want)
		}
		if got := strings.Join(trailer.Get("grpc-retry-pushback-ms"), " "); got != tt.pushback {
			t.Errorf("%v: got pushback %q, want %q", tt.err, got, tt.pushback)
		}
		if got := trailer.Get(edge.RequestIDHeader); !slices.Equal(got, []string{"my-id"}) {
			t.Errorf("%v: got request id %q, want the caller's", tt.err, got)
		}
		var reason string
		for _, detail := range status.Convert(err).Details() {
			if info, ok := detail.(*errdetails.ErrorInfo); ok && info.Domain == ErrorDomain {
				reason = info.Reason
			}
		}
		if want := strings.ToUpper(string(crossrank.CodeOf(tt.err))); reason != want {
			t.Errorf("%v: got reason %q, want %q", tt.err, reason, want)
		}
	}
}

func TestAPanicIsLoggedOnceAndHidden(t *testing.T) {
	var log bytes.Buffer
	fake := &scorertest.Fake{Fault: func(*crossrank.Request) error { panic("a secret") }}
	c := inference.NewInferenceServiceClient(serve(t, fake, &log))
	_, err := c.Infer(t.Context(), &inference.InferRequest{Pairs: []*inference.QueryDocPair{{Document: "private text"}}})
	if status.Code(err) != codes.Internal || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v, want an INTERNAL that tells nothing", err)
	}
	if got := log.String(); strings.Count(got, "a secret") != 1 || strings.Contains(got, "private text") {
		t.Errorf("want the panic once and no text of the request; the log is:\n%s", got)
	}
}
