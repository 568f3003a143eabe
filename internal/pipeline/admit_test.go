package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/batch"
	"github.com/crossrank/crossrank/internal/pool"
)

// TestDeadlinesThatCannotBeMet has 300 tokens wait before an engine that does 100 a second.
func TestDeadlinesThatCannotBeMet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &machine{takes: time.Second}
		p := open(t, new(words), m, Options{Options: batch.Options{MaxTokens: 100}})
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
		// 4 s of work before it may take 5, and 3 of those are 2.4 s of work.
		if e := refused(2 * time.Second); e.RetryAfter.Round(10*time.Millisecond) != 2400*time.Millisecond {
			t.Errorf("3s too little: a Retry-After of %v, want 2.4s", e.RetryAfter)
		}
		refused(5100 * time.Millisecond) // there is time to begin, but not for its own 200 ms
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

// TestFullQueuesCostNoTokens has requests come when the queue is full: they are refused before a
// tokenizer sees them, except those whose scores may be shared, which only tokens decide.
func TestFullQueuesCostNoTokens(t *testing.T) {
	for _, c := range []struct {
		name   string
		opts   Options
		tokens bool
	}{
		{"nothing is reused", Options{}, false},
		{"scores in flight are", Options{Coalesce: true}, true},
		{"scores are kept", Options{CacheBytes: 1 << 20}, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			tok := new(words)
			c.opts.MaxTokens, c.opts.MaxQueuedTokens = 100, 100
			p := open(t, tok, &machine{takes: time.Second}, c.opts)
			defer p.Close()
			first, second := later(p, t.Context(), requestOf(100)), later(p, t.Context(), requestOf(99))
			late := &crossrank.Request{Pairs: []crossrank.Pair{{Query: "why", Passage: "because"}}}
			a := <-later(p, t.Context(), late)
			var e *crossrank.Error
			if !errors.As(a.err, &e) || e.Code != crossrank.Overloaded || e.RetryAfter != time.Second {
				t.Errorf("%s: got error %+v, want an overload and a second to wait, for no speed is known", c.name, a.err)
			}
			if got := tok.texts["because"] > 0; got != c.tokens {
				t.Errorf("%s: its text was tokenized: %v, want %v", c.name, got, c.tokens)
			}
			for _, done := range []<-chan answer{first, second} {
				if a := <-done; a.err != nil {
					t.Errorf("%s: an admitted request: %v", c.name, a.err)
				}
			}
		})
	}
}

func TestRefusesSizesThatNoBatchHas(t *testing.T) {
	for _, c := range []struct {
		opts Options
		want string
	}{
		{Options{Options: batch.Options{PreferredPairs: []int{8, 4}}}, "ascending"},
		{Options{Options: batch.Options{PreferredPairs: []int{4, 4}}}, "ascending"},
		{Options{Options: batch.Options{PreferredPairs: []int{0, 4}}}, "from 1"},
		{Options{Options: batch.Options{PreferredPairs: []int{4, 9}, MaxPairs: 8}}, "to 8"},
		{Options{Options: batch.Options{PreferredPairs: []int{513}}}, "to 512"},
	} {
		_, err := New(Model{Name: "fake", Tokenizer: quiet{}, MaxLength: 512, ScoreType: crossrank.Logit}, []pool.Engine{still{}}, c.opts)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: got error %v, want one that says %q", c.opts, err, c.want)
		}
	}
}

// TestProbeKnowsTheSpeed has an engine that takes 10 ms for every batch: the probe's is one of 4
// times 64 tokens, after one of them.
func TestProbeKnowsTheSpeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &machine{takes: 10 * time.Millisecond}
		p := open(t, new(words), m, Options{Options: batch.Options{MaxQueueAge: 20 * time.Millisecond}, Probe: true, CacheBytes: 1 << 20})
		defer p.Close()
		if v := p.Instances()[0].Speed; v != 25_600 {
			t.Errorf("got a speed of %v tokens a second, want 25,600", v)
		}
		if st := p.Cache(); st.Scores != 0 {
			t.Errorf("the probe's scores are in the cache: %+v", st)
		}
		if fmt.Sprint(m.batches) != "[[64] [64 64 64 64]]" {
			t.Errorf("the probe was %v", m.batches)
		}
		var all []<-chan answer
		for i := range 8 {
			req := requestOf(100)
			req.Pairs[0].Query = fmt.Sprint(i)
			all = append(all, later(p, t.Context(), req))
		}
		ok := 0
		for i, c := range all {
			var e *crossrank.Error
			switch a := <-c; {
			case a.err == nil:
				ok++
			case !errors.As(a.err, &e) || e.Code != crossrank.Overloaded || e.RetryAfter != 16*time.Millisecond:
				t.Errorf("request %d: got error %+v, want an overload, and the time of 400 tokens", i, a.err)
			}
		}
		if ok != 4 {
			t.Errorf("%d requests of 100 tokens were admitted, want the one that runs, and three of the 384 that may wait", ok)
		}
	})
}
