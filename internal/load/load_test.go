package load

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/results"
)

// fake answers every request after a time, and remembers what it was asked.
type fake struct {
	takes func(call int) time.Duration // nil means 100 ms
	fails func(call int) error         // nil means never
	short bool                         // leave out one score

	mu    sync.Mutex
	asked [][]crossrank.Pair // in order of arrival
	now   int
	most  int // requests at once
}

func (f *fake) Score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	f.mu.Lock()
	call := len(f.asked)
	f.asked = append(f.asked, slices.Clone(req.Pairs))
	f.now++
	f.most = max(f.most, f.now)
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		f.now--
		f.mu.Unlock()
	}()

	wait := 100 * time.Millisecond
	if f.takes != nil {
		wait = f.takes(call)
	}
	select {
	case <-time.After(wait):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if f.fails != nil {
		if err := f.fails(call); err != nil {
			return nil, err
		}
	}
	n := len(req.Pairs)
	scores := make([]float32, n)
	if f.short {
		scores = scores[1:]
	}
	return &crossrank.Response{
		Scores: scores,
		Usage:  crossrank.Usage{Tokens: 10 * n, PaddedTokens: 16 * n},
		Timing: crossrank.Timing{Tokenize: time.Millisecond, Compute: wait, Total: wait},
	}, nil
}

func numbered(n int) []crossrank.Pair {
	pairs := make([]crossrank.Pair, n)
	for i := range pairs {
		pairs[i].Query = fmt.Sprint(i)
	}
	return pairs
}

// queries shows which pairs per request held: "0 1 2".
func queries(pairs []crossrank.Pair) string {
	words := make([]string, len(pairs))
	for i, p := range pairs {
		words[i] = p.Query
	}
	return strings.Join(words, " ")
}

func TestRequestsTakeConsecutivePairs(t *testing.T) {
	for _, test := range []struct {
		name                           string
		pairs, batch, warmup, requests int
		want                           []string
	}{
		{"exactly once through the data", 6, 2, 0, 3, []string{"0 1", "2 3", "4 5"}},
		{"around the end, within a request", 5, 2, 0, 4, []string{"0 1", "2 3", "4 0", "1 2"}},
		{"a request larger than the data", 2, 5, 0, 2, []string{"0 1 0 1 0", "1 0 1 0 1"}},
		{"warm-up ends where the run begins", 7, 2, 2, 2, []string{"3 4", "5 6", "0 1", "2 3"}},
		{"warm-up longer than the data", 3, 2, 3, 1, []string{"0 1", "2 0", "1 2", "0 1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fake{}
				cfg := Config{Pairs: numbered(test.pairs), Batch: test.batch, Warmup: test.warmup, Requests: test.requests}
				if _, err := Run(t.Context(), f, cfg); err != nil {
					t.Fatal(err)
				}
				var got []string
				for _, pairs := range f.asked {
					got = append(got, queries(pairs))
				}
				if !slices.Equal(got, test.want) {
					t.Errorf("requests were %q, want %q", got, test.want)
				}
			})
		})
	}
}

func TestClosedLoopKeepsEveryWorkerBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		var records []results.Request
		result, err := Run(t.Context(), f, Config{
			Pairs: numbered(10), Batch: 4, Concurrency: 3, Requests: 9, Warmup: 3,
			Record: func(r results.Request) error { records = append(records, r); return nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		if f.most != 3 {
			t.Errorf("%d requests were under way at most, want 3", f.most)
		}
		if result.Requests != 9 || result.Pairs != 36 || result.Tokens != 360 || result.PaddedTokens != 576 || result.Partial {
			t.Errorf("result is %+v, want 9 requests, 36 pairs, 360 and 576 tokens, complete", result)
		}
		if want := 300 * time.Millisecond; result.Elapsed != want {
			t.Errorf("9 requests of 100 ms by 3 workers took %v, want %v", result.Elapsed, want)
		}
		if got := result.PairsPerSecond(); got != 120 {
			t.Errorf("throughput is %v pairs/s, want 120", got)
		}
		seen := map[int]bool{}
		for _, r := range records {
			seen[r.Seq] = true
			if r.Finished-r.Started != 100*time.Millisecond || r.Intended != r.Started || r.Code != crossrank.OK {
				t.Errorf("record %+v: want 100 ms, sent as intended, ok", r)
			}
			if r.Compute != 100*time.Millisecond || r.Tokens != 40 {
				t.Errorf("record %+v lacks the server's own timing and usage", r)
			}
		}
		if len(records) != 9 || len(seen) != 9 || !seen[0] || !seen[8] {
			t.Errorf("records are of requests %v, want each of 0 to 8 once", seen)
		}
	})
}

func TestDurationEndsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		result, err := Run(t.Context(), &fake{}, Config{Pairs: numbered(4), Duration: 250 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		// Requests begin at 0, 100 and 200 ms; the last is finished although the time is over.
		if result.Requests != 3 || result.Partial || result.Elapsed != 300*time.Millisecond {
			t.Errorf("result is %+v, want 3 requests in 300 ms, complete", result)
		}
	})
}

func TestStoppedRunKeepsWhatItMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 250*time.Millisecond)
		defer cancel()
		recorded := 0
		result, err := Run(ctx, &fake{}, Config{
			Pairs: numbered(4), Concurrency: 2, Requests: 100,
			Record: func(results.Request) error { recorded++; return nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		if !result.Partial || result.Requests != 4 || recorded != 4 || result.Abandoned != 2 || result.Failed() != 0 {
			t.Errorf("result is %+v with %d records, want partial, 4 of each, 2 abandoned, none failed", result, recorded)
		}
	})
}

