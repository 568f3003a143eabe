package batch

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crossrank/crossrank/internal/fairqueue"
)

// TestKnownCallersAreBoundByTheirDeadlines has a limit of 400 tokens, of which 300 are for
// everyone, at 100 tokens per second.
func TestKnownCallersAreBoundByTheirDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l log
		b := New(l.paced, Options{MaxQueueAge: 4 * time.Second, MaxPairs: 50, MaxQueuedTokens: 2000}, steady)
		defer b.Close()
		ask := func(caller string, n int, within time.Duration) error {
			ctx := t.Context()
			if within > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, within)
				t.Cleanup(cancel)
			}
			_, err := b.Submit(ctx, fairqueue.Sender{Caller: caller}, items(1, make([]int, n)...))
			synctest.Wait()
			return err
		}
		const near = 12 * time.Second // three times the age
		full, late := new(*FullError), new(*LateError)
		for _, c := range []struct {
			name   string
			caller string
			n      int
			within time.Duration
			want   any // nil if it is admitted
		}{
			{"nothing waits", "a", 50, near, nil}, // which run
			{"within what is for everyone", "a", 300, near, nil},
			{"beyond it, without a deadline", "a", 1, 0, full},
			{"with a deadline that is too far away", "a", 1, near + time.Second, full},
			{"with a near one", "a", 200, near, nil},
			{"with one that it would miss", "a", 700, near, late},
			{"of a caller of whom nothing waits, as if there were 300", "b", 150, near, nil},
			{"of another such caller, beyond its share", "c", 101, near, full},
			{"of the second one, now that it is known", "b", 100, near, nil},
		} {
			err := ask(c.caller, c.n, c.within)
			if c.want == nil && err != nil || c.want != nil && !errors.As(err, c.want) {
				t.Errorf("%s: got error %v, want %T", c.name, err, c.want)
			}
		}
	})
}

// TestKnownCallersLeaveRoom has a caller that holds twice what is for everyone, half of it because
// it is known. A request of any size of another caller is admitted as if that were not there, and
// nothing of it is left in the count when it has run or was canceled.
func TestKnownCallersLeaveRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l log
		b := New(l.paced, Options{MaxQueueAge: 4 * time.Second, MaxPairs: 50}, steady)
		defer b.Close()
		a, other := fairqueue.Sender{Caller: "a"}, fairqueue.Sender{Caller: "b"}
		ctx, cancel := context.WithTimeout(t.Context(), 12*time.Second)
		leaving, leave := context.WithCancel(ctx)
		defer cancel()
		done := make(chan error, 20)
		for _, c := range []struct {
			ctx context.Context
			n   int
		}{{ctx, 50}, {ctx, 300}, {ctx, 100}, {leaving, 100}, {ctx, 100}} {
			ticket, err := b.Submit(c.ctx, a, items(1, make([]int, c.n)...))
			if err != nil {
				t.Fatal(err)
			}
			go func() { done <- ticket.Wait(c.ctx) }()
			synctest.Wait()
		}
		bound := func() int {
			b.mu.Lock()
			defer b.mu.Unlock()
			return b.deadlineBound
		}
		if n := bound(); n != 300 || b.Queue().Tokens != 600 {
			t.Errorf("%d of %d tokens wait because their caller is known, want 300 of 600", n, b.Queue().Tokens)
		}
		if err := b.Check(t.Context(), other, 1500); err != nil {
			t.Errorf("a large request of another caller: %v", err)
		}
		leave()
		synctest.Wait()
		if n := bound(); n != 200 {
			t.Errorf("%d tokens wait because their caller is known after 100 of 300 were canceled", n)
		}
		for range 5 {
			<-done
		}
		if n := bound(); n != 0 {
			t.Errorf("%d tokens wait because their caller is known when nothing waits", n)
		}
	})
}

// TestKnownCallersAreBoundedInNumber has more requests in flight than a connection may have.
func TestKnownCallersAreBoundedInNumber(t *testing.T) {
	waiting := fairqueue.Backlog{All: 400, Before: 400, Own: 400, Flows: 1, Total: 400, OwnRequests: maxKnown}
	limit := AdmissionLimit{MaxQueueAge: time.Second}
	if limit.bindsDeadline(waiting, time.Second) {
		t.Errorf("a caller with %d requests waiting may add another", maxKnown)
	}
	waiting.OwnRequests--
	if !limit.bindsDeadline(waiting, time.Second) {
		t.Errorf("a caller with %d requests waiting may not add another", maxKnown-1)
	}
}
