package batch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// device computes the batches that it is given in their order, a millisecond a token, so many at
// once.
type device struct {
	log
	turn    chan struct{}
	formed  []time.Duration // when each batch was given to it
	created time.Time
}

func newDevice(atOnce int) *device {
	return &device{turn: make(chan struct{}, atOnce), created: time.Now()}
}

func (d *device) run(values, results []int) error {
	d.mu.Lock()
	d.formed = append(d.formed, time.Since(d.created))
	d.mu.Unlock()
	d.turn <- struct{}{}
	defer func() { <-d.turn }()
	return d.perToken(values, results)
}

// perSecond is a single runner with memory for two batches, of a known throughput.
func perSecond(tokens float64) Runners {
	return Runners{InFlight: 2, Throughput: func() float64 { return tokens }}
}

// TestNextBatchIsFormedAhead shows when a batch is formed behind one of 1000 ms: at once where
// nothing can join it, and otherwise shortly before it can begin.
func TestNextBatchIsFormedAhead(t *testing.T) {
	for _, c := range []struct {
		name    string
		opts    Options
		runners Runners
		waiting []int // requests that arrive after 100 ms, by their tokens
		formed  time.Duration
		batches [][]int
	}{
		{"a quarter and 2 ms before", Options{}, perSecond(1000), []int{20, 10}, 748 * time.Millisecond, [][]int{{1000}, {20, 10}}},
		{"the estimate is too short", Options{}, perSecond(1e6), []int{20, 10}, 100 * time.Millisecond, [][]int{{1000}, {20}, {10}}},
		{"the estimate is too long", Options{}, perSecond(100), []int{20, 10}, time.Second, [][]int{{1000}, {20, 10}}},
		{"the throughput is unknown", Options{}, perSecond(0), []int{20, 10}, time.Second, [][]int{{1000}, {20, 10}}},
		{"its tokens are enough", Options{MaxTokens: 30}, perSecond(1000), []int{20, 10}, 100 * time.Millisecond, [][]int{{1000}, {20, 10}}},
		{"its pairs are enough", Options{MaxPairs: 2}, perSecond(1000), []int{20, 10}, 100 * time.Millisecond, [][]int{{1000}, {20, 10}}},
		{"a preferred size", Options{PreferredPairs: []int{2}}, perSecond(1000), []int{20, 10}, 100 * time.Millisecond, [][]int{{1000}, {20, 10}}},
		{"requests have batches of their own", Options{Enabled: new(false)}, perSecond(1000), []int{20, 10}, 100 * time.Millisecond,
			[][]int{{1000}, {20}, {10}}},
		{"memory for one batch", Options{MaxTokens: 30}, Runners{InFlight: 1, Throughput: func() float64 { return 1000 }}, []int{20, 10}, time.Second,
			[][]int{{1000}, {20, 10}}},
		{"several runners", Options{MaxTokens: 30}, Runners{Count: 2, InFlight: 2}, []int{1000, 20, 10}, time.Second,
			[][]int{{1000}, {1000}, {20, 10}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDevice(max(1, c.runners.Count))
				b := New(d.run, c.opts, c.runners)
				defer b.Close()
				dones := []<-chan error{later(b, t.Context(), sized(1000))}
				time.Sleep(100 * time.Millisecond)
				for _, n := range c.waiting {
					dones = append(dones, later(b, t.Context(), sized(n)))
				}
				wantNil(t, dones...)
				d.want(t, c.batches...)
				at := slices.IndexFunc(d.batches, func(batch []int) bool { return batch[0] == 20 })
				if got := d.formed[at]; got != c.formed {
					t.Errorf("formed after %v, want %v", got, c.formed)
				}
			})
		})
	}
}

// TestLateRequestsJoin: a batch that is not formed yet takes requests that arrive while the one in
// front of it is computed, and the device has no gap.
func TestLateRequestsJoin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice(1)
		b := New(d.run, Options{}, perSecond(1000))
		defer b.Close()
		dones := []<-chan error{later(b, t.Context(), sized(1000))}
		for i := range 5 {
			time.Sleep(200 * time.Millisecond)
			dones = append(dones, later(b, t.Context(), sized(10*(i+1))))
		}
		wantNil(t, dones...)
		d.want(t, []int{1000}, []int{30, 20, 10}, []int{50, 40})
		if took := time.Since(d.created); took != 1150*time.Millisecond {
			t.Errorf("1150 tokens took %v", took)
		}
	})
}

