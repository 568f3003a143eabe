package metrics

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/procstat"
	"github.com/crossrank/crossrank/internal/scorertest"
	"github.com/crossrank/crossrank/internal/state"
)

func TestObservedIsAScorer(t *testing.T) {
	scorertest.Run(t, func(t *testing.T) crossrank.Scorer { return New(Options{}).Observe(new(scorertest.Fake)) })
}

// scorer is a function that scores.
type scorer func(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error)

func (f scorer) Score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	return f(ctx, req)
}

// scripted answers a request of n pairs after n seconds, with 10 tokens per pair of 16 padded;
// without pairs it fails.
var scripted = scorer(func(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	n := len(req.Pairs)
	if n == 0 {
		return nil, crossrank.Errorf(crossrank.InvalidArgument, "no pairs")
	}
	took := time.Duration(n) * time.Second
	time.Sleep(took)
	return &crossrank.Response{
		Scores: make([]float32, n),
		Usage:  crossrank.Usage{Tokens: 10 * n, PaddedTokens: 16 * n, TruncatedTokens: n},
		Timing: crossrank.Timing{Tokenize: took / 10, Queue: took / 5, Compute: took / 2, Total: took},
	}, nil
})

func send(t *testing.T, s crossrank.Scorer, pairs int) {
	t.Helper()
	_, err := s.Score(t.Context(), &crossrank.Request{Pairs: make([]crossrank.Pair, pairs)})
	if (err != nil) != (pairs == 0) {
		t.Errorf("%d pairs: got error %v", pairs, err)
	}
}

// start runs a recorder until the test calls the function that it returns.
func start(t *testing.T, r *Recorder) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { r.Run(ctx) })
	return func() { cancel(); wg.Wait() }
}

func TestHistory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := New(Options{Interval: 2 * time.Second, Gauges: Gauges{
			Queue: func() state.Queue { return state.Queue{Pairs: 7, Tokens: 70, Oldest: 3 * time.Millisecond} }}})
		s := r.Observe(scripted)
		begin := time.Now()
		stop := start(t, r)
		send(t, s, 0)                       // ends at once
		send(t, s, 1)                       // at 1 s
		time.Sleep(2 * time.Second)         // nothing ends from 2 to 4 s
		go send(t, s, 2)                    // from 3 s to 5 s
		time.Sleep(5500 * time.Millisecond) // to 8.5 s
		stop()

		got := r.History(time.Time{})
		if len(got) != 5 {
			t.Fatalf("got %d samples, want 4 and the last half second", len(got))
		}
		for i, want := range []struct {
			at                                    time.Duration
			requests, pairs, tokens, pad, errors  int64
			latency, tokenize, queue, compute, pc string
			inFlight                              int
		}{
			{2 * time.Second, 2, 1, 10, 16, 1, "1000", "100", "200", "500", "37.5", 0},
			{4 * time.Second, 0, 0, 0, 0, 0, "null", "null", "null", "null", "null", 1},
			{6 * time.Second, 1, 2, 20, 32, 0, "2000", "200", "400", "1000", "37.5", 0},
			{8 * time.Second, 0, 0, 0, 0, 0, "null", "null", "null", "null", "null", 0},
			{8500 * time.Millisecond, 0, 0, 0, 0, 0, "null", "null", "null", "null", "null", 0},
		} {
			s := got[i]
			if d := s.Time.Sub(begin); d != want.at {
				t.Errorf("sample %d: got one after %v, want %v", i, d, want.at)
			}
			if s.Requests != want.requests || s.Pairs != want.pairs || s.Tokens != want.tokens || s.PaddedTokens != want.pad ||
				s.Errors != want.errors || *s.InFlight != want.inFlight || *s.QueuedPairs != 7 || *s.QueuedTokens != 70 || *s.QueueOldestMS != 3 {
				t.Errorf("sample %d: got %+v, want %+v", i, s, want)
			}
			means := fmt.Sprint(show(s.LatencyMS), show(s.TokenizeMS), show(s.QueueMS), show(s.ComputeMS), show(s.PaddingWastePct))
			if expect := fmt.Sprint(want.latency, want.tokenize, want.queue, want.compute, want.pc); means != expect {
				t.Errorf("sample %d: got means %s, want %s", i, means, expect)
			}
		}
		if got := r.History(got[2].Time); len(got) != 2 || got[0].Time.Sub(begin) != 8*time.Second {
			t.Errorf("the history after the third sample: got %+v, want the last two", got)
		}
		if got := r.History(time.Now()); got == nil || len(got) != 0 {
			t.Errorf("the history of the future: got %#v, want an empty list", got)
		}
	})
}

