package edge

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
)

// TestBudgetUnderConcurrency: whatever many requests take and give back, the sum is never over the
// budget, and all of it comes back.
func TestBudgetUnderConcurrency(t *testing.T) {
	const most = 1 << 20
	b := NewBudget(most)
	var requests sync.WaitGroup
	for n := range 8 {
		requests.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(n)))
			for range 20_000 {
				s := b.Reserve()
				for range random.IntN(4) {
					if err := s.Grow(random.Int64N(most / 3)); err != nil && crossrank.CodeOf(err) != crossrank.Overloaded {
						t.Errorf("got %v, want Overloaded", err)
					}
					if used := b.Used(); used > most || used < s.held {
						t.Errorf("%d of %d bytes are used, of which a request holds %d", used, most, s.held)
					}
				}
				s.Release()
				s.Release()
			}
		})
	}
	requests.Wait()
	if got := b.Used(); got != 0 {
		t.Errorf("%d bytes are used after all requests have ended", got)
	}
}

func TestBudgetKeepsRoomForOrdinaryRequests(t *testing.T) {
	const most = 1 << 20
	b := NewBudget(most)
	large := b.Reserve()
	for large.Grow(1024) == nil {
	}
	if got, want := b.Used(), int64(most-most/4); got != want {
		t.Errorf("a large request takes %d bytes of %d, want %d", got, most, want)
	}
	if err := b.Fits(smallRequest + 1); crossrank.CodeOf(err) != crossrank.Overloaded {
		t.Errorf("another large one: got %v, want Overloaded", err)
	}
	for i := range 4 {
		if err := b.Reserve().Grow(smallRequest); err != nil {
			t.Errorf("ordinary request %d: %v", i, err)
		}
	}
	err := b.Reserve().Grow(1)
	if e, ok := err.(*crossrank.Error); !ok || e.Code != crossrank.Overloaded || e.RetryAfter != time.Second {
		t.Errorf("over the budget: got %#v, want Overloaded that says when to try again", err)
	}
	large.Release()
	if err := b.Fits(smallRequest + 1); err != nil {
		t.Errorf("after it was given back: %v", err)
	}
}

func TestNoBudget(t *testing.T) {
	var b *Budget
	s := b.Reserve()
	if err := s.Grow(1 << 50); err != nil || b.Fits(1<<50) != nil || b.Used() != 0 {
		t.Errorf("a nil budget refuses: %v", err)
	}
	s.Release()
}
