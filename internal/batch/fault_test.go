package batch

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crossrank/crossrank/internal/fairqueue"
)

var errPoison = errors.New("poison")

// TestFaultsFailTheirOwners puts items that fail into batches of several requests.
func TestFaultsFailTheirOwners(t *testing.T) {
	for _, c := range []struct {
		name   string
		poison func(v int) error // called for every value; may panic
	}{
		{"an error", func(v int) error { return errPoison }},
		{"a panic with an error", func(v int) error { panic(errPoison) }},
		{"a panic of the runtime", func(v int) error { var none []int; _ = none[v]; return nil }},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const poison = 13
				var l log
				double := l.double(time.Second)
				b := New(func(values []int, results []int) error {
					err := double(values, results)
					for _, v := range values {
						if v == poison {
							return c.poison(v)
						}
					}
					return err
				}, Options{}, Runners{})
				defer b.Close()
				busy := later(b, t.Context(), items(1, 1))
				before, bad, after := items(1, 2, 3), items(1, 4, poison, 5), items(1, 6)
				x, y, z := later(b, t.Context(), before), later(b, t.Context(), bad), later(b, t.Context(), after)
				wantNil(t, busy, x, z)

				err := <-y
				var item *ItemError
				if !errors.As(err, &item) || item.Index != 1 {
					t.Errorf("got error %v, want one of item 1", err)
				}
				if c.name != "a panic of the runtime" && !errors.Is(err, errPoison) {
					t.Errorf("got error %v, want one that wraps the cause", err)
				}
				var panicked *PanicError
				if errors.As(err, &panicked) && len(panicked.Stack) == 0 {
					t.Error("the panic has no stack")
				}
				// Item 5 came after its request had failed, so it is not run again.
				l.want(t, []int{1}, []int{2, 3, 4, poison, 5, 6}, []int{2}, []int{3}, []int{4}, []int{poison}, []int{6})
				if run := before[0].Run; run.Pairs != 1 || run.Ended.Sub(run.Started) != 2*time.Second {
					t.Errorf("got run %+v of an item that was run again, want one from the first attempt to its own end", run)
				}
				wantNil(t, later(b, t.Context(), items(1, 7)))
			})
		})
	}
}

func TestFaultTakesTheRestOutOfTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l log
		double := l.double(time.Second)
		b := New(func(values []int, results []int) error {
			if err := double(values, results); values[0] != 1 {
				return err
			}
			return errPoison
		}, Options{MaxPairs: 1}, Runners{})
		defer b.Close()
		bad, good := later(b, t.Context(), items(1, 1, 2, 3)), later(b, t.Context(), items(1, 4))
		if err := <-bad; !errors.Is(err, errPoison) {
			t.Errorf("got error %v, want the fault", err)
		}
		wantNil(t, good)
		l.want(t, []int{1}, []int{4})
	})
}

func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l log
		b := New(l.double(10*time.Second), Options{MaxPairs: 2}, Runners{})
		defer b.Close()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		half := later(b, ctx, items(1, 1, 2, 3)) // two of its items run, one waits
		whole := later(b, ctx, items(1, 4))
		stays := later(b, t.Context(), items(1, 5))
		time.Sleep(time.Second)
		cancel()
		for _, done := range []<-chan error{half, whole} {
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Errorf("got error %v, want that of the context", err)
			}
		}
		if s := b.Queue(); s.Pairs != 1 || s.Tokens != 1 || s.Requests != 1 || s.RunningPairs != 2 {
			t.Errorf("got %+v, want one item of one request waiting, and two that still run", s)
		}
		wantNil(t, stays)
		l.want(t, []int{1, 2}, []int{5})
		if err := b.Do(ctx, fairqueue.Sender{}, items(1, 6)); !errors.Is(err, context.Canceled) {
			t.Errorf("a context that has ended: got error %v, want its own", err)
		}
	})
}

// deaf is a context with a deadline whose end is noticed too late.
type deaf struct {
	context.Context
	deadline time.Time
}

func (d deaf) Deadline() (time.Time, bool) { return d.deadline, true }

func TestExpiredRequestsAreNotRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l log
		b := New(l.double(time.Second), Options{}, Runners{})
		defer b.Close()
		busy := later(b, t.Context(), items(1, 1))
		late := later(b, deaf{t.Context(), time.Now().Add(time.Millisecond)}, items(1, 2, 3))
		good := later(b, deaf{t.Context(), time.Now().Add(time.Hour)}, items(1, 4))
		wantNil(t, busy, good)
		if err := <-late; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got error %v, want a passed deadline", err)
		}
		l.want(t, []int{1}, []int{4})
	})
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l log
		b := New(l.double(time.Second), Options{MaxPairs: 1}, Runners{})
		runs, halfRuns, waits := later(b, t.Context(), items(1, 1)), later(b, t.Context(), items(1, 2, 3)), later(b, t.Context(), items(1, 4))
		start := time.Now()
		b.Close()
		if d := time.Since(start); d != time.Second {
			t.Errorf("closing took %v, want the second that the running batch needs", d)
		}
		wantNil(t, runs)
		for _, done := range []<-chan error{halfRuns, waits} {
			if err := <-done; !errors.Is(err, ErrClosed) {
				t.Errorf("got error %v, want %v", err, ErrClosed)
			}
		}
		if err := b.Do(t.Context(), fairqueue.Sender{}, items(1, 5)); !errors.Is(err, ErrClosed) {
			t.Errorf("after closing: got error %v, want %v", err, ErrClosed)
		}
		b.Close() // has no effect
		l.want(t, []int{1})
	})
}

func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l log
		b := New(l.double(time.Second), Options{MaxPairs: 2, Timeout: time.Hour}, Runners{})
		full, waits := later(b, t.Context(), items(1, 1, 2)), later(b, t.Context(), items(1, 3))
		drained := make(chan error)
		go func() { drained <- b.Drain(t.Context()) }()
		synctest.Wait()
		if err := b.Do(t.Context(), fairqueue.Sender{}, items(1, 4)); !errors.Is(err, ErrClosed) {
			t.Errorf("while draining: got error %v, want %v", err, ErrClosed)
		}
		wantNil(t, full, waits, drained)
		l.want(t, []int{1, 2}, []int{3})
		if err := b.Drain(t.Context()); err != nil {
			t.Errorf("draining again: got error %v, want none", err)
		}
	})
}

func TestDrainThatTakesTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l log
		b := New(l.double(time.Second), Options{MaxPairs: 1}, Runners{})
		dones := make([]<-chan error, 4)
		for i := range dones {
			dones[i] = later(b, t.Context(), items(1, i))
		}
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		start := time.Now()
		if err := b.Drain(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 2*time.Second {
			t.Errorf("got error %v after %v, want a passed deadline after 2s, with the batch that ran", err, time.Since(start))
		}
		wantNil(t, dones[:2]...)
		for _, done := range dones[2:] {
			if err := <-done; !errors.Is(err, ErrClosed) {
				t.Errorf("got error %v, want %v", err, ErrClosed)
			}
		}
	})
}

func ExampleBatcher() {
	squares := New(func(values []int, results []int) error {
		for i, v := range values {
			results[i] = v * v
		}
		return nil
	}, Options{MaxTokens: 100}, Runners{})
	defer squares.Close()

	items := []Item[int, int]{{Value: 3, Tokens: 1}, {Value: 4, Tokens: 1}}
	if err := squares.Do(context.Background(), fairqueue.Sender{}, items); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(items[0].Result, items[1].Result, items[1].Run.Pairs)
	// Output: 9 16 2
}

// A request may be ended while the batch that holds some of its items is being formed; its caller
// may then use the items for something else.
func TestABatchKeepsItsValues(t *testing.T) {
	b := &Batcher[int, int]{opts: Options{MaxTokens: 10, MaxPairs: 10}.WithDefaults()}
	b.queue.Quantum = 1
	items := []Item[int, int]{{Value: 7, Tokens: 1}, {Value: 8, Tokens: 1}}
	req := newRequest[int, int]()
	req.reset(t.Context(), items, 2, false)
	b.queue.Push(fairqueue.Sender{}, &req.queued)
	r := &runner[int, int]{maxPairs: 10, deadlineTokens: math.Inf(1)}
	if !b.takeNext(r, req) {
		t.Fatal("the first item does not fit")
	}
	b.end(req, context.Canceled)
	items[0].Value = -1
	r.arrange(false)
	if len(r.values) != 1 || r.values[0] != 7 {
		t.Errorf("the batch holds %v, want the 7 that was taken", r.values)
	}
}