func show(f *float64) string {
	b, _ := json.Marshal(f)
	return string(b)
}

// TestHistoryIsBounded fills the ring twice over, looking at it in between.
func TestHistoryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := New(Options{Interval: time.Second, History: 10 * time.Second})
		begin := time.Now()
		stop := start(t, r)
		defer stop()
		for i := 1; i <= 25; i++ {
			time.Sleep(time.Second)
			synctest.Wait()
			var got, want []int
			for _, s := range r.History(time.Time{}) {
				got = append(got, int(s.Time.Sub(begin).Seconds()))
			}
			for j := max(1, i-9); j <= i; j++ {
				want = append(want, j)
			}
			if !slices.Equal(got, want) {
				t.Fatalf("after %d s: got samples of seconds %v, want %v", i, got, want)
			}
			if got := r.History(begin.Add(time.Duration(i-1) * time.Second)); len(got) != 1 {
				t.Fatalf("after %d s: got %d samples of the last second, want 1", i, len(got))
			}
		}
	})
}

// TestSampleJSON holds the keys, and what is null when nothing is known.
func TestSampleJSON(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := New(Options{})
		stop := start(t, r)
		time.Sleep(600 * time.Millisecond)
		stop()
		text, err := json.Marshal(r.History(time.Time{})[0])
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		keys := strings.Fields(`batch_pairs batch_tokens batches compute_ms cpu_pct errors gc_pct goroutines gpu_memory_bytes
			gpu_pct heap_bytes in_flight instances interval_s latency_ms latency_p50_ms latency_p95_ms latency_p99_ms open_files
			overloaded padded_tokens padding_waste_pct pairs prefix_hits prefix_misses prefix_shared_tokens queue_ms queue_oldest_ms
			queued_pairs queued_tokens refused
			requests rss_bytes steal_pct throttled_pct time tokenize_ms tokens`)
		if have := slices.Sorted(maps.Keys(got)); !slices.Equal(have, keys) {
			t.Errorf("got keys %v, want %v", have, keys)
		}
		for key := range strings.FieldsSeq(`batch_pairs batches compute_ms gpu_memory_bytes gpu_pct instances latency_ms latency_p99_ms
			padding_waste_pct queue_ms queued_pairs queued_tokens tokenize_ms`) {
			if got[key] != nil {
				t.Errorf("%s: got %v, want null", key, got[key])
			}
		}
		if got["time"] != "2000-01-01T00:00:00.5Z" || got["interval_s"] != 0.5 {
			t.Errorf("got time %v and interval %v, want half a second after the fake clock's start", got["time"], got["interval_s"])
		}
	})
}

func TestSnapshot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := New(Options{Latencies: 4})
		if s := r.Snapshot(); s.Requests != 0 || s.Latency.Count != 0 || s.RequestsPerSecond != 0 || s.Queue != nil {
			t.Errorf("at the start: got %+v, want nothing", s)
		}
		s := r.Observe(scripted)
		for _, pairs := range []int{0, 9, 1, 2, 3, 4} { // the 9 is forgotten by the percentiles
			send(t, s, pairs)
		}
		time.Sleep(time.Second) // 20 s in all
		got := r.Snapshot()
		wantCodes := map[crossrank.Code]int64{crossrank.OK: 5, crossrank.InvalidArgument: 1}
		if got.Requests != 6 || got.Errors != 1 || got.Pairs != 19 || got.Tokens != 190 || got.PaddedTokens != 304 ||
			got.TruncatedTokens != 19 || got.LatencySum != 19*time.Second || !maps.Equal(got.Codes, wantCodes) {
			t.Errorf("totals: got %+v", got)
		}
		want := Latency{
			Count: 4, Mean: 2500 * time.Millisecond, Min: time.Second, Max: 4 * time.Second, StdDev: 1118033989,
			P50: 2500 * time.Millisecond, P90: 3700 * time.Millisecond, P95: 3850 * time.Millisecond, P99: 3970 * time.Millisecond,
		}
		if got.Latency != want {
			t.Errorf("latency: got %+v, want %+v", got.Latency, want)
		}
		if got.RequestsPerSecond != 6.0/20 || got.PairsPerSecond != 19.0/20 {
			t.Errorf("rates without samples: got %v requests/s and %v pairs/s, want those since the start",
				got.RequestsPerSecond, got.PairsPerSecond)
		}
		got.Codes[crossrank.OK] = 0
		if r.Snapshot().Codes[crossrank.OK] != 5 {
			t.Error("the snapshot's codes are the recorder's own")
		}
	})
}

