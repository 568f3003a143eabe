package batch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crossrank/crossrank/internal/fairqueue"
	"github.com/crossrank/crossrank/internal/state"
)

// log keeps the batches that a double has run.
type log struct {
	mu      sync.Mutex
	batches [][]int
}

// double is a run function that takes a while and doubles its values.
func (l *log) double(takes time.Duration) Func[int, int] {
	return func(values []int, results []int) error {
		l.mu.Lock()
		l.batches = append(l.batches, slices.Clone(values))
		l.mu.Unlock()
		time.Sleep(takes)
		for i, v := range values {
			results[i] = 2 * v
		}
		return nil
	}
}

func (l *log) want(t *testing.T, batches ...[]int) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if fmt.Sprint(l.batches) != fmt.Sprint(batches) {
		t.Errorf("batches run: got %v, want %v", l.batches, batches)
	}
}

// items makes one item a value, each of the cost given.
func items(cost int, values ...int) []Item[int, int] {
	var out []Item[int, int]
	for _, v := range values {
		out = append(out, Item[int, int]{Value: v, Tokens: cost})
	}
	return out
}

// later starts a request, waits until it is queued or taken, and returns where its error will be.
func later(b *Batcher[int, int], ctx context.Context, items []Item[int, int]) <-chan error {
	done := make(chan error, 1)
	go func() {
		err := b.Do(ctx, fairqueue.Sender{}, items)
		for _, it := range items {
			if err == nil && it.Result != 2*it.Value {
				err = fmt.Errorf("got result %d of value %d, want %d", it.Result, it.Value, 2*it.Value)
			}
		}
		done <- err
	}()
	synctest.Wait()
	return done
}

func wantNil(t *testing.T, dones ...<-chan error) {
	t.Helper()
	for i, done := range dones {
		if err := <-done; err != nil {
			t.Errorf("request %d: got error %v, want none", i, err)
		}
	}
}

// TestFormsBatches shows what the batches hold: the first request finds an idle runner, the others
// wait while it runs.
func TestFormsBatches(t *testing.T) {
	for _, c := range []struct {
		name     string
		opts     Options
		requests [][]Item[int, int]
		want     [][]int
	}{
		{"all that waits while the runner is busy", Options{},
			[][]Item[int, int]{items(1, 1), items(1, 2), items(1, 3, 4)}, [][]int{{1}, {2, 3, 4}}},
		{"up to the budget of tokens, requests split and mixed", Options{MaxTokens: 10},
			[][]Item[int, int]{items(1, 1), items(4, 2, 3, 4), items(4, 5, 6)}, [][]int{{1}, {2, 3}, {4, 5}, {6}}},
		{"up to the budget of pairs", Options{MaxPairs: 2},
			[][]Item[int, int]{items(1, 1), items(1, 2, 3, 4), items(1, 5)}, [][]int{{1}, {2, 3}, {4, 5}}},
		{"an item over the budget runs alone", Options{MaxTokens: 10},
			[][]Item[int, int]{items(1, 1), items(3, 2), items(99, 3), items(3, 4)}, [][]int{{1}, {2}, {3}, {4}}},
		{"none is skipped to fill a batch", Options{MaxTokens: 10},
			[][]Item[int, int]{items(1, 1), items(6, 2), items(6, 3), items(1, 4)}, [][]int{{1}, {2}, {3, 4}}},
		{"requests apart", Options{Enabled: new(false), MaxPairs: 2, Timeout: time.Hour},
			[][]Item[int, int]{items(1, 1), items(1, 2, 3, 4), items(1, 5)}, [][]int{{1}, {2, 3}, {4}, {5}}},
		{"the most costly first", Options{LengthAware: new(true)},
			[][]Item[int, int]{items(1, 1), items(5, 2, 3), items(9, 4), items(5, 5)}, [][]int{{1}, {4, 2, 3, 5}}},
		{"a large request is dealt out by cost", Options{LengthAware: new(true), MaxPairs: 2},
			[][]Item[int, int]{items(1, 1), slices.Concat(items(9, 2), items(1, 3), items(8, 4), items(2, 5))},
			[][]int{{1}, {2, 4}, {5, 3}}},
		{"or, without an order, as it stands", Options{LengthAware: new(false), MaxPairs: 2},
			[][]Item[int, int]{items(1, 1), slices.Concat(items(9, 2), items(1, 3), items(8, 4), items(2, 5))},
			[][]int{{1}, {2, 3}, {4, 5}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var l log
				b := New(l.double(time.Second), c.opts, Runners{})
				defer b.Close()
				var dones []<-chan error
				for _, items := range c.requests {
					dones = append(dones, later(b, t.Context(), items))
				}
				wantNil(t, dones...)
				l.want(t, c.want...)
			})
		})
	}
}

func TestItemsKnowTheirRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l log
		b := New(l.double(time.Second), Options{MaxPairs: 3}, Runners{})
		defer b.Close()
		start := time.Now()
		first := later(b, t.Context(), items(1, 0))
		x, y := items(2, 1, 2), items(7, 3, 4)
		wantNil(t, first, later(b, t.Context(), x), later(b, t.Context(), y))

		second, third := start.Add(time.Second), start.Add(2*time.Second)
		shared := Run{Started: second, Ended: third, Pairs: 3, Tokens: 11, Longest: 7}
		alone := Run{Started: third, Ended: third.Add(time.Second), Pairs: 1, Tokens: 7, Longest: 7}
		for _, c := range []struct {
			name      string
			got, want Run
		}{
			{"first of x", *x[0].Run, shared}, {"second of x", *x[1].Run, shared},
			{"first of y", *y[0].Run, shared}, {"second of y", *y[1].Run, alone},
		} {
			if c.got != c.want {
				t.Errorf("%s: got run %+v, want %+v", c.name, c.got, c.want)
			}
		}
	})
}

func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l log
		b := New(l.double(0), Options{MaxPairs: 3, Timeout: 100 * time.Millisecond}, Runners{})
		defer b.Close()
		start := time.Now()
		first := later(b, t.Context(), items(1, 1))
		time.Sleep(60 * time.Millisecond)
		second := later(b, t.Context(), items(1, 2))
		wantNil(t, first, second)
		if d := time.Since(start); d != 100*time.Millisecond {
			t.Errorf("a batch that is not full ran after %v, want 100ms from its oldest request", d)
		}
		start = time.Now()
		wantNil(t, later(b, t.Context(), items(1, 3, 4, 5)))
		if d := time.Since(start); d != 0 {
			t.Errorf("a full batch ran after %v, want at once", d)
		}
		left, leave := context.WithCancel(t.Context())
		gone := later(b, left, items(1, 6))
		time.Sleep(50 * time.Millisecond)
		leave()
		<-gone
		start = time.Now()
		wantNil(t, later(b, t.Context(), items(1, 7)))
		if d := time.Since(start); d != 100*time.Millisecond {
			t.Errorf("after one that waited had left, a batch ran after %v, want 100ms", d)
		}
		l.want(t, []int{1, 2}, []int{3, 4, 5}, []int{7})
	})
}

func TestRunnersRunAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l log
		b := New(l.double(time.Second), Options{MaxPairs: 1}, Runners{Count: 3})
		defer b.Close()
		start := time.Now()
		wantNil(t, later(b, t.Context(), items(1, 1, 2, 3, 4, 5, 6)))
		if d := time.Since(start); d != 2*time.Second {
			t.Errorf("six batches over three runners took %v, want 2s", d)
		}
	})
}

