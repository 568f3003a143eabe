package batch

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crossrank/crossrank/internal/fairqueue"
)

// TestPreferredSizes has requests arrive at an idle runner, which takes no time.
func TestPreferredSizes(t *testing.T) {
	type arrival struct {
		at    time.Duration
		items int
	}
	const ms = time.Millisecond
	for _, c := range []struct {
		name     string
		opts     Options
		arrivals []arrival
		want     string // the sizes of the batches, and when they ran
	}{
		{"none, without a delay", Options{PreferredPairs: []int{4, 8}}, []arrival{{0, 3}}, "[3 after 0s]"},
		{"one is reached at once", Options{PreferredPairs: []int{4, 8}, Timeout: 50 * ms}, []arrival{{0, 4}}, "[4 after 0s]"},
		{"one is reached in time", Options{PreferredPairs: []int{4, 8}, Timeout: 50 * ms}, []arrival{{0, 3}, {20 * ms, 1}}, "[4 after 20ms]"},
		{"the largest that is filled, and the rest when its time is over", Options{PreferredPairs: []int{4, 8}, Timeout: 50 * ms},
			[]arrival{{0, 3}, {20 * ms, 7}}, "[8 after 20ms 2 after 70ms]"},
		{"none is reached", Options{PreferredPairs: []int{4, 8}, Timeout: 50 * ms}, []arrival{{0, 1}, {20 * ms, 2}}, "[3 after 50ms]"},
		{"more than the largest", Options{PreferredPairs: []int{4, 8}, Timeout: 50 * ms}, []arrival{{0, 21}}, "[8 after 0s 8 after 0s 4 after 0s 1 after 50ms]"},
		{"cut without a delay", Options{PreferredPairs: []int{4, 8}}, []arrival{{0, 21}}, "[8 after 0s 8 after 0s 4 after 0s 1 after 0s]"},
		{"the cost ends a batch before", Options{PreferredPairs: []int{4, 8}, MaxTokens: 6, Timeout: 50 * ms}, []arrival{{0, 9}}, "[6 after 0s 3 after 50ms]"},
		{"requests apart", Options{PreferredPairs: []int{4, 8}, Enabled: new(false), Timeout: 50 * ms}, []arrival{{0, 5}}, "[5 after 0s]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var ran []string
				begun := time.Now()
				b := New(func(values, _ []int) error {
					ran = append(ran, fmt.Sprintf("%d after %v", len(values), time.Since(begun)))
					return nil
				}, c.opts, Runners{})
				defer b.Close()
				var wg sync.WaitGroup
				for _, a := range c.arrivals {
					time.Sleep(a.at - time.Since(begun))
					send(t, &wg, b, fairqueue.Sender{}, 1, a.items)
				}
				wg.Wait()
				if got := fmt.Sprint(ran); got != c.want {
					t.Errorf("batches of %v, want %s", got, c.want)
				}
			})
		})
	}
}

// TestPreferredSizesLoseNothing sends random requests of random callers: every item is run once, no
// runner is free while an item has waited longer than the timeout, and while none has, batches have
// a preferred size.
func TestPreferredSizesLoseNothing(t *testing.T) {
	for seed := range uint64(60) {
		synctest.Test(t, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 21))
			timeout := time.Duration(1+rng.IntN(20)) * time.Millisecond
			sizes := []int{1 + rng.IntN(4)}
			for range rng.IntN(4) {
				sizes = append(sizes, sizes[len(sizes)-1]+1+rng.IntN(9))
			}
			var mu sync.Mutex
			runs := map[int]int{} // of each item
			arrived := map[int]time.Time{}
			preferred := 0
			b := New(func(values, results []int) error {
				mu.Lock()
				defer mu.Unlock()
				overdue := false
				for i, v := range values {
					runs[v]++
					results[i] = v
					waited := time.Since(arrived[v])
					overdue = overdue || waited >= timeout
					if waited > timeout {
						t.Errorf("seed %d: an item waited %v, want %v at most", seed, waited, timeout)
					}
				}
				if slices.Contains(sizes, len(values)) {
					preferred++
				} else if !overdue {
					t.Errorf("seed %d: a batch of %d while nothing was overdue; preferred are %v", seed, len(values), sizes)
				}
				return nil
			}, Options{PreferredPairs: sizes, Timeout: timeout, Quantum: 1 + rng.IntN(5), LengthAware: new(rng.IntN(2) == 0)}, Runners{})
			var wg sync.WaitGroup
			next := 0
			for range 200 {
				time.Sleep(time.Duration(rng.IntN(4000)) * time.Microsecond)
				its := make([]Item[int, int], 1+rng.IntN(6))
				mu.Lock()
				for i := range its {
					its[i] = Item[int, int]{Value: next, Tokens: 1 + rng.IntN(9)}
					arrived[next] = time.Now()
					next++
				}
				mu.Unlock()
				from := fairqueue.Sender{Caller: fmt.Sprint(rng.IntN(3)), Priority: rng.IntN(fairqueue.Priorities)}
				wg.Go(func() {
					if err := b.Do(t.Context(), from, its); err != nil {
						t.Errorf("seed %d: %v", seed, err)
					}
					for _, it := range its {
						if it.Result != it.Value {
							t.Errorf("seed %d: item %d got the result of %d", seed, it.Value, it.Result)
						}
					}
				})
			}
			wg.Wait()
			b.Close()
			for v := range next {
				if runs[v] != 1 {
					t.Errorf("seed %d: item %d was run %d times", seed, v, runs[v])
				}
			}
			if preferred == 0 {
				t.Errorf("seed %d: no batch had a preferred size", seed)
			}
		})
	}
}
