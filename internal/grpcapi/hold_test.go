package grpcapi

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/edge"
	crossrankv1 "github.com/crossrank/crossrank/proto/crossrank/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

type scorerFunc func(context.Context, *crossrank.Request) (*crossrank.Response, error)

func (f scorerFunc) Score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	return f(ctx, req)
}

// TestHold: a request's bytes are taken while it is handled, and given back however that ends.
func TestHold(t *testing.T) {
	pairs := func(bytes int) []*crossrankv1.Pair { return []*crossrankv1.Pair{{Passage: strings.Repeat("x", bytes)}} }
	budget := edge.NewBudget(100 << 10)
	refused := 0
	cfg := Config{Budget: budget, Refused: func(code crossrank.Code) {
		if code == crossrank.Overloaded {
			refused++
		}
	}}
	fits := &crossrankv1.ScoreRequest{Pairs: pairs(50 << 10)}
	panics := func(context.Context, any) (any, error) { panic("a hole") }
	answers := func(context.Context, any) (any, error) {
		if got, want := budget.Used(), int64(proto.Size(fits)); got != want {
			t.Errorf("%d bytes are held, want %d", got, want)
		}
		return nil, nil
	}
	hold := Hold(cfg)
	if _, err := hold(t.Context(), fits, score, answers); err != nil {
		t.Error(err)
	}
	if _, err := hold(t.Context(), &crossrankv1.ScoreRequest{Pairs: pairs(90 << 10)}, score, panics); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("no room: got %v, want RESOURCE_EXHAUSTED", err)
	}
	func() {
		defer func() { recover() }()
		hold(t.Context(), fits, score, panics)
	}()
	if budget.Used() != 0 || refused != 1 {
		t.Errorf("%d bytes are held after all, and %d refusals were told; want 0 and 1", budget.Used(), refused)
	}
}

// score is the method that tests call.
var score = &grpc.UnaryServerInfo{FullMethod: crossrankv1.RerankService_Score_FullMethodName}

// TestHoldReplies: a reply is counted until grpc frees its bytes, or drops it.
func TestHoldReplies(t *testing.T) {
	budget := edge.NewBudget(100 << 10)
	hold := Hold(Config{Budget: budget})
	in := &crossrankv1.RerankRequest{Query: "q"}
	out := &crossrankv1.RerankResponse{Results: []*crossrankv1.RerankResult{{Document: strings.Repeat("x", 50<<10)}}}
	answer := func() *heldReply {
		t.Helper()
		reply, err := hold(t.Context(), in, score, func(context.Context, any) (any, error) { return out, nil })
		if err != nil {
			t.Fatal(err)
		}
		if got, want := budget.Used(), int64(proto.Size(out)); got != want {
			t.Errorf("%d bytes are held, want %d", got, want)
		}
		return reply.(*heldReply)
	}
	data, err := codec{}.Marshal(answer())
	if err != nil {
		t.Fatal(err)
	}
	var got crossrankv1.RerankResponse
	if err := proto.Unmarshal(data.Materialize(), &got); err != nil || !proto.Equal(&got, out) {
		t.Errorf("the reply is encoded as another: %v", err)
	}
	if budget.Used() == 0 {
		t.Error("nothing is held before the reply is written")
	}
	data.Free()
	if got := budget.Used(); got != 0 {
		t.Errorf("%d bytes are held after the reply was written", got)
	}
	answer() // which nobody encodes
	for deadline := time.Now().Add(time.Minute); budget.Used() != 0 && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		runtime.GC()
	}
	if got := budget.Used(); got != 0 {
		t.Errorf("%d bytes are held for a reply that was dropped", got)
	}
}

// TestHealthNeedsNoBudget: while requests fill the budget, health checks are answered.
func TestHealthNeedsNoBudget(t *testing.T) {
	budget := edge.NewBudget(1 << 10)
	if err := budget.Reserve().Grow(1 << 10); err != nil {
		t.Fatal(err)
	}
	check := &grpc.UnaryServerInfo{FullMethod: healthpb.Health_Check_FullMethodName}
	in := &healthpb.HealthCheckRequest{Service: Services[0]}
	answer := func(context.Context, any) (any, error) { return &healthpb.HealthCheckResponse{}, nil }
	if _, err := Hold(Config{Budget: budget})(t.Context(), in, check, answer); err != nil {
		t.Error(err)
	}
}

// TestChunksShareABudget: a message of a stream holds its bytes until it is scored, whether that
// works or not.
func TestChunksShareABudget(t *testing.T) {
	budget := edge.NewBudget(100 << 10)
	held := make(chan int64, 1)
	cfg := Config{
		Budget: budget,
		Models: func() []crossrank.Info { return []crossrank.Info{{Model: "m"}} },
		Scorer: scorerFunc(func(_ context.Context, req *crossrank.Request) (*crossrank.Response, error) {
			held <- budget.Used()
			panic("a hole")
		}),
	}
	st := &streamed{service: &rerankService{cfg: cfg}, first: &crossrankv1.StreamScoreRequest{}}
	in := &crossrankv1.StreamScoreRequest{Pairs: []*crossrankv1.Pair{{Passage: strings.Repeat("x", 50<<10)}}}
	if err := st.start(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if got, want := <-held, int64(proto.Size(in)); got != want {
		t.Errorf("%d bytes are held, want %d", got, want)
	}
	st.scoring.Wait()
	in.Pairs[0].Passage += in.Pairs[0].Passage
	if err := st.start(t.Context(), in); crossrank.CodeOf(err) != crossrank.Overloaded {
		t.Errorf("no room: got %v, want Overloaded", err)
	}
	if got := budget.Used(); got != 0 {
		t.Errorf("%d bytes are held after all", got)
	}
}
