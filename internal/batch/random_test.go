package batch

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crossrank/crossrank/internal/fairqueue"
	"github.com/crossrank/crossrank/internal/state"
)

// storm sends random requests of many callers, some of which leave early, through a batcher whose
// function takes random times and fails on some values, and checks what each of them gets.
type storm struct {
	seed     uint64
	opts     Options
	runners  Runners
	callers  int
	senders  int     // how many names they share; 0 means that all share one, and one priority
	requests int     // a caller
	leave    float64 // share of requests that are cancelled at a random moment
	poison   float64 // share of requests with an item that fails

	completed, left, failed, refused atomic.Int64
	mu                               sync.Mutex
	returned                         [][]Item[job, string] // of requests that failed: their callers' own again, and marked as such

	afterLeaving atomic.Int64 // items that started to run after their caller had left
}

// job is a value that knows whose it is.
type job struct {
	caller, request, place int
	poison                 bool
	gone                   *atomic.Int64 // when its caller left, in Unix nanoseconds; 0 if it has not
}

func (j job) result() string { return fmt.Sprint(j.caller, "/", j.request, "/", j.place) }

func (s *storm) run(t *testing.T) {
	var mu sync.Mutex
	rng := rand.New(rand.NewPCG(s.seed, 0))
	b := New(func(values []job, results []string) error {
		mu.Lock()
		takes := time.Duration(rng.IntN(2000)) * time.Microsecond
		mu.Unlock()
		for i, v := range values {
			if at := v.gone.Load(); at != 0 && at < time.Now().UnixNano() {
				s.afterLeaving.Add(1)
			}
			results[i] = v.result()
		}
		time.Sleep(takes)
		for _, v := range values {
			if v.poison {
				panic(errPoison)
			}
		}
		return nil
	}, s.opts, s.runners)
	var wg sync.WaitGroup
	for caller := range s.callers {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(s.seed, uint64(caller)+1))
			for request := range s.requests {
				s.request(t, b, rng, caller, request)
			}
		})
	}
	wg.Wait()
	synctest.Wait()
	time.Sleep(time.Second) // the batch of those who left last
	if st := b.Queue(); st != (state.Queue{}) {
		t.Errorf("when all callers had their answers: got %+v, want nothing left", st)
	}
	b.Close()
	for _, items := range s.returned {
		for i, it := range items {
			if it.Result != mine || it.Run != nil {
				t.Errorf("item %d of a request that had failed was written to later: %q, %+v", i, it.Result, it.Run)
			}
		}
	}
	if n := s.afterLeaving.Load(); n > 0 {
		t.Errorf("%d items were run although their callers had left", n)
	}
	if got, want := s.completed.Load()+s.left.Load()+s.failed.Load()+s.refused.Load(), int64(s.callers*s.requests); got != want {
		t.Errorf("completed + left + failed + refused = %d, want the %d sent", got, want)
	}
}

// request sends one request and checks its end.
func (s *storm) request(t *testing.T, b *Batcher[job, string], rng *rand.Rand, caller, request int) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	gone := new(atomic.Int64)
	leaves := rng.Float64() < s.leave
	if leaves {
		timer := time.AfterFunc(time.Duration(rng.IntN(8000))*time.Microsecond, func() {
			gone.Store(time.Now().UnixNano())
			cancel()
		})
		defer timer.Stop()
	}
	items := make([]Item[job, string], 1+rng.IntN(12))
	for i := range items {
		items[i] = Item[job, string]{Value: job{caller: caller, request: request, place: i, gone: gone}, Tokens: 1 + rng.IntN(40)}
	}
	poisoned := -1
	if rng.Float64() < s.poison {
		poisoned = rng.IntN(len(items))
		items[poisoned].Value.poison = true
	}
	var from fairqueue.Sender
	if s.senders > 0 {
		from = fairqueue.Sender{Caller: fmt.Sprint(caller % s.senders), Priority: rng.IntN(fairqueue.Priorities)}
	}
	err := b.Do(ctx, from, items)
	gone.Store(time.Now().UnixNano())
	if err != nil {
		s.reclaim(items)
	}
	var full *FullError
	var fault *ItemError
	switch {
	case err == nil:
		s.completed.Add(1)
		if poisoned >= 0 {
			t.Errorf("caller %d, request %d: got no error, want that of item %d", caller, request, poisoned)
		}
		for i, it := range items {
			if it.Result != it.Value.result() || it.Run == nil || it.Run.Longest < it.Tokens || it.Run.Ended.Before(it.Run.Started) {
				t.Errorf("caller %d, request %d, item %d: got result %q of run %+v", caller, request, i, it.Result, it.Run)
			}
		}
	case errors.Is(err, context.Canceled) && leaves:
		s.left.Add(1)
	case errors.As(err, &fault) && fault.Index == poisoned && errors.Is(err, errPoison):
		s.failed.Add(1)
	case errors.As(err, &full):
		s.refused.Add(1)
	default:
		t.Errorf("caller %d, request %d: got error %v", caller, request, err)
	}
	if rng.IntN(3) == 0 {
		time.Sleep(time.Duration(rng.IntN(5000)) * time.Microsecond)
	}
}

