package crossrank_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"testing"

	"github.com/crossrank/crossrank"
)

// lengths scores a passage by its length.
type lengths struct{ err error }

func (l lengths) Score(_ context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	if l.err != nil {
		return nil, l.err
	}
	resp := &crossrank.Response{}
	for _, p := range req.Pairs {
		resp.Scores = append(resp.Scores, float32(len(p.Passage)))
	}
	return resp, nil
}

func ExampleRank() {
	var scorer crossrank.Scorer = lengths{} // a real program opens one with package local or client
	documents := []string{"short", "the longest of them", "middling"}
	ranked, _, err := crossrank.Rank(context.Background(), scorer, "a query", documents, 2)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range ranked {
		fmt.Println(r.Score, documents[r.Index])
	}
	// Output:
	// 19 the longest of them
	// 8 middling
}

// A ranking with settings that Rank does not have: parts of long documents count by the best one.
func ExamplePairs() {
	var scorer crossrank.Scorer = lengths{}
	documents := []string{"short", "the longest of them", "middling"}
	resp, err := scorer.Score(context.Background(), &crossrank.Request{
		Pairs:   crossrank.Pairs("a query", documents),
		Windows: crossrank.Windows{Aggregate: crossrank.BestWindow},
		TopN:    1,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	best := crossrank.Order(resp.Scores, 1)[0]
	fmt.Println(best.Score, documents[best.Index])
	// Output: 19 the longest of them
}

func TestRank(t *testing.T) {
	ctx := context.Background()
	documents := []string{"bb", "a", "cc", "dddd"}
	ranked, resp, err := crossrank.Rank(ctx, lengths{}, "q", documents, 0)
	if err != nil {
		t.Fatal(err)
	}
	var order []int
	for _, r := range ranked {
		order = append(order, r.Index)
	}
	if want := []int{3, 0, 2, 1}; !slices.Equal(order, want) {
		t.Errorf("order %v, want %v: best first, equal scores in their own order", order, want)
	}
	if want := []float32{2, 1, 2, 4}; !slices.Equal(resp.Scores, want) {
		t.Errorf("scores %v, want the documents' own order, %v", resp.Scores, want)
	}
	if ranked, _, _ := crossrank.Rank(ctx, lengths{}, "q", documents, 100); len(ranked) != 4 {
		t.Errorf("the best 100 of 4 are %d", len(ranked))
	}
	if _, _, err := crossrank.Rank(ctx, lengths{}, "q", documents, -1); crossrank.CodeOf(err) != crossrank.InvalidArgument {
		t.Errorf("top -1: %v, want an invalid argument", err)
	}
	if _, _, err := crossrank.Rank(ctx, lengths{io.ErrUnexpectedEOF}, "q", documents, 1); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a failing scorer: %v", err)
	}
}

func TestCodeOf(t *testing.T) {
	full := crossrank.Errorf(crossrank.Overloaded, "full: %w", io.ErrShortBuffer)
	for name, c := range map[string]struct {
		err  error
		want crossrank.Code
	}{
		"none":             {nil, crossrank.OK},
		"its own":          {full, crossrank.Overloaded},
		"wrapped":          {fmt.Errorf("asking: %w", full), crossrank.Overloaded},
		"deadline":         {fmt.Errorf("waiting: %w", context.DeadlineExceeded), crossrank.DeadlineExceeded},
		"cancelled":        {context.Canceled, crossrank.Canceled},
		"any other":        {io.EOF, crossrank.Internal},
		"code over cause":  {crossrank.Errorf(crossrank.Unavailable, "x: %w", context.Canceled), crossrank.Unavailable},
		"joined with code": {errors.Join(io.EOF, full), crossrank.Overloaded},
	} {
		if got := crossrank.CodeOf(c.err); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	if !errors.Is(full, io.ErrShortBuffer) || full.Error() != "full: short buffer" {
		t.Errorf("Errorf: %q, cause kept %v", full, errors.Is(full, io.ErrShortBuffer))
	}
}

func TestSigmoid(t *testing.T) {
	for _, c := range []struct{ x, want float64 }{{0, 0.5}, {100, 1}, {-100, 0}, {math.Inf(-1), 0}, {2, 0.8807970779778823}} {
		if got := crossrank.Sigmoid(float32(c.x)); math.Abs(float64(got)-c.want) > 1e-7 {
			t.Errorf("Sigmoid(%g) = %g, want %g", c.x, got, c.want)
		}
	}
}

func TestCallerOf(t *testing.T) {
	if got := crossrank.CallerOf(t.Context()); got != "" {
		t.Errorf("nobody: got %q, want nothing", got)
	}
	ctx := crossrank.WithCaller(crossrank.WithCaller(t.Context(), "a"), "b")
	if got := crossrank.CallerOf(ctx); got != "b" {
		t.Errorf("got %q, want the caller set last", got)
	}
}
