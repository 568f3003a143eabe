package pipeline

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crossrank/crossrank"
)

// TestDeadlinesThatCannotBeMet has 300 tokens wait before an engine that does 100 a second.
func TestDeadlinesThatCannotBeMet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &machine{takes: time.Second}
		p := open(t, new(words), m, Options{MaxBatchTokens: 100})
		defer p.Close()
		within := func(d time.Duration) (context.Context, context.CancelFunc) {
			return context.WithTimeout(t.Context(), d)
		}
		refused := func(d time.Duration) *crossrank.Error {
			t.Helper()
			ctx, cancel := within(d)
			defer cancel()
			started := time.Now()
			_, err := p.Score(ctx, requestOf(20))
			var e *crossrank.Error
			if !errors.As(err, &e) || e.Code != crossrank.Overloaded || time.Since(started) != 0 {
				t.Errorf("with %v left: got %v after %v, want an overload at once", d, err, time.Since(started))
				return new(crossrank.Error)
			}
			return e
		}
		first, second := later(p, t.Context(), requestOf(100)), later(p, t.Context(), requestOf(100))
		ctx, cancel := within(time.Millisecond)
		defer cancel()
		if a := <-later(p, ctx, requestOf(20)); crossrank.CodeOf(a.err) != crossrank.DeadlineExceeded {
			t.Errorf("before any speed is known: got %v, want it taken", a.err)
		}
		<-first
		<-second
		queued := []<-chan answer{later(p, t.Context(), requestOf(100))} // runs
		for range 3 {
			queued = append(queued, later(p, t.Context(), requestOf(100)))
		}
		if e := refused(2 * time.Second); e.RetryAfter.Round(10*time.Millisecond) != time.Second {
			t.Errorf("a second too little: told to try again after %v, want 1s", e.RetryAfter)
		}
		refused(time.Nanosecond)

		ctx, cancel = within(10 * time.Second)
		defer cancel()
		queued = append(queued, later(p, ctx, requestOf(20)), later(p, t.Context(), requestOf(20)))
		for i, c := range queued {
			if a := <-c; a.err != nil {
				t.Errorf("request %d, whose time is enough: %v", i, a.err)
			}
		}
		ctx, cancel = within(time.Millisecond)
		defer cancel()
		if a := <-later(p, ctx, requestOf(20)); crossrank.CodeOf(a.err) != crossrank.DeadlineExceeded {
			t.Errorf("with nothing waiting: got %v, want it taken, though its deadline passes while it runs", a.err)
		}
	})
}
