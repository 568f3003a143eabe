package fairqueue

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
)

// request is items of given costs. It feeds its entry with the cost of each next item.
type request struct {
	costs []int
	taken int
	entry Entry[*request]
}

func newRequest(costs ...int) *request {
	r := &request{costs: costs}
	r.entry = Entry[*request]{Value: r, Items: len(costs), Next: costs[0]}
	for _, c := range costs {
		r.entry.Cost += c
	}
	return r
}

// alike is a request of n items of cost 1.
func alike(n int) *request { return newRequest(slices.Repeat([]int{1}, n)...) }

func randomRequest(rng *rand.Rand, dearest, n int) *request {
	costs := make([]int, n)
	for i := range costs {
		costs[i] = 1 + rng.IntN(dearest)
	}
	return newRequest(costs...)
}

// take takes the next item of a request and returns its cost.
func (r *request) take(q *Queue[*request]) int {
	cost := r.costs[r.taken]
	r.taken++
	next := 0
	if r.taken < len(r.costs) {
		next = r.costs[r.taken]
	}
	q.Take(&r.entry, next)
	return cost
}

// TestSharesAreEqual takes items of random cost for callers that always have some. What they got
// never differs by more than a turn, a request that goes into deficit, and what one may save up or
// overdraw.
func TestSharesAreEqual(t *testing.T) {
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 3))
		dearest, callers := 1+rng.IntN(600), 2+rng.IntN(10)
		q := Queue[*request]{Quantum: 1 + rng.IntN(1000)}
		got := make([]int, callers)
		for c := range callers {
			for range 40 {
				q.Push(Sender{Caller: fmt.Sprint(c)}, &randomRequest(rng, dearest, 1+rng.IntN(20)).entry)
			}
		}
		bound := 2*q.Quantum + 2*dearest
		for {
			e := q.Next()
			c, err := strconv.Atoi(e.flow.sender.Caller)
			if err != nil {
				t.Fatal(err)
			}
			last := e.flow.cost == e.Next
			got[c] += e.Value.take(&q)
			if most := slices.Max(got) - slices.Min(got); most > bound {
				t.Fatalf("seed %d: shares %v differ by %d, want %d at most", seed, got, most, bound)
			}
			if last {
				break // from here on a caller has nothing waiting
			}
		}
	}
}

// TestUrgentFirst takes from priorities that all wait, and from those that are left.
func TestUrgentFirst(t *testing.T) {
	q := Queue[*request]{Quantum: 5}
	for priority := range Priorities {
		for _, caller := range []string{"a", "b"} {
			for range 4 {
				q.Push(Sender{Caller: caller, Priority: priority}, &alike(100).entry)
			}
		}
	}
	counts := func(n int) (got [Priorities]int) {
		for range n {
			e := q.Next()
			got[e.flow.sender.Priority]++
			e.Value.take(&q)
		}
		return got
	}
	if got, want := counts(8), [Priorities]int{8}; got != want {
		t.Errorf("of the first eight items the priorities got %v, want %v", got, want)
	}
	if got, want := counts(11*60), [Priorities]int{480, 60, 60, 60}; got != want {
		t.Errorf("of the next 660 items the priorities got %v, want %v", got, want)
	}
	counts(800 - 488 + 3*39) // the rest of the first priority, and what the others are owed for it
	if n := q.top(); n != 1 {
		t.Fatalf("the most urgent priority that waits is %d, want 1", n)
	}
	if got, want := counts(100), [Priorities]int{0, 80, 10, 10}; got != want {
		t.Errorf("without the first priority the others got %v, want %v", got, want)
	}
}

