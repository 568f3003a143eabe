package pipeline

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/batch"
)

// TestSmallRequestsBesideLargeOnes keeps a hundred requests of a thousand passages at the door,
// which retry when the refusal says so, beside single passages of another caller at 20 a second.
// Every one of these is answered, at latest after the batch that runs, a turn of each other caller
// that waits, and its own batch.
func TestSmallRequestsBesideLargeOnes(t *testing.T) {
	for _, c := range []struct {
		name   string
		large  func(worker int) string
		others int // of them that may wait: the line of 20 s is cut to three quarters of the 1,000,000 tokens, and they have 100,000 each
	}{
		{"of one caller", one, 1},
		{"of a hundred callers", another, 9},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, _ := clocked(t, Options{Options: batch.Options{MaxQueueAge: 20 * time.Second}})
				defer p.Close()
				ctx, stop := context.WithCancel(t.Context())
				var large sync.WaitGroup
				for worker := range 100 {
					large.Go(func() {
						ctx := crossrank.WithCaller(ctx, "large "+c.large(worker))
						for ctx.Err() == nil {
							_, err := p.Score(ctx, request(1000))
							var e *crossrank.Error
							if errors.As(err, &e) && e.Code == crossrank.Overloaded {
								time.Sleep(e.RetryAfter)
							}
						}
					})
				}
				time.Sleep(5 * time.Second)
				small := loop{rate: 20, lasts: 20 * time.Second, seed: 4, caller: func(int) string { return "small" }, pairs: 1}
				all := small.run(t.Context(), p)
				stop()
				large.Wait()
				took := answered(all)
				if len(took) < len(all) {
					t.Fatalf("%d of %d small requests were answered, want all: %v", len(took), len(all), faults(all))
				}
				t.Logf("%d small requests were answered, P99 %v, at latest %v", len(all), p99(took), took[len(took)-1])
				one := 5*time.Millisecond + batch.DefaultMaxTokens*time.Second/tokensASecond
				turn := batch.DefaultMaxTokens / 4 * time.Second / tokensASecond
				if want := 2*one + time.Duration(c.others)*turn; took[len(took)-1] > want {
					t.Errorf("the last took %v, want %v at most", took[len(took)-1], want)
				}
			})
		})
	}
}

// faults counts the errors by their text.
func faults(all []*sent) string {
	n := map[string]int{}
	for _, s := range all {
		if s.err != nil {
			n[s.err.Error()]++
		}
	}
	return fmt.Sprint(n)
}
