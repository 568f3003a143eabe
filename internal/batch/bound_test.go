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
)

func TestBound(t *testing.T) {
	aged := Bound{Max: 4000, MaxAge: 10 * time.Second} // which is a line of 1,000 at 100 a second, and 750 for everybody
	for _, c := range []struct {
		name  string
		bound Bound
		waits Backlog
		cost  int
		pace  float64
		max   int // in the refusal; 0 means that the request is admitted
	}{
		{"no bound", Bound{}, Backlog{All: math.MaxInt - 9, Own: 5, Turns: 1, Total: math.MaxInt - 9}, 8, 100, 0},
		{"memory: up to it", Bound{Max: 10}, Backlog{All: 6, Own: 6, Turns: 1, Total: 6}, 4, 0, 0},
		{"memory: beyond it", Bound{Max: 10}, Backlog{All: 6, Own: 6, Turns: 1, Total: 6}, 5, 0, 10},
		{"memory: beyond it for who has nothing", Bound{Max: 10}, Backlog{All: 6, Turns: 2, Total: 6}, 5, 0, 10},
		{"memory: beyond it, but alone", Bound{Max: 10}, Backlog{Turns: 1}, 50, 0, 0},
		{"age: beyond it, but alone", aged, Backlog{Turns: 1}, 5000, 100, 0},
		{"age: memory binds all the same", aged, Backlog{All: 600, Turns: 2, Total: 3990}, 11, 100, 4000},
		{"age: the pace is not known", aged, Backlog{All: 2900, Own: 2900, Turns: 1, Total: 2900}, 100, 0, 0},
		{"age: nor is there room for everybody then", aged, Backlog{All: 2900, Own: 2900, Turns: 1, Total: 2900}, 101, 0, 3000},
		{"age: up to three quarters", aged, Backlog{All: 700, Own: 700, Before: 700, Turns: 1, Total: 700}, 50, 100, 0},
		{"age: one caller beyond three quarters", aged, Backlog{All: 700, Own: 700, Before: 700, Turns: 1, Total: 700}, 51, 100, 750},
		{"age: half as fast", aged, Backlog{All: 350, Own: 350, Before: 350, Turns: 1, Total: 350}, 26, 50, 375},
		{"age: another of whom nothing waits, however large", aged, Backlog{All: 750, Before: 100, Turns: 2, Total: 750}, 2000, 100, 0},
		{"age: not beyond three quarters", aged, Backlog{All: 751, Before: 100, Turns: 2, Total: 751}, 2000, 100, 750},
		{"age: less than a third beside one other", aged, Backlog{All: 900, Before: 600, Own: 200, Turns: 2, Total: 900}, 133, 100, 0},
		{"age: more than a third", aged, Backlog{All: 900, Before: 600, Own: 200, Turns: 2, Total: 900}, 134, 100, 750},
		{"age: little beside much that is not before it", aged, Backlog{All: 3000, Before: 600, Own: 200, Turns: 2, Total: 3000}, 133, 100, 0},
		{"age: little beside much that is", aged, Backlog{All: 3000, Before: 990, Own: 10, Turns: 2, Total: 3000}, 11, 100, 750},
		{"age: only less urgent work waits", aged, Backlog{Turns: 1, Total: 3000}, 1000, 100, 0},
	} {
		err := c.bound.Check(c.waits, c.cost, c.pace)
		var full *FullError
		if errors.As(err, &full); (err != nil) != (c.max > 0) || err != nil && (full == nil || full.Max != c.max || full.Cost != c.cost) {
			t.Errorf("%s: got %+v, want a refusal by a maximum of %d, or none if that is 0", c.name, err, c.max)
		}
	}
}

func TestBacklog(t *testing.T) {
	q := queue[int, int]{quantum: 20}
	for _, r := range []struct {
		from Sender
		n    int
	}{
		{Sender{Caller: "a"}, 100},
		{Sender{Caller: "b"}, 30},
		{Sender{Caller: "a", Class: 1}, 400},
		{Sender{Caller: "c", Class: 2}, 5},
	} {
		q.push(r.from, &request[int, int]{items: items(1, make([]int, r.n)...), cost: r.n})
	}
	for _, c := range []struct {
		from Sender
		want Backlog
	}{
		{Sender{Caller: "a"}, Backlog{All: 130 + 16 + 5, Before: 130 + 16 + 5, Own: 100, Turns: 2, Total: 535}},
		{Sender{Caller: "new"}, Backlog{All: 130 + 16 + 5, Before: 40 + 5 + 5, Turns: 3, Total: 535}},
		{Sender{Caller: "a", Class: 1}, Backlog{All: 535, Before: 535, Own: 500, Turns: 3, Total: 535}},
		{Sender{Caller: "b", Class: 1}, Backlog{All: 535, Before: 130 + 20 + 5, Own: 30, Turns: 3, Total: 535}},
	} {
		if got := q.backlog(c.from, 10); got != c.want {
			t.Errorf("of 10 for %+v: got %+v, want %+v", c.from, got, c.want)
		}
	}
}