// TestRunOfBatchBehind: a batch counts as waiting until the one in front of it ends, in its times
// and in the queue.
func TestRunOfBatchBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice(1)
		b := New(d.run, Options{MaxTokens: 100}, perSecond(1000))
		defer b.Close()
		first, second := sized(100), sized(60, 40)
		dones := []<-chan error{later(b, t.Context(), first), later(b, t.Context(), second)}
		if q := b.Queue(); q.RunningTokens != 200 || q.RunningPairs != 3 || q.Requests != 0 {
			t.Errorf("got %+v, want all in the two batches", q)
		}
		time.Sleep(30 * time.Millisecond)
		b.mu.Lock()
		if got := b.remainingTokens(1000, time.Now()); got != 170 {
			t.Errorf("%v tokens are left, want 70 of the first batch and 100 of the second", got)
		}
		b.mu.Unlock()
		wantNil(t, dones...)
		run := second[0].Run
		if begun, took := run.Started.Sub(d.created), run.Ended.Sub(run.Started); begun != 100*time.Millisecond || took != 100*time.Millisecond {
			t.Errorf("the second batch began after %v and took %v, want 100ms each", begun, took)
		}
	})
}

// TestDeadlineBehindABatch: what runs first counts against the deadlines of the batch behind it.
func TestDeadlineBehindABatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice(1)
		b := New(d.run, Options{}, perSecond(1000))
		defer b.Close()
		first := later(b, t.Context(), sized(1000))
		time.Sleep(600 * time.Millisecond) // 400 ms are left
		in := func(left time.Duration, tokens ...int) <-chan error {
			ctx, cancel := context.WithTimeout(t.Context(), left)
			t.Cleanup(cancel)
			return later(b, ctx, sized(tokens...))
		}
		late, soon := in(450*time.Millisecond, 100), in(650*time.Millisecond, 100)
		rest := later(b, t.Context(), sized(300, 200))
		if err := <-late; !errors.As(err, new(*LateError)) {
			t.Errorf("100 tokens in 450 ms behind 400: got %v, want it refused", err)
		}
		wantNil(t, first, soon, rest)
		if got := fmt.Sprint(d.batches[1]); got != "[100]" {
			t.Errorf("the second batch has %v, want no more than its deadline allows", got)
		}
	})
}

// TestEndsWithTwoInFlight: draining and closing wait for both batches.
func TestEndsWithTwoInFlight(t *testing.T) {
	for name, end := range map[string]func(b *Batcher[int, int]) error{
		"drain": func(b *Batcher[int, int]) error { return b.Drain(context.Background()) },
		"close": func(b *Batcher[int, int]) error { b.Close(); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDevice(1)
				b := New(d.run, Options{MaxPairs: 1}, perSecond(1000))
				var dones []<-chan error
				for range 3 {
					dones = append(dones, later(b, t.Context(), sized(100)))
				}
				if err := end(b); err != nil {
					t.Error(err)
				}
				want := 3
				if name == "close" {
					want = 2
				}
				for i, done := range dones {
					if err := <-done; (err == nil) != (i < want) {
						t.Errorf("request %d: got %v", i, err)
					}
				}
				if len(d.batches) != want {
					t.Errorf("got the batches %v, want %d", d.batches, want)
				}
			})
		})
	}
}

// TestFailureBehindABatch: a batch that fails while another one waits behind it is run again pair
// by pair, and the other one has its results.
func TestFailureBehindABatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice(1)
		b := New(func(values, results []int) error {
			if err := d.run(values, results); err != nil || slices.Contains(values, 13) {
				return errors.New("the device is lost")
			}
			return nil
		}, Options{MaxTokens: 100}, perSecond(1000))
		defer b.Close()
		bad := later(b, t.Context(), sized(60, 13, 27))
		good := later(b, t.Context(), sized(70, 30))
		wantNil(t, good)
		var item *ItemError
		if err := <-bad; !errors.As(err, &item) || item.Index != 1 {
			t.Errorf("got %v, want that of the second pair", err)
		}
	})
}