// TestRates asks in the middle of an interval for what happened in the window.
func TestRates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := New(Options{})
		s := r.Observe(scripted)
		stop := start(t, r)
		defer stop()
		time.Sleep(100 * time.Millisecond) // so that no request ends at the moment of a sample
		for range 50 {
			send(t, s, 1)
		}
		for range 10 {
			send(t, s, 2)
		}
		time.Sleep(1750 * time.Millisecond)
		got := r.Snapshot()
		// The last 10 s hold five requests of two pairs.
		if math.Abs(got.RequestsPerSecond-0.5) > 0.05 || math.Abs(got.PairsPerSecond-1) > 0.1 {
			t.Errorf("got %v requests/s and %v pairs/s, want 0.5 and 1", got.RequestsPerSecond, got.PairsPerSecond)
		}
		time.Sleep(time.Minute)
		if got := r.Snapshot(); got.RequestsPerSecond != 0 || got.Requests != 60 {
			t.Errorf("a minute later: got %v requests/s and %d in all, want 0 and 60", got.RequestsPerSecond, got.Requests)
		}
	})
}

func TestInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := New(Options{})
		s := r.Observe(scripted)
		for i := range 3 {
			go send(t, s, i+1)
		}
		for _, want := range []int{3, 2, 1, 0} {
			time.Sleep(10 * time.Millisecond)
			if got := r.Snapshot().InFlight; got != want {
				t.Errorf("got %d in flight, want %d", got, want)
			}
			time.Sleep(990 * time.Millisecond)
			synctest.Wait()
		}
		r = New(Options{Gauges: Gauges{InFlight: func() int { return 42 }}})
		if got := r.Snapshot().InFlight; got != 42 {
			t.Errorf("with a gauge: got %d in flight, want 42", got)
		}
	})
}

// TestCountsExactly sends many requests from many goroutines while samples are taken, and adds
// everything up.
func TestCountsExactly(t *testing.T) {
	const callers, each = 20, 10_000
	codes := []crossrank.Code{crossrank.OK, crossrank.Overloaded, crossrank.Canceled, crossrank.Internal}
	answers := make([]error, len(codes))
	for i, c := range codes[1:] {
		answers[i+1] = crossrank.Errorf(c, "a fault")
	}
	resp := &crossrank.Response{Scores: make([]float32, 3), Usage: crossrank.Usage{Tokens: 5, PaddedTokens: 8}}
	r := New(Options{Interval: time.Millisecond})
	s := r.Observe(scorer(func(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
		if err := answers[req.MaxLength]; err != nil {
			return nil, err
		}
		return resp, nil
	}))
	stop := start(t, r)
	var wg sync.WaitGroup
	var mu sync.Mutex
	want := map[crossrank.Code]int64{}
	for caller := range callers {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(caller), 1))
			mine := make([]int64, len(codes))
			req := new(crossrank.Request)
			for range each {
				req.MaxLength = rng.IntN(len(codes))
				mine[req.MaxLength]++
				s.Score(context.Background(), req)
			}
			mu.Lock()
			defer mu.Unlock()
			for i, n := range mine {
				want[codes[i]] += n
			}
		})
	}
	wg.Wait()
	stop()
	got := r.Snapshot()
	if got.Requests != callers*each || !maps.Equal(got.Codes, want) || got.Pairs != 3*want[crossrank.OK] || got.Tokens != 5*want[crossrank.OK] {
		t.Errorf("got %+v, want %d requests ended as %v", got, callers*each, want)
	}
	var sum state.Sample
	for _, s := range r.History(time.Time{}) {
		sum.Requests += s.Requests
		sum.Pairs += s.Pairs
		sum.Errors += s.Errors
	}
	if sum.Requests != got.Requests || sum.Pairs != got.Pairs || sum.Errors != got.Errors {
		t.Errorf("the samples add up to %+v, want %+v", sum, got)
	}
}

