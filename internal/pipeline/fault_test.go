package pipeline

import (
	"context"
	"errors"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/batch"
	"github.com/crossrank/crossrank/internal/network"
)

// TestFaultsFailTheirOwners shares a batch with a pair of 13 tokens, which the engine cannot
// compute.
func TestFaultsFailTheirOwners(t *testing.T) {
	for _, c := range []struct {
		name  string
		logit func() float32
		want  string
	}{
		{"not a number", func() float32 { return float32(math.NaN()) }, "score of pair 2 is not a finite number"},
		{"positive infinity", func() float32 { return float32(math.Inf(1)) }, "score of pair 2 is not a finite number"},
		{"negative infinity", func() float32 { return float32(math.Inf(-1)) }, "score of pair 2 is not a finite number"},
		{"a panic", func() float32 { panic("secret") }, "pair 2 could not be computed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := &machine{takes: time.Second, logit: func(s network.Sequence) float32 {
					if len(s.IDs) == 13 {
						return c.logit()
					}
					return length(s)
				}}
				p := open(t, new(words), m, Options{})
				defer p.Close()
				busy := later(p, t.Context(), requestOf(5))
				bad := later(p, t.Context(), requestOf(6, 7, 13, 8))
				good := later(p, t.Context(), requestOf(9, 10))
				for _, c := range []<-chan answer{busy, good} {
					if a := <-c; a.err != nil || a.resp.Scores[0] < 5 {
						t.Errorf("a request beside the faulty one: got %+v and error %v", a.resp, a.err)
					}
				}
				err := (<-bad).err
				if crossrank.CodeOf(err) != crossrank.Internal || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got error %v, want an internal one with %q", err, c.want)
				}
				if strings.Contains(err.Error(), "secret") {
					t.Errorf("the message %q shows callers the program's insides", err)
				}
			})
		})
	}
}

func TestOverload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &machine{takes: time.Second}
		p := open(t, new(words), m, Options{Options: batch.Options{MaxTokens: 100, MaxQueuedTokens: 250}})
		defer p.Close()
		full := func(waits time.Duration, what string) {
			t.Helper()
			_, err := p.Score(t.Context(), requestOf(20))
			var e *crossrank.Error
			if !errors.As(err, &e) || e.Code != crossrank.Overloaded || e.RetryAfter != waits {
				t.Errorf("%s: got error %#v, want an overload with %v to wait", what, err, waits)
			}
		}
		first := later(p, t.Context(), requestOf(100))
		second := later(p, t.Context(), requestOf(100, 100, 50))
		full(time.Second, "before the speed is known")
		if q := p.Queue(); q.Pairs != 3 || q.Tokens != 250 || q.Requests != 1 || q.RunningPairs != 1 || q.RunningTokens != 100 {
			t.Errorf("got queue %+v, want 250 tokens of 3 pairs waiting, and 100 of 1 in the engine", q)
		}
		<-first
		synctest.Wait()
		third := later(p, t.Context(), requestOf(100))
		full(3500*time.Millisecond, "with 350 tokens at 100 tokens a second")
		for _, c := range []<-chan answer{second, third} {
			if a := <-c; a.err != nil {
				t.Errorf("an admitted request: %v", a.err)
			}
		}
		if q := p.Queue(); q.Pairs != 0 || q.Tokens != 0 {
			t.Errorf("when all is done: got queue %+v, want an empty one", q)
		}
	})
}

func TestDrainAndClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, new(words), &machine{takes: time.Second}, Options{Options: batch.Options{MaxPairs: 1}})
		runs, waits := later(p, t.Context(), requestOf(5)), later(p, t.Context(), requestOf(6, 7))
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		if err := p.Drain(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("draining for too short a time: got error %v, want a passed deadline", err)
		}
		if a := <-runs; a.err != nil {
			t.Errorf("a request that ran: %v", a.err)
		}
		if a := <-waits; crossrank.CodeOf(a.err) != crossrank.Unavailable {
			t.Errorf("a request that still waited: got error %v, want it unavailable", a.err)
		}
		if _, err := p.Score(t.Context(), requestOf(5)); crossrank.CodeOf(err) != crossrank.Unavailable {
			t.Errorf("afterwards: got error %v, want it unavailable", err)
		}
	})
}

// TestLeaversDoNotDisturbTheEngine has callers leave while the engine reads their ids, and others
// take their place: the fake engine notices ids that change.
func TestLeaversDoNotDisturbTheEngine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, new(words), &machine{takes: 10 * time.Millisecond}, Options{Options: batch.Options{MaxPairs: 4}})
		defer p.Close()
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				ctx, cancel := context.WithCancel(t.Context()) // a deadline would be refused instead
				defer time.AfterFunc(time.Duration(5+i%40)*time.Millisecond, cancel).Stop()
				_, err := p.Score(ctx, requestOf(4+i%50, 5+i%30))
				if code := crossrank.CodeOf(err); code != crossrank.OK && code != crossrank.Canceled {
					t.Errorf("request %d: %v", i, err)
				}
			})
		}
		wg.Wait()
	})
}
