package server

import (
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/edge"
	"github.com/crossrank/crossrank/internal/scorertest"
	crossrankv1 "github.com/crossrank/crossrank/proto/crossrank/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// list is a request of n pairs, each unlike the others.
func list(n int) *crossrank.Request {
	req := &crossrank.Request{Raw: true}
	for i := range n {
		req.Pairs = append(req.Pairs, crossrank.Pair{Query: "q", Passage: strconv.Itoa(i)})
	}
	return req
}

func TestAStreamScoresMoreThanARequestMayHold(t *testing.T) {
	fake := &scorertest.Fake{}
	r := start(t, fake, Config{Limits: edge.Limits{Documents: 100}})
	c := dial(t, "grpc://"+r.GRPCAddr())
	req := list(2345)
	var got []float32
	err := c.ScoreStream(t.Context(), req, 100, func(offset int, part *crossrank.Response) error {
		if offset != len(got) || part.ScoreType != crossrank.Logit || part.Model != "fake" || part.Timing.Total == 0 {
			t.Errorf("got %+v at %d after %d scores", part, offset, len(got))
		}
		got = append(got, part.Scores...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want, err := fake.Score(t.Context(), req)
	if err != nil || !slices.Equal(got, want.Scores) {
		t.Errorf("got %d scores, want the %d of one request, in order", len(got), len(want.Scores))
	}
}

func TestAStreamEndsWithItsFirstFailure(t *testing.T) {
	mine := errors.New("mine")
	tests := []struct {
		name   string
		target string
		cfg    Config
		req    *crossrank.Request
		chunk  int
		scores int
		each   error
		want   crossrank.Code
	}{
		{"a chunk over the limit", "grpc", Config{Limits: edge.Limits{Documents: 10}}, list(30), 11, 0, nil, crossrank.TooLarge},
		{"a chunk that the scorer refuses", "grpc", Config{}, list(30), 10, 20, nil, crossrank.Overloaded},
		{"a model that is not there", "grpc", Config{}, &crossrank.Request{Model: "other", Pairs: list(1).Pairs}, 1, 0, nil, crossrank.NotFound},
		{"nothing to score", "grpc", Config{}, &crossrank.Request{}, 1, 0, nil, crossrank.InvalidArgument},
		{"a deadline of the server's", "grpc", Config{Deadline: time.Nanosecond}, list(3), 1, 0, nil, crossrank.DeadlineExceeded},
		{"a caller who has enough", "grpc", Config{}, list(20), 1, 1, mine, crossrank.Internal},
		{"HTTP", "http", Config{}, list(1), 1, 0, nil, crossrank.InvalidArgument},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fake := &scorertest.Fake{Fault: func(req *crossrank.Request) error {
				if req.Pairs[0].Passage == "20" {
					return crossrank.Errorf(crossrank.Overloaded, "full")
				}
				return nil
			}}
			r := start(t, fake, tt.cfg)
			target := map[string]string{"grpc": "grpc://" + r.GRPCAddr(), "http": "http://" + r.HTTPAddr()}[tt.target]
			got := 0
			err := dial(t, target).ScoreStream(t.Context(), tt.req, tt.chunk, func(_ int, part *crossrank.Response) error {
				got += len(part.Scores)
				return tt.each
			})
			if crossrank.CodeOf(err) != tt.want || got != tt.scores || tt.each != nil && err != tt.each {
				t.Errorf("got %d scores and %v, want %d and %s", got, err, tt.scores, tt.want)
			}
		})
	}
}

// waiting blocks what it is asked until it is let go, or its caller leaves.
type waiting struct {
	asked chan struct{}
	let   chan struct{}
}

func (w *waiting) Score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	w.asked <- struct{}{}
	select {
	case <-w.let:
		return (&scorertest.Fake{}).Score(ctx, req)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func TestCancelingAStreamCancelsItsChunks(t *testing.T) {
	w := &waiting{asked: make(chan struct{}, 100), let: make(chan struct{})}
	r := start(t, w, Config{})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		ended <- dial(t, "grpc://"+r.GRPCAddr()).ScoreStream(ctx, list(100), 1, func(int, *crossrank.Response) error { return nil })
	}()
	for range 4 { // as many as are scored at once
		<-w.asked
	}
	cancel()
	if err := <-ended; crossrank.CodeOf(err) != crossrank.Canceled {
		t.Errorf("got %v, want it canceled", err)
	}
	if err := r.stop(); err != nil { // which waits for them
		t.Error(err)
	}
	if n := len(w.asked); n != 0 {
		t.Errorf("%d chunks were scored ahead of the four", n)
	}
}

// TestADrainFinishesTheChunksThatWereRead has a stream under way, and an idle one, when the server
// stops.
func TestADrainFinishesTheChunksThatWereRead(t *testing.T) {
	w := &waiting{asked: make(chan struct{}, 100), let: make(chan struct{})}
	r := start(t, w, Config{DrainGrace: patience})
	stub := crossrankv1.NewRerankServiceClient(r.connect(t))
	open := func() crossrankv1.RerankService_StreamScoreClient {
		stream, err := stub.StreamScore(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return stream
	}
	busy, idle := open(), open()
	if err := busy.Send(&crossrankv1.StreamScoreRequest{Pairs: []*crossrankv1.Pair{{Query: "q"}}}); err != nil {
		t.Fatal(err)
	}
	<-w.asked
	stopped := make(chan error)
	go func() { stopped <- r.stop() }()
	if _, err := idle.Recv(); status.Code(err) != codes.Unavailable {
		t.Errorf("the idle stream got %v, want UNAVAILABLE", err)
	}
	close(w.let)
	if out, err := busy.Recv(); err != nil || len(out.Scores) != 1 {
		t.Errorf("the busy stream got %v, %v, want its score", out, err)
	}
	if _, err := busy.Recv(); status.Code(err) != codes.Unavailable {
		t.Errorf("the busy stream then got %v, want UNAVAILABLE", err)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestAStreamKeepsItsOptions(t *testing.T) {
	r := start(t, &scorertest.Fake{}, Config{})
	stub := crossrankv1.NewRerankServiceClient(r.connect(t))
	pairs := []*crossrankv1.Pair{{Query: "q"}}
	raw := &crossrankv1.Options{Raw: true}
	tests := []struct {
		name   string
		second *crossrankv1.StreamScoreRequest
		want   codes.Code
	}{
		{"left out", &crossrankv1.StreamScoreRequest{Pairs: pairs}, codes.OK},
		{"said again", &crossrankv1.StreamScoreRequest{Pairs: pairs, Options: raw, Model: "fake"}, codes.OK},
		{"changed", &crossrankv1.StreamScoreRequest{Pairs: pairs, Options: &crossrankv1.Options{}}, codes.InvalidArgument},
		{"another model", &crossrankv1.StreamScoreRequest{Pairs: pairs, Model: "m"}, codes.InvalidArgument},
		{"an empty chunk", &crossrankv1.StreamScoreRequest{}, codes.InvalidArgument},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			stream, err := stub.StreamScore(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, in := range []*crossrankv1.StreamScoreRequest{{Pairs: pairs, Options: raw, Model: "fake"}, tt.second} {
				if err := stream.Send(in); err != nil && err != io.EOF {
					t.Fatal(err)
				}
			}
			stream.CloseSend()
			var out *crossrankv1.StreamScoreResponse
			for err == nil {
				if out, err = stream.Recv(); err == nil && out.ScoreType != "logit" {
					t.Errorf("got %v, want logits as the first message asks", out)
				}
			}
			if err == io.EOF {
				err = nil
			}
			if report := stream.Trailer().Get("endpoint-load-metrics-bin"); tt.want == codes.OK && len(report) != 1 {
				t.Errorf("the stream ends with %d load reports, want one", len(report))
			}
			if status.Code(err) != tt.want {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}
