package grpcapi

import (
	"context"
	"strings"
	"testing"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/edge"
	crossrankv1 "github.com/crossrank/crossrank/proto/crossrank/v1"
	"google.golang.org/grpc/codes"
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
	if _, err := hold(t.Context(), fits, nil, answers); err != nil {
		t.Error(err)
	}
	if _, err := hold(t.Context(), &crossrankv1.ScoreRequest{Pairs: pairs(90 << 10)}, nil, panics); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("no room: got %v, want RESOURCE_EXHAUSTED", err)
	}
	func() {
		defer func() { recover() }()
		hold(t.Context(), fits, nil, panics)
	}()
	if budget.Used() != 0 || refused != 1 {
		t.Errorf("%d bytes are held after all, and %d refusals were told; want 0 and 1", budget.Used(), refused)
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
