package batch

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crossrank/crossrank/internal/fairqueue"
)

func TestAdmissionLimit(t *testing.T) {
	aged := AdmissionLimit{MaxQueuedTokens: 4000, MaxQueueAge: 10 * time.Second} // a limit of 1,000 at 100 tokens per second, and 750 for everyone
	for _, c := range []struct {
		name  string
		limit AdmissionLimit
		waits fairqueue.Backlog
		cost  int
		speed float64
		max   int // in the refusal; 0 means that the request is admitted
	}{
		{"no bound", AdmissionLimit{}, fairqueue.Backlog{All: math.MaxInt - 9, Own: 5, Flows: 1, Total: math.MaxInt - 9}, 8, 100, 0},
		{"memory: up to it", AdmissionLimit{MaxQueuedTokens: 10}, fairqueue.Backlog{All: 6, Own: 6, Flows: 1, Total: 6}, 4, 0, 0},
		{"memory: beyond it", AdmissionLimit{MaxQueuedTokens: 10}, fairqueue.Backlog{All: 6, Own: 6, Flows: 1, Total: 6}, 5, 0, 10},
		{"memory: beyond it for who has nothing", AdmissionLimit{MaxQueuedTokens: 10}, fairqueue.Backlog{All: 6, Flows: 2, Total: 6}, 5, 0, 10},
		{"memory: beyond it, but alone", AdmissionLimit{MaxQueuedTokens: 10}, fairqueue.Backlog{Flows: 1}, 50, 0, 0},
		{"age: beyond it, but alone", aged, fairqueue.Backlog{Flows: 1}, 5000, 100, 0},
		{"age: memory binds all the same", aged, fairqueue.Backlog{All: 600, Flows: 2, Total: 3990}, 11, 100, 4000},
		{"age: the throughput is not known", aged, fairqueue.Backlog{All: 2900, Own: 2900, Flows: 1, Total: 2900}, 100, 0, 0},
		{"age: nor is there room for everybody then", aged, fairqueue.Backlog{All: 2900, Own: 2900, Flows: 1, Total: 2900}, 101, 0, 3000},
		{"age: up to three quarters", aged, fairqueue.Backlog{All: 700, Own: 700, Before: 700, Flows: 1, Total: 700}, 50, 100, 0},
		{"age: one caller beyond three quarters", aged, fairqueue.Backlog{All: 700, Own: 700, Before: 700, Flows: 1, Total: 700}, 51, 100, 750},
		{"age: half as fast", aged, fairqueue.Backlog{All: 350, Own: 350, Before: 350, Flows: 1, Total: 350}, 26, 50, 375},
		{"age: another of whom nothing waits, however large", aged, fairqueue.Backlog{All: 750, Before: 100, Flows: 2, Total: 750}, 2000, 100, 0},
		{"age: not beyond three quarters", aged, fairqueue.Backlog{All: 751, Before: 100, Flows: 2, Total: 751}, 2000, 100, 750},
		{"age: less than a third beside one other", aged, fairqueue.Backlog{All: 900, Before: 600, Own: 200, Flows: 2, Total: 900}, 133, 100, 0},
		{"age: more than a third", aged, fairqueue.Backlog{All: 900, Before: 600, Own: 200, Flows: 2, Total: 900}, 134, 100, 750},
		{"age: little beside much that is not before it", aged, fairqueue.Backlog{All: 3000, Before: 600, Own: 200, Flows: 2, Total: 3000}, 133, 100, 0},
		{"age: little beside much that is", aged, fairqueue.Backlog{All: 3000, Before: 990, Own: 10, Flows: 2, Total: 3000}, 11, 100, 750},
		{"age: only less urgent work waits", aged, fairqueue.Backlog{Flows: 1, Total: 3000}, 1000, 100, 0},
	} {
		err := c.limit.Check(c.waits, c.cost, c.speed)
		var full *FullError
		if errors.As(err, &full); (err != nil) != (c.max > 0) || err != nil && (full == nil || full.Max != c.max || full.Tokens != c.cost) {
			t.Errorf("%s: got %+v, want a refusal by a maximum of %d, or none if that is 0", c.name, err, c.max)
		}
	}
}

