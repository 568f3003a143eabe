package pipeline

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/batch"
	"github.com/crossrank/crossrank/internal/fairqueue"
)

// TestCallersTakeTurns has the small requests of two callers, and a large one that can wait, arrive
// behind a large request.
func TestCallersTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &machine{takes: time.Second}
		p := open(t, new(words), m, Options{Options: batch.Options{MaxTokens: 100}})
		defer p.Close()
		large := make([]int, 50)
		for i := range large {
			large[i] = 10
		}
		begun := time.Now()
		ends := func(caller string, priority int, tokens ...int) <-chan time.Duration {
			req := requestOf(tokens...)
			req.Priority = priority
			done := make(chan time.Duration, 1)
			answered := later(p, crossrank.WithCaller(t.Context(), caller), req)
			go func() {
				if a := <-answered; a.err != nil {
					t.Errorf("%s: %v", caller, a.err)
				}
				done <- time.Since(begun)
			}()
			return done
		}
		first := ends("a", 0, large...)
		patient := ends("b", 100, 10)
		second, third := ends("c", 0, 20), ends("", 0, 20)
		for _, c := range []struct {
			name     string
			done     <-chan time.Duration
			earliest time.Duration
			latest   time.Duration
		}{
			{"the small one", second, 2 * time.Second, 2 * time.Second},
			{"the small one of an unknown caller", third, 2 * time.Second, 2 * time.Second},
			{"the one that can wait, owed an eighth", patient, 2 * time.Second, 3 * time.Second},
			{"the large one", first, 6 * time.Second, 6 * time.Second},
		} {
			if got := <-c.done; got < c.earliest || got > c.latest {
				t.Errorf("%s was done after %v, want %v to %v", c.name, got, c.earliest, c.latest)
			}
		}
	})
}

// TestDeadlinesCountTurns has a caller ask, for whom there is time only because callers take turns.
func TestDeadlinesCountTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, new(words), &machine{takes: time.Second}, Options{Options: batch.Options{MaxTokens: 100}})
		defer p.Close()
		of := func(caller string) context.Context { return crossrank.WithCaller(t.Context(), caller) }
		<-later(p, of("large"), requestOf(100)) // which gives the engine a speed
		var queued []<-chan answer
		for range 10 {
			queued = append(queued, later(p, of("large"), requestOf(100)))
		}
		for _, c := range []struct {
			caller string
			want   crossrank.Code
		}{
			{"small", ""},
			{"large", crossrank.Overloaded},
		} {
			ctx, cancel := context.WithTimeout(of(c.caller), 3*time.Second)
			defer cancel()
			a := <-later(p, ctx, requestOf(20))
			if got := crossrank.CodeOf(a.err); a.err != nil && got != c.want || a.err == nil && c.want != "" {
				t.Errorf("the %s caller with 3s left: got error %v, want code %q", c.caller, a.err, c.want)
			}
		}
		for _, c := range queued {
			<-c
		}
	})
}

func TestSenderOf(t *testing.T) {
	for priority, want := range map[int]int{0: 0, 1: 1, 9: 1, 10: 2, 99: 2, 100: 3, 999: 3, 1_000_000: 3} {
		got := senderOf(crossrank.WithCaller(t.Context(), "a"), &crossrank.Request{Priority: priority})
		if got.Caller != "a" || got.Priority != want {
			t.Errorf("priority %d of caller a: got %+v, want step %d", priority, got, want)
		}
	}
	if got := senderOf(t.Context(), new(crossrank.Request)); got != (fairqueue.Sender{}) {
		t.Errorf("nobody: got %+v, want the zero value", got)
	}
}

func TestRefusesNegativePriorities(t *testing.T) {
	p := open(t, new(words), &machine{}, Options{})
	req := requestOf(10)
	req.Priority = -1
	if _, err := p.Score(t.Context(), req); crossrank.CodeOf(err) != crossrank.InvalidArgument {
		t.Errorf("got error %v, want an invalid argument", err)
	}
}