// TestALittleIsAlwaysAdmitted has greedy callers ask for all that they are given, and modest ones for as much as keeps them
// within their quarter of the line together. No modest request is ever refused.
func TestALittleIsAlwaysAdmitted(t *testing.T) {
	const pace, dearest = 1000, 40
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 11))
		bound := Bound{MaxAge: time.Duration(2+rng.IntN(20)) * time.Second}
		line := bound.line(pace)
		q := queue[int, int]{quantum: 1 + rng.IntN(line/20)}
		greedy, modest := 1+rng.IntN(5), 1+rng.IntN(5)
		held := func(name string) int {
			if f := q.flows[Sender{Caller: name}]; f != nil {
				return f.cost
			}
			return 0
		}
		refused, admitted := 0, 0
		for range 3000 {
			r := randomRequest(rng, dearest/4, 1+rng.IntN(4))
			from := Sender{Caller: fmt.Sprint("greedy ", rng.IntN(greedy))}
			little := rng.IntN(4) == 0
			if little {
				from.Caller = fmt.Sprint("modest ", rng.IntN(modest))
				together := r.cost
				for i := range modest {
					together += held(fmt.Sprint("modest ", i))
				}
				share := line / (greedy + modest + 1)
				if together > line/4-dearest || held(from.Caller)+r.cost > share {
					continue
				}
			}
			switch err := bound.Check(q.backlog(from, r.cost), r.cost, pace); {
			case err == nil:
				q.push(from, r)
			case little:
				t.Fatalf("seed %d: a modest request was refused: %v, with %+v", seed, err, q.backlog(from, r.cost))
			default:
				refused++
				for range rng.IntN(12) {
					if next := q.next(); next != nil {
						q.pop(next)
					}
				}
			}
			if little {
				admitted++
			}
			if q.cost > line+dearest {
				t.Fatalf("seed %d: %d wait, beyond the line of %d and a request", seed, q.cost, line)
			}
		}
		if refused < 100 || admitted < 20 {
			t.Errorf("seed %d: %d greedy requests refused, %d modest ones admitted: too few to show anything", seed, refused, admitted)
		}
	}
}

// steady is a pace of 100 a second, at which paced runs.
func steady() float64 { return 100 }

// paced notes batches as double does, and takes a second for a hundred values of cost 1.
func (l *log) paced(values, results []int) error {
	return l.double(time.Duration(len(values))*time.Second/100)(values, results)
}

func TestAgeBoundsTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l log
		b := New(l.paced, Options{MaxAge: 4 * time.Second, Pace: steady, MaxItems: 50})
		defer b.Close()
		ask := func(caller string, n int) error {
			_, err := b.Submit(t.Context(), Sender{Caller: caller}, items(1, make([]int, n)...))
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
			{"one more of the same caller", "a", 1, FullError{Cost: 1, Queued: 300, Running: 50, Max: 300}},
			{"one of another caller", "b", 60, FullError{}},
			{"one more of it, less than a share of 133", "b", 40, FullError{}},
			{"one of a third, less than a share of 100, but 400 go before", "c", 101, FullError{Cost: 101, Queued: 400, Running: 50, Max: 300}},
		} {
			err := ask(c.caller, c.n)
			if (err != nil) != (c.full != FullError{}) || err != nil && (!errors.As(err, &full) || *full != c.full) {
				t.Errorf("%s: got error %#v, want %+v", c.name, err, c.full)
			}
		}
		time.Sleep(500 * time.Millisecond) // in which the 50 that ran are done
		synctest.Wait()
		if err := b.Check(t.Context(), Sender{Caller: "a"}, 1); !errors.As(err, &full) {
			t.Errorf("looking before asking: got error %v, want what asking gives", err)
		}
		if err := b.Check(t.Context(), Sender{Caller: "d"}, 1); err != nil {
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
		b := New(l.paced, Options{Pace: steady, MaxItems: 100})
		defer b.Close()
		var wg sync.WaitGroup
		do := func(within time.Duration, n int) (took *time.Duration, err *error) {
			took, err = new(time.Duration), new(error)
			ctx, cancel := context.WithTimeout(t.Context(), within)
			wg.Go(func() {
				defer cancel()
				begun := time.Now()
				*err = b.Do(ctx, Sender{}, items(1, make([]int, n)...))
				*took = time.Since(begun)
			})
			synctest.Wait()
			return took, err
		}
		_, alone := do(500*time.Millisecond, 100) // cannot be done, but nobody is kept waiting
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

// TestBatchesEndForDeadlines has one batch end early for a deadline in it, and a request that cannot be done in time any more,
// since others take turns, fail before anything is run of it.
func TestBatchesEndForDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l log
		b := New(l.paced, Options{Pace: steady, MaxItems: 400, Quantum: 10})
		defer b.Close()
		var wg sync.WaitGroup
		var errs []*error
		do := func(caller string, within time.Duration, n int) {
			err := new(error)
			errs = append(errs, err)
			ctx, cancel := context.WithTimeout(t.Context(), within)
			wg.Go(func() {
				defer cancel()
				*err = b.Do(ctx, Sender{Caller: caller}, items(1, make([]int, n)...))
			})
			synctest.Wait()
		}
		do("a", time.Hour, 100)
		do("a", 2500*time.Millisecond, 20) // 1.5 s are left for it when the first is done: 120 at a slack of a quarter
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
		b := New(l.paced, Options{Pace: steady, MaxItems: 100})
		defer b.Close()
		var wg sync.WaitGroup
		begun := time.Now()
		do := func(from Sender, within time.Duration, value, n int) (took *time.Duration, err *error) {
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
		patient := Sender{Class: 1}
		do(patient, time.Hour, 1, 100)
		do(patient, time.Hour, 1, 50)
		took, err := do(patient, 3200*time.Millisecond, 7, 100)
		_, urgent := do(Sender{}, time.Hour, 1, 100)
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
