package batch

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crossrank/crossrank/internal/fairqueue"
)

// perToken is a run function that takes a millisecond for each token. Its values are tokens. It
// keeps the batches, each from its first value on.
func (l *log) perToken(values, results []int) error {
	l.mu.Lock()
	l.batches = append(l.batches, slices.Clone(values))
	l.mu.Unlock()
	sum := 0
	for i, v := range values {
		sum += v
		results[i] = 2 * v
	}
	time.Sleep(time.Duration(sum) * time.Millisecond)
	return nil
}

// sized makes an item for each number of tokens.
func sized(tokens ...int) []Item[int, int] {
	var all []Item[int, int]
	for _, n := range tokens {
		all = append(all, Item[int, int]{Value: n, Tokens: n})
	}
	return all
}

// spread are n numbers from 40 to 120, in no order.
func spread(n int) []int {
	var all []int
	for i := range n {
		all = append(all, 40+(i*37%n)*80/max(1, n-1))
	}
	return all
}

// TestIdleRunnersDivideARequest sends a request to idle runners, and wants it done about as soon as
// an even division would be.
func TestIdleRunnersDivideARequest(t *testing.T) {
	for _, c := range []struct {
		name    string
		runners int
		opts    Options
		tokens  []int
		batches int // 0: any number
		within  float64
	}{
		{"one runner takes all", 1, Options{}, spread(32), 1, 1},
		{"two take halves", 2, Options{}, spread(32), 2, 1.02},
		{"eight take eighths", 8, Options{}, spread(32), 8, 1.1},
		{"eight take one pair each, however long", 8, Options{MinTokens: 1}, []int{80, 80, 80, 80, 80, 80, 80, 80}, 8, 1},
		{"few tokens are not divided", 8, Options{}, []int{40, 40, 40}, 1, 8},
		{"beyond the floor they are", 8, Options{}, []int{80, 80, 80, 80}, 2, 4},
		{"a pair is never divided", 8, Options{MinTokens: 1}, []int{500}, 1, 8},
		{"one long pair and short ones", 2, Options{MinTokens: 1}, []int{300, 60, 60, 60, 60, 60}, 2, 1},
		{"in a fixed order", 4, Options{MinTokens: 1, LengthAware: new(false)}, spread(32), 0, 1.2},
		{"a timeout gathers", 4, Options{Timeout: time.Hour, MaxPairs: 32}, spread(32), 1, 4},
		{"preferred sizes are kept", 4, Options{PreferredPairs: []int{16}}, spread(32), 2, 4},
		{"the budget of pairs holds", 2, Options{MaxPairs: 4}, spread(32), 8, 1.2},
		{"the budget of tokens holds", 2, Options{MaxTokens: 200}, spread(32), 0, 1.2},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var l log
				b := New(l.perToken, c.opts, Runners{Count: c.runners})
				defer b.Close()
				start, sum := time.Now(), 0
				for _, n := range c.tokens {
					sum += n
				}
				wantNil(t, later(b, t.Context(), sized(c.tokens...)))
				even := time.Duration(sum) * time.Millisecond / time.Duration(c.runners)
				if took := time.Since(start); took > time.Duration(float64(even)*c.within) {
					t.Errorf("it took %v, want at most %g times the %v of an even division; batches %v", took, c.within, even, l.batches)
				}
				if len(l.batches) != c.batches && c.batches > 0 {
					t.Errorf("got batches %v, want %d", l.batches, c.batches)
				}
			})
		})
	}
}

// TestBusyRunnersLeaveNothing: a runner that becomes free while the others are busy takes all that
// waits.
func TestBusyRunnersLeaveNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l log
		b := New(l.perToken, Options{}, Runners{Count: 2})
		defer b.Close()
		long, short := later(b, t.Context(), sized(1000)), later(b, t.Context(), sized(100))
		wait := later(b, t.Context(), sized(200, 200, 200))
		wantNil(t, long, short, wait)
		l.want(t, []int{1000}, []int{100}, []int{200, 200, 200})
	})
}