const mine = "the caller's own"

// reclaim marks items that no run may write to any more.
func (s *storm) reclaim(items []Item[job, string]) {
	for i := range items {
		items[i].Result, items[i].Run = mine, nil
	}
	s.mu.Lock()
	s.returned = append(s.returned, items)
	s.mu.Unlock()
}

func TestRandomInterleavings(t *testing.T) {
	var completed, left, failed int64
	for seed := range uint64(24) {
		rng := rand.New(rand.NewPCG(seed, 99))
		opts := Options{MaxTokens: 20 + rng.IntN(300), MaxPairs: 1 + rng.IntN(40), MaxQueuedTokens: rng.IntN(2) * 2000}
		runners := Runners{Count: 1 + rng.IntN(3), InFlight: 1 + rng.IntN(3)}
		opts.Timeout = time.Duration(rng.IntN(2)*rng.IntN(4000)) * time.Microsecond
		opts.Enabled, opts.LengthAware = new(rng.IntN(4) > 0), new(rng.IntN(2) == 0)
		opts.Quantum = rng.IntN(2) * rng.IntN(100)
		if seed%3 == 1 {
			opts.PreferredPairs = []int{1 + rng.IntN(6), 7 + rng.IntN(20)}
		}
		if seed%4 >= 2 {
			runners.Throughput = func() float64 { return 100_000 }
			opts.MaxQueueAge = time.Duration(1+rng.IntN(10)) * time.Millisecond
		}
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &storm{seed: seed, opts: opts, runners: runners, callers: 20, requests: 20, leave: 0.2, poison: 0.05,
					senders: []int{0, 1, 6, 20}[seed%4]}
				s.run(t)
				completed, left, failed = completed+s.completed.Load(), left+s.left.Load(), failed+s.failed.Load()
			})
		})
	}
	if completed == 0 || left == 0 || failed == 0 {
		t.Errorf("completed %d, left %d, failed %d: want some of each, or the test shows little", completed, left, failed)
	}
}

// TestCancellationsLeaveNothingBehind has every one of 10,000 requests cancelled at a random
// moment. The test's bubble fails if a goroutine is left.
func TestCancellationsLeaveNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &storm{seed: 1, opts: Options{MaxTokens: 400, MaxPairs: 16, LengthAware: new(true)}, callers: 100, requests: 100, leave: 1, senders: 10}
		s.run(t)
		if s.left.Load() < 5000 {
			t.Errorf("%d of 10,000 callers left before their answer; want half of them at least", s.left.Load())
		}
	})
}

func TestThousandPanicsFailOnlyTheirOwners(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &storm{seed: 2, opts: Options{MaxTokens: 400}, callers: 40, requests: 50, poison: 0.5}
		s.run(t)
		if n := s.failed.Load(); n < 900 || n > 1100 {
			t.Errorf("%d of 2,000 requests failed, want the half that was poisoned", n)
		}
	})
}
