package batch

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crossrank/crossrank/internal/fairqueue"
)

// TestContinue: what continues a request is not refused where a new one is, and comes before what
// its sender has waiting.
func TestContinue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l log
		b := New(l.double(time.Second), Options{MaxPairs: 2, MaxQueuedTokens: 4}, Runners{})
		defer b.Close()
		running := later(b, t.Context(), items(1, 1, 2))
		waiting := later(b, t.Context(), items(1, 3, 4, 5, 6))
		var full *FullError
		if err := b.Do(t.Context(), fairqueue.Sender{}, items(1, 7)); !errors.As(err, &full) {
			t.Errorf("a new request: got %v, want a full queue", err)
		}
		further := items(1, 8, 9)
		if err := b.Continue(t.Context(), fairqueue.Sender{}, further); err != nil || further[1].Result != 18 {
			t.Errorf("got %v and the result %d, want 18", err, further[1].Result)
		}
		wantNil(t, running, waiting)
		l.want(t, []int{1, 2}, []int{8, 9}, []int{3, 4}, []int{5, 6})
		if err := b.Continue(t.Context(), fairqueue.Sender{}, nil); err != nil {
			t.Errorf("nothing: got %v", err)
		}
	})
}

// TestContinueEnds: its caller may leave, and a Batcher that is closed refuses it.
func TestContinueEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l log
		b := New(l.double(time.Second), Options{}, Runners{})
		running := later(b, t.Context(), items(1, 1))
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := b.Continue(ctx, fairqueue.Sender{}, items(1, 2)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("with a deadline within the batch that runs: got %v", err)
		}
		wantNil(t, running)
		b.Close()
		if err := b.Continue(t.Context(), fairqueue.Sender{}, items(1, 2)); !errors.Is(err, ErrClosed) {
			t.Errorf("closed: got %v", err)
		}
		l.want(t, []int{1})
	})
}
