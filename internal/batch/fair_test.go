package batch

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// sent is a request as its sender sees it.
type sent struct {
	from Sender
	took time.Duration
	err  error
}

// send starts a request of that many items in a group.
func send(t *testing.T, wg *sync.WaitGroup, b *Batcher[int, int], from Sender, cost, n int) *sent {
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

// TestSmallRequestsPassALargeOne has fifty requests of one document arrive while one of a thousand is computed.
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
			for _, byCost := range []bool{true, false} {
				synctest.Test(t, func(t *testing.T) {
					var l log
					b := New(l.double(time.Second), Options{MaxCost: 16_384, MaxItems: 512, ByCost: byCost})
					defer b.Close()
					var wg sync.WaitGroup
					for range c.large {
						send(t, &wg, b, Sender{Caller: "large"}, 80, 1000)
					}
					time.Sleep(500 * time.Millisecond)
					var small []*sent
					for i := range 50 {
						small = append(small, send(t, &wg, b, Sender{Caller: c.caller(i)}, 80, 1))
						time.Sleep(c.apart)
					}
					wg.Wait()
					for i, s := range small {
						if s.took > 2*time.Second {
							t.Errorf("small request %d took %v, want two batches of a second at most", i, s.took)
						}
					}
					// Nobody idled: but for the last, every batch is as full as the budget lets it be.
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

// TestManyRequestsGetOneShare has a greedy caller keep a hundred requests waiting beside one that sends one by one.
func TestManyRequestsGetOneShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l log
		b := New(l.double(time.Second), Options{MaxItems: 10, Quantum: 1})
		defer b.Close()
		var wg sync.WaitGroup
		for range 100 {
			send(t, &wg, b, Sender{Caller: "greedy"}, 1, 10)
		}
		time.Sleep(time.Millisecond)
		for range 5 { // of 25 items each: alone they would take three batches, with half of the engine five
			var alone sync.WaitGroup
			modest := send(t, &alone, b, Sender{Caller: "modest"}, 1, 25)
			alone.Wait()
			time.Sleep(500 * time.Millisecond)
			if modest.took > 6*time.Second {
				t.Errorf("25 items took %v beside a greedy caller; want five batches at its share of half, and the one under way",
					modest.took)
			}
		}
		wg.Wait()
	})
}

// TestSharesAreEqual takes items of random cost for callers that always have some: what they got never differs by more
// than a turn, a request done on credit, and what one may save up or overdraw. It looks at the queue itself, after each item.
func TestSharesAreEqual(t *testing.T) {
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 3))
		dearest, callers := 1+rng.IntN(600), 2+rng.IntN(10)
		q := queue[int, int]{quantum: 1 + rng.IntN(1000)}
		got := make([]int, callers)
		for c := range callers {
			for range 40 {
				q.push(Sender{Caller: fmt.Sprint(c)}, randomRequest(rng, dearest, 1+rng.IntN(20)))
			}
		}
		bound := 2*q.quantum + 2*dearest
		for {
			r := q.next()
			c, err := strconv.Atoi(r.flow.sender.Caller)
			if err != nil {
				t.Fatal(err)
			}
			last := r.flow.cost == r.items[r.place()].Cost
			got[c] += r.items[q.pop(r)].Cost
			if most := slices.Max(got) - slices.Min(got); most > bound {
				t.Fatalf("seed %d: shares %v differ by %d, want %d at most", seed, got, most, bound)
			}
			if last {
				break // from here on a caller has nothing waiting
			}
		}
	}
}

func randomRequest(rng *rand.Rand, dearest, n int) *request[int, int] {
	r := &request[int, int]{items: make([]Item[int, int], n)}
	for i := range r.items {
		r.items[i].Cost = 1 + rng.IntN(dearest)
		r.cost += r.items[i].Cost
	}
	return r
}

// TestUrgentFirst takes from classes that all wait, and from those that are left.
func TestUrgentFirst(t *testing.T) {
	q := queue[int, int]{quantum: 5}
	for class := range Classes {
		for _, caller := range []string{"a", "b"} {
			for range 4 {
				r := &request[int, int]{items: items(1, make([]int, 100)...), cost: 100}
				q.push(Sender{Caller: caller, Class: class}, r)
			}
		}
	}
	counts := func(n int) (got [Classes]int) {
		for range n {
			r := q.next()
			got[r.flow.sender.Class]++
			q.pop(r)
		}
		return got
	}
	if got, want := counts(8), [Classes]int{8}; got != want {
		t.Errorf("of the first eight items the classes got %v, want %v", got, want)
	}
	if got, want := counts(11*60), [Classes]int{480, 60, 60, 60}; got != want {
		t.Errorf("of the next 660 items the classes got %v, want %v", got, want)
	}
	counts(800 - 488 + 3*39) // the rest of the first class, and what the others are owed for it
	if n := q.top(); n != 1 {
		t.Fatalf("the most urgent class that waits is %d, want 1", n)
	}
	if got, want := counts(100), [Classes]int{0, 80, 10, 10}; got != want {
		t.Errorf("without the first class the others got %v, want %v", got, want)
	}
}

// TestNothingStarves pours urgent work without end over one request that can wait.
func TestNothingStarves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l log
		b := New(l.double(time.Second), Options{MaxItems: 10, Quantum: 2})
		defer b.Close()
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		var flood, wg sync.WaitGroup
		for class := range Classes - 1 {
			for i := range 20 {
				from := Sender{Caller: fmt.Sprint(i), Class: class}
				flood.Go(func() {
					for ctx.Err() == nil {
						_ = b.Do(ctx, from, items(1, make([]int, 10)...))
					}
				})
			}
		}
		time.Sleep(time.Millisecond)
		// Its share is one of eleven, so that ten items take eleven batches of ten.
		patient := send(t, &wg, b, Sender{Caller: "patient", Class: Classes - 1}, 1, 10)
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
	b := New(l.double(0), Options{Quantum: 1, MaxCost: 10})
	defer b.Close()
	var wg sync.WaitGroup
	for i := range 20 {
		send(t, &wg, b, Sender{Caller: fmt.Sprint(i % 5), Class: i - 5}, 1<<30+i, 3)
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
		}, Options{})
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

func TestAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l log
		b := New(l.double(time.Second), Options{MaxItems: 10, Quantum: 20})
		defer b.Close()
		var wg sync.WaitGroup
		for _, r := range []struct {
			from        Sender
			cost, items int
		}{
			{Sender{Caller: "runs"}, 1, 10},
			{Sender{Caller: "large", Class: 1}, 1, 1000},
			{Sender{Caller: "small", Class: 1}, 1, 7},
			{Sender{Caller: "urgent"}, 1, 300},
			{Sender{Caller: "patient", Class: 2}, 1, 50},
		} {
			send(t, &wg, b, r.from, r.cost, r.items)
			synctest.Wait()
		}
		for _, c := range []struct {
			name string
			from Sender
			cost int
			want int
		}{
			{"a new caller of the first class: a turn of the urgent one, and an eighth of that of the two other classes",
				Sender{Caller: "new"}, 5, 20 + 2 + 2},
			{"with as much as three turns: three of the urgent one", Sender{Caller: "new"}, 41, 60 + 7 + 7},
			{"the urgent one: all of its own", Sender{Caller: "urgent"}, 5, 300 + 37 + 37},
			{"a new one of the second: a turn of the large one, the small and the urgent one",
				Sender{Caller: "new", Class: 1}, 5, 20 + 7 + 300 + 40},
			{"the small one: seven and a turn of the large one", Sender{Caller: "small", Class: 1}, 5, 7 + 20 + 300 + 40},
			{"the large one: all but the patient one", Sender{Caller: "large", Class: 1}, 5, 1000 + 7 + 300 + 50},
			{"beyond the last class: all", Sender{Caller: "new", Class: 99}, 5, 1000 + 7 + 300 + 50},
		} {
			b.mu.Lock()
			if got := b.queue.ahead(c.from.clamp(), c.cost); got != c.want {
				t.Errorf("%s: got %d ahead, want %d", c.name, got, c.want)
			}
			b.mu.Unlock()
		}
		wg.Wait()
		if got := b.queue.ahead(Sender{}, 5); got != 0 {
			t.Errorf("when nothing waits: got %d ahead, want 0", got)
		}
	})
}

func TestQueueKeepsItsBooks(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 5))
		q := queue[int, int]{quantum: 1 + rng.IntN(100)}
		var waiting []*request[int, int]
		for step := range 2000 {
			switch n := rng.IntN(10); {
			case n < 3:
				r := randomRequest(rng, 50, 1+rng.IntN(5))
				q.push(Sender{Caller: fmt.Sprint(rng.IntN(8)), Class: rng.IntN(Classes)}, r)
				waiting = append(waiting, r)
			case n < 4 && len(waiting) > 0:
				q.remove(waiting[rng.IntN(len(waiting))])
			default:
				r := q.next()
				if (r == nil) != (len(waiting) == 0) {
					t.Fatalf("seed %d, step %d: next is %v while %d requests wait", seed, step, r, len(waiting))
				}
				if r != nil && q.next() != r {
					t.Fatalf("seed %d, step %d: next changes when it is asked twice", seed, step)
				}
				if r != nil {
					first := slices.IndexFunc(waiting, func(w *request[int, int]) bool { return w.flow == r.flow })
					if waiting[first] != r {
						t.Fatalf("seed %d, step %d: a request is taken before an older one of its sender", seed, step)
					}
					q.pop(r)
				}
			}
			waiting = slices.DeleteFunc(waiting, func(r *request[int, int]) bool { return r.flow == nil })
			if problem := q.audit(waiting); problem != "" {
				t.Fatalf("seed %d, step %d: %s", seed, step, problem)
			}
		}
	}
}

// audit holds a queue against the requests that wait in it, the oldest first.
func (q *queue[T, R]) audit(waiting []*request[T, R]) string {
	var sum load
	var classes [Classes]int
	flows := map[Sender]int{}
	at := q.all.head
	for _, r := range waiting {
		if at != r {
			return "the list of all is out of order"
		}
		at = at.links[0].behind
		sum.items += len(r.items) - r.next
		sum.cost += r.cost
		classes[r.flow.sender.Class] += r.cost
		flows[r.flow.sender] += r.cost
	}
	switch {
	case at != nil:
		return "the list of all holds more than what waits"
	case sum != q.load || q.requests != len(waiting):
		return fmt.Sprintf("it counts %+v in %d requests, want %+v in %d", q.load, q.requests, sum, len(waiting))
	case len(flows) != len(q.flows):
		return fmt.Sprintf("it has %d flows, want %d", len(q.flows), len(flows))
	}
	for s, cost := range flows {
		if f := q.flows[s]; f == nil || f.cost != cost || f.sender != s {
			return fmt.Sprintf("flow %v is %+v, want a cost of %d", s, f, cost)
		}
	}
	for i := range q.classes {
		c, n := &q.classes[i], 0
		for f := c.turn; f != nil && (n == 0 || f != c.turn); f = f.behind {
			n++
		}
		if n == 0 && c.owed != 0 {
			return fmt.Sprintf("class %d is owed %d while nothing of it waits", i, c.owed)
		}
		if c.cost != classes[i] || c.flows != n {
			return fmt.Sprintf("class %d counts a cost of %d in %d flows, want %d in %d", i, c.cost, c.flows, classes[i], n)
		}
	}
	return ""
}