// TestRunnersSoonIdleGetTheirPart: a request that arrives while all runners are busy is divided
// among those that end one after another, not taken whole by the first.
func TestRunnersSoonIdleGetTheirPart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l log
		b := New(l.perToken, Options{}, Runners{Count: 4, Throughput: func() float64 { return 4000 }})
		defer b.Close()
		first := later(b, t.Context(), sized(310, 300, 290, 280))
		time.Sleep(100 * time.Millisecond)
		start := time.Now()
		wantNil(t, later(b, t.Context(), sized(spread(20)...)), first)
		// 1,600 tokens and the 780 that still ran, over four runners.
		if took := time.Since(start); took > 650*time.Millisecond {
			t.Errorf("it took %v, want about 595ms; batches %v", took, l.batches)
		}
	})
}

// TestDividedRequestsMeetDeadlines: a request that one runner would finish too late, but all
// together in time, is admitted though others run.
func TestDividedRequestsMeetDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l log
		b := New(l.perToken, Options{}, Runners{Count: 8, Throughput: func() float64 { return 8000 }})
		defer b.Close()
		busy := later(b, t.Context(), sized(100))
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		wantNil(t, later(b, ctx, sized(spread(80)...)), busy) // 6,400 tokens
	})
}

// TestFill shows to what level an amount fills columns of some heights.
func TestFill(t *testing.T) {
	for _, c := range []struct {
		amount  float64
		heights []float64
		want    float64
	}{
		{100, []float64{0}, 100}, {100, []float64{0, 0, 0, 0}, 25}, {100, []float64{0, 1000}, 100},
		{100, []float64{50, 0}, 75}, {100, []float64{100, 0}, 100}, {100, []float64{30, 0, 10}, 140.0 / 3}, {0, []float64{0, 5}, 0},
	} {
		if got := fill(c.amount, c.heights); got != c.want {
			t.Errorf("%g over %v: got %g, want %g", c.amount, c.heights, got, c.want)
		}
	}
}

// TestDividedRequestsAreWhole sends requests of many callers at once to idle runners: all pairs are
// run once, and callers take turns as ever.
func TestDividedRequestsAreWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l log
		b := New(l.perToken, Options{Quantum: 100}, Runners{Count: 4})
		defer b.Close()
		var wg sync.WaitGroup
		want := map[int]int{}
		for c := range 5 {
			tokens := spread(7 + 5*c)
			for _, n := range tokens {
				want[n]++
			}
			items := sized(tokens...)
			wg.Go(func() {
				if err := b.Do(t.Context(), fairqueue.Sender{Caller: fmt.Sprint(c)}, items); err != nil {
					t.Error(err)
				}
				for _, it := range items {
					if it.Result != 2*it.Tokens {
						t.Errorf("got %d of %d tokens", it.Result, it.Tokens)
					}
				}
			})
		}
		wg.Wait()
		for _, n := range slices.Concat(l.batches...) {
			want[n]--
		}
		for n, left := range want {
			if left != 0 {
				t.Errorf("pairs of %d tokens: %d not run, or run twice", n, left)
			}
		}
	})
}

// TestFitting shows which pair fills a part best.
func TestFitting(t *testing.T) {
	for _, c := range []struct {
		tokens, at int
		ok         bool
	}{
		{120, 0, true}, {119, 1, true}, {100, 1, true}, {99, 2, true}, {40, 3, true},
		{39, 3, true}, // one token too many is nearer than 39 too few
		{20, 3, true}, {19, 3, false}, {0, 3, false}, {-5, 3, false},
	} {
		r := newRequest[int, int]()
		r.reset(t.Context(), sized(40, 120, 60, 100), 320, true)
		at, ok := r.fitting(c.tokens)
		if at != c.at || ok != c.ok {
			t.Errorf("%d tokens: got %d, %v, want %d, %v", c.tokens, at, ok, c.at, c.ok)
		}
		r.bring(at)
		var order []string
		for _, i := range r.order {
			order = append(order, fmt.Sprint(r.items[i].Tokens))
		}
		want := slices.Delete([]string{"120", "100", "60", "40"}, c.at, c.at+1)
		want = slices.Insert(want, 0, []string{"120", "100", "60", "40"}[c.at])
		if strings.Join(order, " ") != strings.Join(want, " ") || fmt.Sprint(r.queued.Next) != want[0] {
			t.Errorf("%d tokens: then the order is %v and the next has %d, want %v", c.tokens, order, r.queued.Next, want)
		}
	}
}