func TestPanicsAreCountedAndPassedOn(t *testing.T) {
	r := New(Options{})
	s := r.Observe(scorer(func(context.Context, *crossrank.Request) (*crossrank.Response, error) { panic("a fault") }))
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		s.Score(t.Context(), new(crossrank.Request))
	}()
	if got := r.Snapshot(); got.Codes[crossrank.Internal] != 1 || got.InFlight != 0 {
		t.Errorf("got %+v, want one internal error and none in flight", got)
	}
}

func TestErrorsWithoutACodeAreInternal(t *testing.T) {
	r := New(Options{})
	s := r.Observe(scorer(func(context.Context, *crossrank.Request) (*crossrank.Response, error) {
		return nil, errors.New("a fault")
	}))
	s.Score(t.Context(), new(crossrank.Request))
	if got := r.Snapshot(); got.Codes[crossrank.Internal] != 1 || got.Errors != 1 {
		t.Errorf("got %+v, want one internal error", got)
	}
}

func TestUsage(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("resident memory is only read on Linux")
	}
	begin, before := time.Now(), readUsage()
	ballast := make([]byte, 64<<20)
	for i := range ballast {
		ballast[i] = byte(i)
	}
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for readUsage().cpu == nil || *readUsage().cpu-*before.cpu < 50*time.Millisecond {
			}
		})
	}
	wg.Wait()
	after := readUsage()
	if *after.rss < int64(len(ballast)) {
		t.Errorf("with 64 MiB in use, %d bytes are resident", *after.rss)
	}
	if pct := procstat.Percent(before.cpu, after.cpu, time.Since(begin)); *pct <= 0 || *pct > 100*float64(runtime.NumCPU())*1.5 {
		t.Errorf("got %v %% of a core used over %v, want more than 0 and no more than the machine has", *pct, time.Since(begin))
	}
	runtime.KeepAlive(ballast)
}

func TestSummarize(t *testing.T) {
	for _, c := range []struct {
		latencies []time.Duration
		want      Latency // numpy.percentile and numpy.std give the same, rounded to nanoseconds
	}{
		{nil, Latency{}},
		{[]time.Duration{10}, Latency{Count: 1, Mean: 10, Min: 10, Max: 10, P50: 10, P90: 10, P95: 10, P99: 10}},
		{[]time.Duration{40, 10, 160, 20, 80}, Latency{Count: 5, Mean: 62, Min: 10, Max: 160, StdDev: 55, P50: 40, P90: 128, P95: 144, P99: 157}},
	} {
		if got := summarize(c.latencies); got != c.want {
			t.Errorf("latencies %v: got %+v, want %+v", c.latencies, got, c.want)
		}
	}
}

func TestObserveDoesNotAllocate(t *testing.T) {
	resp := &crossrank.Response{Scores: make([]float32, 3),
		Timing: crossrank.Timing{Tokenize: 1, Queue: time.Millisecond, Compute: time.Second, Total: 2 * time.Second}}
	r := New(Options{Latencies: 10})
	s := r.Observe(scorer(func(context.Context, *crossrank.Request) (*crossrank.Response, error) { return resp, nil }))
	req := new(crossrank.Request)
	if allocs := testing.AllocsPerRun(1000, func() { s.Score(context.Background(), req) }); allocs != 0 {
		t.Errorf("got %v allocations a request, want 0", allocs)
	}
}

func BenchmarkObserve(b *testing.B) {
	resp := &crossrank.Response{
		Scores: make([]float32, 1), Usage: crossrank.Usage{Tokens: 30, PaddedTokens: 40},
		Timing: crossrank.Timing{Tokenize: time.Microsecond, Queue: time.Millisecond, Compute: time.Millisecond, Total: 2 * time.Millisecond},
	}
	fake := scorer(func(context.Context, *crossrank.Request) (*crossrank.Response, error) { return resp, nil })
	for _, c := range []struct {
		name string
		s    crossrank.Scorer
	}{{"observed=no", fake}, {"observed=yes", New(Options{}).Observe(fake)}} {
		b.Run(c.name, func(b *testing.B) {
			req := &crossrank.Request{Pairs: make([]crossrank.Pair, 1)}
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					c.s.Score(context.Background(), req)
				}
			})
		})
	}
}
