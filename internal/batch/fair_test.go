package batch

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crossrank/crossrank/internal/fairqueue"
)

// sent is a request as its sender sees it.
type sent struct {
	from fairqueue.Sender
	took time.Duration
	err  error
}

// send starts a request of that many items in a group.
func send(t *testing.T, wg *sync.WaitGroup, b *Batcher[int, int], from fairqueue.Sender, cost, n int) *sent {
	s := &sent{from: from}
	wg.Go(func() {
		start := time.Now()
		s.err = b.Do(t.Context(), from, items(cost, make([]int, n)...))
		s.took = time.Since(start)
		if s.err != nil {
			t.Errorf("a request of %v: got error %v", from, s.err)
		}
	})
	return s
}

// TestSmallRequestsPassALargeOne has fifty requests of one document arrive while one of a thousand
// is computed.
func TestSmallRequestsPassALargeOne(t *testing.T) {
	for _, c := range []struct {
		name   string
		caller func(i int) string
		apart  time.Duration // between arrivals
		large  int           // how many large requests there are
	}{
		{"of fifty callers at once", func(i int) string { return fmt.Sprint(i) }, 0, 1},
		{"of one caller at once", func(int) string { return "small" }, 0, 1},
		{"of fifty callers one after another", func(i int) string { return fmt.Sprint(i) }, 77 * time.Millisecond, 1},
		{"of fifty callers behind twenty requests of one", func(i int) string { return fmt.Sprint(i) }, 0, 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, lengthAware := range []bool{true, false} {
				synctest.Test(t, func(t *testing.T) {
					var l log
					b := New(l.double(time.Second), Options{MaxQueuedTokens: math.MaxInt, LengthAware: &lengthAware}, Runners{})
					defer b.Close()
					var wg sync.WaitGroup
					for range c.large {
						send(t, &wg, b, fairqueue.Sender{Caller: "large"}, 80, 1000)
					}
					time.Sleep(500 * time.Millisecond)
					var small []*sent
					for i := range 50 {
						small = append(small, send(t, &wg, b, fairqueue.Sender{Caller: c.caller(i)}, 80, 1))
						time.Sleep(c.apart)
					}
					wg.Wait()
					for i, s := range small {
						if s.took > 2*time.Second {
							t.Errorf("small request %d took %v, want two batches of a second at most", i, s.took)
						}
					}
					// No runner idled: but for the last, every batch is as full as the budget lets
					// it be.
					for i, batch := range l.batches[:len(l.batches)-1] {
						if len(batch) != 16_384/80 {
							t.Errorf("batch %d held %d items, want %d", i, len(batch), 16_384/80)
						}
					}
				})
			}
		})
	}
}

// TestManyRequestsGetOneShare has a greedy caller keep a hundred requests waiting beside one that
// sends one by one.
func TestManyRequestsGetOneShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l log
		b := New(l.double(time.Second), Options{MaxPairs: 10, Quantum: 1}, Runners{})
		defer b.Close()
		var wg sync.WaitGroup
		for range 100 {
			send(t, &wg, b, fairqueue.Sender{Caller: "greedy"}, 1, 10)
		}
		time.Sleep(time.Millisecond)
		for range 5 { // of 25 items each: alone they would take three batches, with half of the engine five
			var alone sync.WaitGroup
			modest := send(t, &alone, b, fairqueue.Sender{Caller: "modest"}, 1, 25)
			alone.Wait()
			time.Sleep(500 * time.Millisecond)
			if modest.took > 6*time.Second {
				t.Errorf("25 items took %v beside a greedy caller; want five batches at half of the throughput, and the one under way",
					modest.took)
			}
		}
		wg.Wait()
	})
}

// TestNothingStarves pours urgent work without end over one request that can wait.
func TestNothingStarves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l log
		b := New(l.double(time.Second), Options{MaxPairs: 10, Quantum: 2}, Runners{})
		defer b.Close()
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		var flood, wg sync.WaitGroup
		for priority := range fairqueue.Priorities - 1 {
			for i := range 20 {
				from := fairqueue.Sender{Caller: fmt.Sprint(i), Priority: priority}
				flood.Go(func() {
					for ctx.Err() == nil {
						_ = b.Do(ctx, from, items(1, make([]int, 10)...))
					}
				})
			}
		}
		time.Sleep(time.Millisecond)
		// Its share is one of eleven, so that ten items take eleven batches of ten.
		patient := send(t, &wg, b, fairqueue.Sender{Caller: "patient", Priority: fairqueue.Priorities - 1}, 1, 10)
		wg.Wait()
		stop()
		flood.Wait()
		if patient.took > 14*time.Second {
			t.Errorf("the least urgent request took %v, want about 11s", patient.took)
		}
	})
}

// TestAbsurdCosts has items that cost more than any number of rounds brings.
func TestAbsurdCosts(t *testing.T) {
	var l log
	b := New(l.double(0), Options{Quantum: 1, MaxTokens: 10, MaxQueuedTokens: math.MaxInt}, Runners{})
	defer b.Close()
	var wg sync.WaitGroup
	for i := range 20 {
		send(t, &wg, b, fairqueue.Sender{Caller: fmt.Sprint(i % 5), Priority: i - 5}, 1<<30+i, 3)
	}
	wg.Wait()
}

// TestLeaversAreNotTaken has a caller leave in the moment in which the next batch is formed.
func TestLeaversAreNotTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, leave := context.WithCancel(t.Context())
		var l log
		double := l.double(time.Second)
		b := New(func(values, results []int) error {
			err := double(values, results)
			leave()
			return err
		}, Options{}, Runners{})
		defer b.Close()
		busy := later(b, t.Context(), items(1, 1))
		left, stays := later(b, ctx, items(1, 2, 3)), later(b, t.Context(), items(1, 4))
		wantNil(t, busy, stays)
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("got error %v, want %v", err, context.Canceled)
		}
		l.want(t, []int{1}, []int{4})
	})
}