// TestALittleIsAlwaysAdmitted has greedy callers ask for all that they are given, and modest ones
// for as much as keeps them within their quarter of the limit together. No modest request is ever
// refused.
func TestALittleIsAlwaysAdmitted(t *testing.T) {
	const throughput, longest = 1000, 40
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 11))
		admission := AdmissionLimit{MaxQueueAge: time.Duration(2+rng.IntN(20)) * time.Second}
		limit := admission.limit(throughput)
		q := fairqueue.Queue[*request[int, int]]{Quantum: 1 + rng.IntN(limit/20)}
		greedy, modest := 1+rng.IntN(5), 1+rng.IntN(5)
		held := func(name string) int { return q.Backlog(fairqueue.Sender{Caller: name}, 1).Own }
		refused, admitted := 0, 0
		for range 3000 {
			r := randomRequest(rng, longest/4, 1+rng.IntN(4))
			from := fairqueue.Sender{Caller: fmt.Sprint("greedy ", rng.IntN(greedy))}
			little := rng.IntN(4) == 0
			if little {
				from.Caller = fmt.Sprint("modest ", rng.IntN(modest))
				together := r.tokens()
				for i := range modest {
					together += held(fmt.Sprint("modest ", i))
				}
				share := limit / (greedy + modest + 1)
				if together > limit/4-longest || held(from.Caller)+r.tokens() > share {
					continue
				}
			}
			waiting := q.Backlog(from, r.tokens())
			switch err := admission.Check(waiting, r.tokens(), throughput); {
			case err == nil:
				q.Push(from, &r.queued)
			case little:
				t.Fatalf("seed %d: a modest request was refused: %v, with %+v", seed, err, waiting)
			default:
				refused++
				for range rng.IntN(12) {
					if next := q.Next(); next != nil {
						next.Value.pop(&q)
					}
				}
			}
			if little {
				admitted++
			}
			if n := q.Load().Cost; n > limit+longest {
				t.Fatalf("seed %d: %d tokens wait, beyond the limit of %d and a request", seed, n, limit)
			}
		}
		if refused < 100 || admitted < 20 {
			t.Errorf("seed %d: %d greedy requests refused, %d modest ones admitted: too few to show anything", seed, refused, admitted)
		}
	}
}

func randomRequest(rng *rand.Rand, longest, n int) *request[int, int] {
	items, tokens := make([]Item[int, int], n), 0
	for i := range items {
		items[i].Tokens = 1 + rng.IntN(longest)
		tokens += items[i].Tokens
	}
	r := newRequest[int, int]()
	r.reset(context.Background(), items, tokens, false)
	return r
}

// steady is one runner of 100 tokens per second, at which paced runs.
var steady = Runners{Throughput: func() float64 { return 100 }}

// paced notes batches as double does, and takes a second for a hundred values of cost 1.
func (l *log) paced(values, results []int) error {
	return l.double(time.Duration(len(values))*time.Second/100)(values, results)
}

func TestAgeBoundsTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l log
		b := New(l.paced, Options{MaxQueueAge: 4 * time.Second, MaxPairs: 50}, steady)
		defer b.Close()
		ask := func(caller string, n int) error {
			_, err := b.Submit(t.Context(), fairqueue.Sender{Caller: caller}, items(1, make([]int, n)...))
			synctest.Wait()
			return err
		}
		var full *FullError
		for _, c := range []struct {
			name   string
			caller string
			n      int
			full   FullError
		}{
			{"nothing waits", "a", 150, FullError{}}, // of which 50 run
			{"within three quarters of the line of 400", "a", 200, FullError{}},
			{"one more of the same caller", "a", 1, FullError{Tokens: 1, Queued: 300, Running: 50, Max: 300}},
			{"one of another caller", "b", 60, FullError{}},
			{"one more of it, less than a share of 133", "b", 40, FullError{}},
			{"one of a third, less than a share of 100, but 400 go before", "c", 101, FullError{Tokens: 101, Queued: 400, Running: 50, Max: 300}},
		} {
			err := ask(c.caller, c.n)
			if (err != nil) != (c.full != FullError{}) || err != nil && (!errors.As(err, &full) || *full != c.full) {
				t.Errorf("%s: got error %#v, want %+v", c.name, err, c.full)
			}
		}
		time.Sleep(500 * time.Millisecond) // in which the 50 that ran are done
		synctest.Wait()
		if err := b.Check(t.Context(), fairqueue.Sender{Caller: "a"}, 1); !errors.As(err, &full) {
			t.Errorf("looking before asking: got error %v, want what asking gives", err)
		}
		if err := b.Check(t.Context(), fairqueue.Sender{Caller: "d"}, 1); err != nil {
			t.Errorf("looking, for a caller of whom nothing waits: %v", err)
		}
		time.Sleep(10 * time.Second)
		if err := ask("a", 1); err != nil {
			t.Errorf("when all is done: %v", err)
		}
	})
}