func TestAdmission(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l log
		b := New(l.double(time.Second), Options{MaxQueuedTokens: 10}, Runners{})
		defer b.Close()
		busy := later(b, t.Context(), items(7, 0))
		six := later(b, t.Context(), items(3, 1, 2))

		err := b.Do(t.Context(), fairqueue.Sender{}, items(5, 3))
		var full *FullError
		if !errors.As(err, &full) || *full != (FullError{Tokens: 5, Queued: 6, Running: 7, Max: 10}) {
			t.Errorf("5 more than the queue of 6 of 10 holds: got error %#v, want a full queue", err)
		}
		four := later(b, t.Context(), items(4, 4))
		if s := b.Queue(); s.Tokens != 10 || s.Pairs != 3 || s.Requests != 2 {
			t.Errorf("got %+v, want 10 waiting in 3 items of 2 requests: the refused one left nothing", s)
		}
		wantNil(t, busy, six, four)

		busy = later(b, t.Context(), items(1, 5))
		giant := later(b, t.Context(), items(50, 6, 7))
		if err := b.Do(t.Context(), fairqueue.Sender{}, items(1, 8)); !errors.As(err, &full) {
			t.Errorf("behind a giant: got error %v, want a full queue", err)
		}
		wantNil(t, busy, giant)
	})
}

func TestRefusesBadCosts(t *testing.T) {
	var l log
	b := New(l.double(0), Options{}, Runners{})
	defer b.Close()
	for name, bad := range map[string][]Item[int, int]{
		"zero":      {{Tokens: 1}, {Tokens: 0}},
		"negative":  {{Tokens: 1}, {Tokens: -1}},
		"too large": {{Tokens: 2}, {Tokens: int(^uint(0) >> 1)}},
	} {
		var e *ItemError
		if err := b.Do(t.Context(), fairqueue.Sender{}, bad); !errors.As(err, &e) || e.Index != 1 {
			t.Errorf("%s cost: got error %v, want one of item 1", name, err)
		}
	}
	if err := b.Do(t.Context(), fairqueue.Sender{}, nil); err != nil {
		t.Errorf("no items: got error %v, want none", err)
	}
	l.want(t)
}

func TestQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l log
		b := New(l.double(10*time.Second), Options{MaxPairs: 2}, Runners{})
		defer b.Close()
		if s := b.Queue(); s != (state.Queue{}) {
			t.Errorf("idle: got %+v, want zero", s)
		}
		a := later(b, t.Context(), items(5, 1, 2, 3))
		time.Sleep(time.Second)
		c := later(b, t.Context(), items(2, 4))
		time.Sleep(time.Second)
		want := state.Queue{Requests: 2, Pairs: 2, Tokens: 7, Oldest: 2 * time.Second, RunningPairs: 2, RunningTokens: 10}
		if s := b.Queue(); s != want {
			t.Errorf("busy: got %+v, want %+v", s, want)
		}
		wantNil(t, a, c)
		synctest.Wait()
		if s := b.Queue(); s != (state.Queue{}) {
			t.Errorf("idle again: got %+v, want zero", s)
		}
	})
}

func BenchmarkDo(b *testing.B) {
	for _, n := range []int{1, 32} {
		b.Run(fmt.Sprintf("items=%d", n), func(b *testing.B) {
			batcher := New(func(values []int, results []int) error { copy(results, values); return nil }, Options{LengthAware: new(true)}, Runners{})
			defer batcher.Close()
			its := items(80, make([]int, n)...)
			b.ReportAllocs()
			for b.Loop() {
				if err := batcher.Do(b.Context(), fairqueue.Sender{}, its); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestAllocations holds the hot path to one allocation a batch, the Run that its items share.
func TestAllocations(t *testing.T) {
	b := New(func(values []int, results []int) error { copy(results, values); return nil }, Options{LengthAware: new(true)}, Runners{})
	defer b.Close()
	its := items(80, make([]int, 32)...)
	from := fairqueue.Sender{Caller: "203.0.113.7:4711", Priority: 1}
	allocs := testing.AllocsPerRun(200, func() {
		if err := b.Do(context.Background(), from, its); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 1.5 && !raceEnabled {
		t.Errorf("got %v allocations a request of one batch, want 1", allocs)
	}
}