func TestQueueKeepsItsBooks(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 5))
		q := Queue[*request]{Quantum: 1 + rng.IntN(100)}
		var waiting []*request
		for step := range 2000 {
			switch n := rng.IntN(10); {
			case n < 3:
				r := randomRequest(rng, 50, 1+rng.IntN(5))
				q.Push(Sender{Caller: fmt.Sprint(rng.IntN(8)), Priority: rng.IntN(Priorities)}, &r.entry)
				waiting = append(waiting, r)
			case n < 4 && len(waiting) > 0:
				q.Remove(&waiting[rng.IntN(len(waiting))].entry)
			default:
				e := q.Next()
				if (e == nil) != (len(waiting) == 0) {
					t.Fatalf("seed %d, step %d: next is %v while %d requests wait", seed, step, e, len(waiting))
				}
				if e != nil && q.Next() != e {
					t.Fatalf("seed %d, step %d: next changes when it is asked twice", seed, step)
				}
				if e != nil {
					first := slices.IndexFunc(waiting, func(w *request) bool { return w.entry.flow == e.flow })
					if waiting[first] != e.Value {
						t.Fatalf("seed %d, step %d: a request is taken before an older one of its sender", seed, step)
					}
					e.Value.take(&q)
				}
			}
			waiting = slices.DeleteFunc(waiting, func(r *request) bool { return !r.entry.Queued() })
			if problem := q.audit(waiting); problem != "" {
				t.Fatalf("seed %d, step %d: %s", seed, step, problem)
			}
		}
	}
}

// audit compares a queue's counts with the requests that wait in it, the oldest first.
func (q *Queue[T]) audit(waiting []*request) string {
	var sum Load
	var levels [Priorities]int
	flows := map[Sender]int{}
	at := q.all.head
	for _, r := range waiting {
		e := any(&r.entry).(*Entry[T])
		if at != e {
			return "the list of all is out of order"
		}
		at = at.links[0].next
		left := 0
		for _, c := range r.costs[r.taken:] {
			left += c
		}
		sum.Requests++
		sum.Items += len(r.costs) - r.taken
		sum.Cost += left
		levels[e.flow.sender.Priority] += left
		flows[e.flow.sender] += left
	}
	switch {
	case at != nil:
		return "the list of all holds more than what waits"
	case sum != q.Load():
		return fmt.Sprintf("it counts %+v, want %+v", q.Load(), sum)
	case len(flows) != len(q.flows):
		return fmt.Sprintf("it has %d flows, want %d", len(q.flows), len(flows))
	}
	for s, cost := range flows {
		if f := q.flows[s]; f == nil || f.cost != cost || f.sender != s {
			return fmt.Sprintf("flow %v is %+v, want a cost of %d", s, f, cost)
		}
	}
	for i := range q.levels {
		l, n := &q.levels[i], 0
		for f := l.turn; f != nil && (n == 0 || f != l.turn); f = f.next {
			n++
		}
		if n == 0 && l.owed != 0 {
			return fmt.Sprintf("priority %d is owed %d while nothing of it waits", i, l.owed)
		}
		if l.cost != levels[i] || l.flows != n {
			return fmt.Sprintf("priority %d counts a cost of %d in %d flows, want %d in %d", i, l.cost, l.flows, levels[i], n)
		}
	}
	return ""
}

// TestPushFirst: a request that goes first is before its sender's others, but for one that has been
// started, and takes no turn of another sender.
func TestPushFirst(t *testing.T) {
	a, b := Sender{Caller: "a"}, Sender{Caller: "b"}
	for _, c := range []struct {
		name    string
		started bool
		others  int
		want    []string
	}{
		{"alone", false, 0, []string{"first"}},
		{"before another", false, 1, []string{"first", "1"}},
		{"before several", false, 2, []string{"first", "1", "2"}},
		{"behind one that has been started", true, 1, []string{"1", "first"}},
		{"between one that has been started and others", true, 3, []string{"1", "first", "2", "3"}},
	} {
		q := Queue[string]{Quantum: 100}
		for i := range c.others {
			q.Push(a, &Entry[string]{Value: strconv.Itoa(i + 1), Items: 2, Cost: 2, Next: 1})
		}
		if c.started {
			q.Take(q.Next(), 1)
		}
		q.PushFirst(a, &Entry[string]{Value: "first", Items: 1, Cost: 1, Next: 1})
		q.Push(b, &Entry[string]{Value: "b", Items: 1, Cost: 1, Next: 1})
		var got []string
		for e := q.Next(); e != nil; e = q.Next() {
			if e.Value != "b" && !slices.Contains(got, e.Value) {
				got = append(got, e.Value)
			}
			q.Take(e, 1)
		}
		if !slices.Equal(got, c.want) || q.Load() != (Load{}) {
			t.Errorf("%s: got %v with %+v left, want %v", c.name, got, q.Load(), c.want)
		}
	}
}