// TestDeadlinesAreForeseen runs a hundred a second.
func TestDeadlinesAreForeseen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l log
		b := New(l.paced, Options{MaxPairs: 100}, steady)
		defer b.Close()
		var wg sync.WaitGroup
		do := func(within time.Duration, n int) (took *time.Duration, err *error) {
			took, err = new(time.Duration), new(error)
			ctx, cancel := context.WithTimeout(t.Context(), within)
			wg.Go(func() {
				defer cancel()
				begun := time.Now()
				*err = b.Do(ctx, fairqueue.Sender{}, items(1, make([]int, n)...))
				*took = time.Since(begun)
			})
			synctest.Wait()
			return took, err
		}
		_, alone := do(500*time.Millisecond, 100) // cannot be done in time, but delays no other
		_, ahead := do(time.Hour, 150)
		var late *LateError
		_, refused := do(3*time.Second, 50) // 100 that run and 150 that wait take 2.5 s, and a quarter more, before its own half
		if !errors.As(*refused, &late) || late.Needs.Round(time.Millisecond) != 3625*time.Millisecond || late.Over.Round(time.Millisecond) != 500*time.Millisecond {
			t.Errorf("with too little time: got error %+v, want one that says 3.625s, and half a second too much", *refused)
		}
		_, fits := do(3700*time.Millisecond, 50)
		wg.Wait()
		if *ahead != nil || *fits != nil {
			t.Errorf("those that have the time: got errors %v and %v", *ahead, *fits)
		}
		if !errors.Is(*alone, context.DeadlineExceeded) {
			t.Errorf("the one that tried: got error %v, want a passed deadline", *alone)
		}
	})
}

// TestBatchesEndForDeadlines has one batch end early for a deadline in it, and a request that
// cannot be done in time any more, since others take turns, fail before anything is run of it.
func TestBatchesEndForDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l log
		b := New(l.paced, Options{MaxPairs: 400, Quantum: 10}, steady)
		defer b.Close()
		var wg sync.WaitGroup
		var errs []*error
		do := func(caller string, within time.Duration, n int) {
			err := new(error)
			errs = append(errs, err)
			ctx, cancel := context.WithTimeout(t.Context(), within)
			wg.Go(func() {
				defer cancel()
				*err = b.Do(ctx, fairqueue.Sender{Caller: caller}, items(1, make([]int, n)...))
			})
			synctest.Wait()
		}
		do("a", time.Hour, 100)
		do("a", 2500*time.Millisecond, 20) // 1.5 s are left for it when the first is done: 120 at a safety factor of 1.25
		for i := range 12 {
			do(fmt.Sprint(i), time.Hour, 20)
		}
		wg.Wait()
		for i, err := range errs {
			if *err != nil {
				t.Errorf("request %d: %v", i, *err)
			}
		}
		var sizes []int
		for _, batch := range l.batches {
			sizes = append(sizes, len(batch))
		}
		if want := []int{100, 120, 140}; fmt.Sprint(sizes) != fmt.Sprint(want) {
			t.Errorf("batches of %v, want %v", sizes, want)
		}
	})
}

// TestLateRequestsAreNotRun has more urgent work come between a request and its time.
func TestLateRequestsAreNotRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l log
		b := New(l.paced, Options{MaxPairs: 100}, steady)
		defer b.Close()
		var wg sync.WaitGroup
		begun := time.Now()
		do := func(from fairqueue.Sender, within time.Duration, value, n int) (took *time.Duration, err *error) {
			took, err = new(time.Duration), new(error)
			values := make([]int, n)
			for i := range values {
				values[i] = value
			}
			ctx, cancel := context.WithTimeout(t.Context(), within)
			wg.Go(func() {
				defer cancel()
				*err = b.Do(ctx, from, items(1, values...))
				*took = time.Since(begun)
			})
			synctest.Wait()
			return took, err
		}
		patient := fairqueue.Sender{Priority: 1}
		do(patient, time.Hour, 1, 100)
		do(patient, time.Hour, 1, 50)
		took, err := do(patient, 3200*time.Millisecond, 7, 100)
		_, urgent := do(fairqueue.Sender{}, time.Hour, 1, 100)
		_, behind := do(patient, time.Hour, 1, 10)
		wg.Wait()
		if !errors.Is(*err, context.DeadlineExceeded) || *took >= 3200*time.Millisecond {
			t.Errorf("got error %v after %v, want a deadline foreseen", *err, *took)
		}
		if *urgent != nil || *behind != nil {
			t.Errorf("the others: got errors %v and %v", *urgent, *behind)
		}
		for _, batch := range l.batches {
			if slices.Contains(batch, 7) {
				t.Errorf("a batch %v holds items of the request that could not be done", batch)
			}
		}
	})
}