func TestStopWithNothingMeasured(t *testing.T) {
	for _, test := range []struct {
		name   string
		warmup int
	}{{"in the warm-up", 5}, {"in the first request", 0}} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
				defer cancel()
				result, err := Run(ctx, &fake{}, Config{Pairs: numbered(4), Warmup: test.warmup})
				if !errors.Is(err, context.DeadlineExceeded) || !result.Partial {
					t.Errorf("got %v, partial %v; want the context's error, partial", err, result.Partial)
				}
			})
		})
	}
}

func TestFailuresAreCountedByCode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{fails: func(call int) error {
			switch {
			case call < 2:
				return crossrank.Errorf(crossrank.Overloaded, "the queue is full")
			case call == 2:
				return errors.New("a surprise")
			}
			return nil
		}}
		var messages []string
		result, err := Run(t.Context(), f, Config{Pairs: numbered(4), Batch: 2, Requests: 5, Record: func(r results.Request) error {
			if r.Code != crossrank.OK {
				messages = append(messages, r.Error)
			}
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		if result.Errors[crossrank.Overloaded] != 2 || result.Errors[crossrank.Internal] != 1 || result.Failed() != 3 {
			t.Errorf("errors are %v, want 2 overloaded and 1 internal", result.Errors)
		}
		if result.Pairs != 4 {
			t.Errorf("%d pairs were scored, want only the 4 of the answered requests", result.Pairs)
		}
		if want := []string{"the queue is full", "the queue is full", "a surprise"}; !slices.Equal(messages, want) {
			t.Errorf("messages are %q, want %q", messages, want)
		}
	})
}

func TestRunsThatMeasureNothingFail(t *testing.T) {
	refuse := func(int) error { return crossrank.Errorf(crossrank.Unavailable, "nobody there") }
	for _, test := range []struct {
		name   string
		scorer *fake
		cfg    Config
		want   string
	}{
		{"every request fails", &fake{fails: refuse}, Config{Pairs: numbered(1), Requests: 3},
			"all 3 requests failed (3 unavailable), the first with: nobody there"},
		{"the whole warm-up fails", &fake{fails: refuse}, Config{Pairs: numbered(1), Warmup: 2},
			"warming up: all 2 requests failed (2 unavailable), the first with: nobody there"},
		{"scores are missing", &fake{short: true}, Config{Pairs: numbered(4), Requests: 1},
			"all 1 requests failed (1 internal), the first with: 31 scores came for 32 pairs"},
		{"every request is too slow", &fake{}, Config{Pairs: numbered(4), Requests: 1, Timeout: time.Millisecond},
			"all 1 requests failed (1 deadline_exceeded), the first with: context deadline exceeded"},
		{"no data", &fake{}, Config{}, "the data set holds no pairs"},
		{"a negative batch", &fake{}, Config{Pairs: numbered(1), Batch: -1}, "batch is -1; it cannot be negative"},
		{"a negative duration", &fake{}, Config{Pairs: numbered(1), Duration: -1}, "duration -1ns and timeout 0s cannot be negative"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, err := Run(t.Context(), test.scorer, test.cfg)
				if err == nil || err.Error() != test.want {
					t.Errorf("got %v, want %s", err, test.want)
				}
			})
		})
	}
}

func TestSinkErrorEndsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("disk full")
		f := &fake{}
		_, err := Run(t.Context(), f, Config{Pairs: numbered(1), Concurrency: 2, Requests: 1000, Record: func(r results.Request) error {
			if r.Seq == 3 {
				return full
			}
			return nil
		}})
		if !errors.Is(err, full) || len(f.asked) > 8 {
			t.Errorf("got %v after %d requests, want the sink's error soon after the fourth", err, len(f.asked))
		}
	})
}

func TestRefusedWorkersWaitAsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{
			takes: func(int) time.Duration { return 0 },
			fails: func(call int) error {
				if call == 0 {
					return &crossrank.Error{Code: crossrank.Overloaded, Message: "full", RetryAfter: 300 * time.Millisecond}
				}
				return nil
			},
		}
		result, err := Run(t.Context(), f, Config{Pairs: numbered(1), Requests: 2})
		if err != nil || result.Elapsed != 300*time.Millisecond {
			t.Errorf("got %v and %v, want the second request after 300 ms", result.Elapsed, err)
		}
	})
}

func TestProgressIsToldFromTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []Progress
		_, err := Run(t.Context(), &fake{}, Config{
			Pairs: numbered(4), Batch: 2, Requests: 2, Warmup: 1,
			Progress: func(p Progress) { got = append(got, p) },
		})
		if err != nil {
			t.Fatal(err)
		}
		ms := time.Millisecond
		want := []Progress{
			{Warmup: true, Total: 1},
			{Warmup: true, Done: 1, Total: 1, Pairs: 2, Elapsed: 100 * ms},
			{Total: 2},
			{Done: 1, Total: 2, Pairs: 2, Elapsed: 100 * ms},
			{Done: 2, Total: 2, Pairs: 4, Elapsed: 200 * ms},
		}
		if !slices.Equal(got, want) {
			t.Errorf("progress was\n%+v, want\n%+v", got, want)
		}
	})
}

// TestWorkers: an absurd concurrency does not start more workers than there are requests.
func TestWorkers(t *testing.T) {
	for _, c := range []struct {
		name string
		cfg  Config
		want int
	}{
		{"more workers than requests", Config{Concurrency: 100_000_000, Requests: 3}, 3},
		{"fewer", Config{Concurrency: 2, Requests: 3}, 2},
		{"a duration alone", Config{Concurrency: 4, Duration: 1}, 4},
	} {
		if got := newPart(nil, c.cfg, false).workers(); got != c.want {
			t.Errorf("%s: got %d workers, want %d", c.name, got, c.want)
		}
	}
}
