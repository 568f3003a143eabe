package metrics

import (
	"reflect"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/state"
)

// TestCoarseHistories holds that every ring adds up to the same, whatever its step.
func TestCoarseHistories(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := New(Options{})
		s := r.Observe(scripted)
		stop := start(t, r)
		time.Sleep(100 * time.Millisecond)
		for range 200 {
			send(t, s, 1)
		}
		time.Sleep(100*time.Second + 150*time.Millisecond) // 300.25 s in all
		synctest.Wait()
		for _, c := range []struct {
			step, want time.Duration
			samples    int
		}{
			{0, 500 * time.Millisecond, 600},
			{time.Second, 5 * time.Second, 60},
			{5 * time.Second, 5 * time.Second, 60},
			{6 * time.Second, time.Minute, 5},
			{time.Hour, time.Minute, 5},
		} {
			samples, step := r.HistoryBy(time.Time{}, c.step)
			requests := int64(0)
			for _, s := range samples {
				requests += s.Requests
				if s.IntervalS != c.want.Seconds() {
					t.Errorf("step %v: got an interval of %v s", c.step, s.IntervalS)
				}
			}
			if step != c.want || len(samples) != c.samples || requests != 200 {
				t.Errorf("step %v: got %d samples %v apart with %d requests, want %d, %v and 200",
					c.step, len(samples), step, requests, c.samples, c.want)
			}
		}
		stop()
	})
}

func TestReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := New(Options{})
		s := r.Observe(scripted)
		stop := start(t, r)
		defer stop()
		send(t, s, 2)
		r.Refused(HTTP, crossrank.TooLarge)
		time.Sleep(time.Second)
		before := time.Now()
		r.Reset()
		got := r.Snapshot()
		if got.Requests != 0 || got.Pairs != 0 || len(got.Codes) != 0 || len(got.Refused) != 0 || got.Latency.Count != 0 ||
			got.PairsPerSecond != 0 || len(r.History(time.Time{})) != 0 || !got.Since.Equal(before) {
			t.Errorf("after a reset: got %+v", got)
		}
		if r.total.pairs != 2 {
			t.Errorf("what Prometheus sees fell to %d pairs", r.total.pairs)
		}
		send(t, s, 3)
		time.Sleep(time.Second)
		if got := r.Snapshot(); got.Requests != 1 || got.Pairs != 3 || got.Latency.Count != 1 {
			t.Errorf("a request after it: got %+v, want 1 with 3 pairs", got)
		}
	})
}

func TestRefused(t *testing.T) {
	r := New(Options{})
	r.Refused(HTTP, crossrank.NotFound)
	r.Refused(GRPC, crossrank.TooLarge)
	r.Refused(GRPC, crossrank.TooLarge)
	r.Refused(HTTP, "made up by a caller")
	got := r.Snapshot()
	if got.Requests != 0 || got.Refused[HTTP][crossrank.NotFound] != 1 || got.Refused[GRPC][crossrank.TooLarge] != 2 ||
		got.Refused[HTTP]["other"] != 1 || len(got.Refused[HTTP]) != 2 {
		t.Errorf("got %+v", got)
	}
}

// TestWatch follows samples, and lets another watcher fall behind.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := New(Options{Interval: time.Second})
		stop := start(t, r)
		defer stop()
		fast, leave := r.Watch()
		slow, leaveSlow := r.Watch()
		defer leaveSlow()
		for i := range 20 {
			if s := <-fast; s.IntervalS != 1 {
				t.Fatalf("sample %d: got an interval of %v s", i, s.IntervalS)
			}
		}
		n := 0
		for range slow { // ends, for it is closed
			n++
		}
		if n != cap(slow) {
			t.Errorf("the slow watcher got %d samples, want the %d that it had room for", n, cap(slow))
		}
		leave()
		time.Sleep(20 * time.Second)
		if len(fast) != 0 || len(r.watchers) != 0 {
			t.Errorf("%d samples came after leaving, and %d watchers are left", len(fast), len(r.watchers))
		}
	})
}

// TestGaugesInSamples holds differences of what the core counts.
func TestGaugesInSamples(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex // time orders what follows, but not in the eyes of the race detector
		batches := state.Batches{Runs: 10, Pairs: 100, Tokens: 1000}
		instances := []state.Instance{{Name: "0", State: "ready", Batches: 10, Busy: 5 * time.Second, Pairs: 100}}
		r := New(Options{Interval: 2 * time.Second, Gauges: Gauges{
			Batches:   func() state.Batches { mu.Lock(); defer mu.Unlock(); return batches },
			Instances: func() []state.Instance { mu.Lock(); defer mu.Unlock(); return instances },
		}})
		stop := start(t, r)
		time.Sleep(time.Second)
		mu.Lock()
		batches = state.Batches{Runs: 14, Pairs: 120, Tokens: 1400}
		instances = []state.Instance{
			{Name: "0", State: "ready", Batches: 13, Busy: 6 * time.Second, Pairs: 115, Failures: 2, Speed: 1500},
			{Name: "1", State: "ready", Batches: 1, Busy: time.Second, Pairs: 5},
		}
		mu.Unlock()
		time.Sleep(1500 * time.Millisecond)
		synctest.Wait()
		stop()
		s := r.History(time.Time{})[0]
		if *s.Batches != 4 || *s.BatchPairs != 5 || *s.BatchTokens != 100 {
			t.Errorf("got %v batches of %v pairs and %v tokens, want 4 of 5 and 100", *s.Batches, *s.BatchPairs, *s.BatchTokens)
		}
		want := []state.InstanceSample{
			{Name: "0", State: "ready", BusyPct: 50, Batches: 3, Pairs: 15, Failures: new(int64(2)), TokensPerSecond: new(1500.0)},
			{Name: "1", State: "ready", BusyPct: 50, Batches: 1, Pairs: 5, Failures: new(int64(0))},
		}
		if !reflect.DeepEqual(s.Instances, want) {
			t.Errorf("got instances %+v, want %+v", s.Instances, want)
		}
	})
}

// A sample has what was shared in its interval, and nothing where the model shares nothing.
func TestSamplesCountPrefixes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, shares := range []bool{false, true} {
			counts := state.Prefixes{}
			r := New(Options{Gauges: Gauges{Prefixes: func() state.Prefixes { return counts }}})
			for range 2 {
				time.Sleep(r.Interval())
				if shares {
					counts.Hits, counts.Misses, counts.Tokens, counts.MaxBytes = counts.Hits+3, counts.Misses+1, counts.Tokens+70, 9
				}
				r.sample(time.Now())
			}
			last := r.History(time.Time{})[1]
			if !shares {
				if last.PrefixHits != nil || last.PrefixMisses != nil || last.PrefixTokens != nil {
					t.Errorf("a model that shares nothing has %v hits", *last.PrefixHits)
				}
				continue
			}
			if last.PrefixHits == nil || *last.PrefixHits != 3 || *last.PrefixMisses != 1 || *last.PrefixTokens != 70 {
				t.Errorf("the sample is %+v, want 3 hits, 1 miss and 70 tokens", last)
			}
		}
	})
}
