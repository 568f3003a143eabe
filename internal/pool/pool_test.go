package pool

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crossrank/crossrank/internal/batch"
	"github.com/crossrank/crossrank/internal/fairqueue"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/state"
)

// TestRouting sends requests 0, 1, 2, … while the instances are busy and notes which instance
// computed which.
func TestRouting(t *testing.T) {
	for _, c := range []struct {
		name     string
		routing  Routing
		speeds   []int
		requests [][]int // their lengths
		want     string
	}{
		{"by turns, whatever waits", RoundRobin, []int{10, 10},
			[][]int{{100}, {10}, {10}, {10}}, "[[0 2] [1 3]]"},
		{"where the fewest pairs are, however long", LeastBusy, []int{10, 10},
			[][]int{{100}, {10, 10, 10}, {10}, {10}, {10}}, "[[0 2 3] [1 1 1 4]]"},
		{"where the fewest tokens are, however many pairs", SmartIdle, []int{10, 10},
			[][]int{{100}, {10, 10, 10}, {10}, {10}, {10}}, "[[0] [1 1 1 2 3 4]]"},
		{"where there is room first, in any order", FirstIdle, []int{10, 10},
			[][]int{{100}, {10}, {10}, {10}, {10}}, "[[0] [1 2 3 4]]"},
		{"one instance is every routing's choice", LeastBusy, []int{10},
			[][]int{{10}, {10}}, "[[0 1]]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, engines := open(t, Options{Routing: c.routing, Options: pairsOfOne}, c.speeds...)
				defer p.Close()
				var all [][]Item
				var answers []<-chan error
				for i, lengths := range c.requests {
					items := request(int32(i), lengths...)
					all, answers = append(all, items), append(answers, later(p, t.Context(), items))
				}
				for i, a := range answers {
					if err := <-a; err != nil {
						t.Errorf("request %d: %v", i, err)
					}
					check(t, all[i])
				}
				var got [][]int32
				for _, e := range engines {
					got = append(got, e.got())
				}
				if fmt.Sprint(got) != c.want {
					t.Errorf("got %v, want %v", got, c.want)
				}
			})
		})
	}
}

// TestSmartIdleKnowsWhoIsSlow gives an instance that is four times as fast four fifths of the work.
func TestSmartIdleKnowsWhoIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, engines := open(t, Options{Routing: SmartIdle, Options: pairsOfOne}, 100, 400)
		defer p.Close()
		for range 2 { // to be measured
			first, second := later(p, t.Context(), request(0, 100)), later(p, t.Context(), request(0, 100))
			<-first
			<-second
		}
		var answers []<-chan error
		for range 100 {
			answers = append(answers, later(p, t.Context(), request(1, 20)))
		}
		for _, a := range answers {
			if err := <-a; err != nil {
				t.Error(err)
			}
		}
		if slow, fast := len(engines[0].got())-2, len(engines[1].got())-2; slow < 18 || slow > 22 || slow+fast != 100 {
			t.Errorf("the slow one got %d, the fast one %d of 100; want about 20 and 80", slow, fast)
		}
	})
}

// TestFirstIdleSpreadsARequest has one request of four batches computed by four instances at once.
func TestFirstIdleSpreadsARequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := open(t, Options{Options: pairsOfOne}, 10, 10, 10, 10)
		defer p.Close()
		start, items := time.Now(), request(0, 10, 10, 10, 10)
		if err := p.Do(t.Context(), fairqueue.Sender{}, items); err != nil {
			t.Fatal(err)
		}
		check(t, items)
		if took := time.Since(start); took != time.Second {
			t.Errorf("it took %v, want the second of one batch", took)
		}
	})
}

// TestIdleInstancesDivideARequest: one request of one batch is computed by all idle instances, in
// the time of an even part.
func TestIdleInstancesDivideARequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, engines := open(t, Options{Options: batch.Options{MinTokens: 20}}, 100, 100, 100, 100)
		defer p.Close()
		start, items := time.Now(), request(0, 120, 110, 100, 90, 80, 70, 60, 50, 40, 40, 40) // 800 tokens
		if err := p.Do(t.Context(), fairqueue.Sender{}, items); err != nil {
			t.Fatal(err)
		}
		check(t, items)
		if took := time.Since(start); took > 2200*time.Millisecond {
			t.Errorf("it took %v, want about the 2s of a quarter", took)
		}
		for i, e := range engines {
			if len(e.batches) != 1 {
				t.Errorf("instance %d computed %d batches, want 1", i, len(e.batches))
			}
		}
	})
}

// TestAdmission holds that the bound is one for all queues, and that refusals say how long the
// backlog is.
func TestAdmission(t *testing.T) {
	for _, routing := range Routings {
		t.Run(string(routing), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, _ := open(t, Options{Routing: routing, Options: batch.Options{MaxPairs: 1, MaxQueuedTokens: 250}}, 100, 100)
				defer p.Close()
				if d := p.TimeFor(100); d != 0 {
					t.Errorf("before anything is measured: a backlog of %v, want none known", d)
				}
				warm := []<-chan error{later(p, t.Context(), request(0, 100)), later(p, t.Context(), request(0, 100))}
				<-warm[0]
				<-warm[1]
				synctest.Wait()
				var answers []<-chan error
				for range 4 { // two run, two wait
					answers = append(answers, later(p, t.Context(), request(1, 100)))
				}
				var full *batch.FullError
				err := p.Do(t.Context(), fairqueue.Sender{}, request(2, 51))
				if !errors.As(err, &full) || full.Queued != 200 || full.Running != 200 || full.Tokens != 51 || full.Max != 250 {
					t.Errorf("with 200 of 250 waiting, 51 more: got error %+v", err)
				}
				if d := p.TimeFor(400); d != 2*time.Second {
					t.Errorf("400 tokens at 200 a second: got %v, want 2s", d)
				}
				answers = append(answers, later(p, t.Context(), request(3, 50)))
				further := make(chan error, 1) // beyond the limit, since it continues a request
				go func() { further <- p.Continue(t.Context(), fairqueue.Sender{}, request(4, 50)) }()
				synctest.Wait()
				answers = append(answers, further)
				if st := p.Queue(); st.Tokens != 300 || st.Pairs != 4 || st.Requests != 4 || st.RunningTokens != 200 || st.RunningPairs != 2 {
					t.Errorf("got %+v, want 300 tokens of 4 pairs waiting and 200 of 2 running", st)
				}
				for i, a := range answers {
					if err := <-a; err != nil {
						t.Errorf("admitted request %d: %v", i, err)
					}
				}
			})
		})
	}
}

func TestInstances(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := open(t, Options{Routing: RoundRobin, Options: pairsOfOne}, 10, 10)
		defer p.Close()
		a := later(p, t.Context(), request(0, 20, 10)) // 2 s and 1 s at the first
		b := later(p, t.Context(), request(1, 5))
		time.Sleep(500 * time.Millisecond)
		synctest.Wait()
		want := []state.Instance{
			{QueuedPairs: 1, QueuedTokens: 10, RunningPairs: 1, RunningTokens: 20, Busy: 500 * time.Millisecond},
			{Batches: 1, Pairs: 1, Tokens: 5, Busy: 500 * time.Millisecond, Speed: 10},
		}
		if got := p.Instances(); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("midway: got %+v, want %+v", got, want)
		}
		<-a
		<-b
		synctest.Wait()
		want[0] = state.Instance{Batches: 2, Pairs: 2, Tokens: 30, Busy: 3 * time.Second, Speed: p.Instances()[0].Speed}
		if got := p.Instances(); fmt.Sprint(got) != fmt.Sprint(want) || got[0].Speed < 9.99 || got[0].Speed > 10.01 {
			t.Errorf("in the end: got %+v, want %+v", got, want)
		}
		if got := p.Batches(); got.Runs != 3 || got.Pairs != 3 || got.Tokens != 35 {
			t.Errorf("in all: got %+v, want 35 tokens of 3 pairs in 3 runs", got)
		}
	})
}

func TestEnd(t *testing.T) {
	for _, routing := range Routings {
		t.Run(string(routing), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, _ := open(t, Options{Routing: routing, Options: pairsOfOne}, 10, 10)
				var answers []<-chan error
				for range 4 {
					answers = append(answers, later(p, t.Context(), request(1, 10)))
				}
				if err := p.Drain(t.Context()); err != nil {
					t.Errorf("draining: %v", err)
				}
				for i, a := range answers {
					if err := <-a; err != nil {
						t.Errorf("request %d, drained: %v", i, err)
					}
				}
				if err := p.Do(t.Context(), fairqueue.Sender{}, request(2, 10)); !errors.Is(err, batch.ErrClosed) {
					t.Errorf("afterwards: got error %v, want ErrClosed", err)
				}

				p, _ = open(t, Options{Routing: routing, Options: pairsOfOne}, 10, 10)
				answers = nil
				for range 4 {
					answers = append(answers, later(p, t.Context(), request(1, 10)))
				}
				ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
				defer cancel()
				if err := p.Drain(ctx); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("draining for too short a time: got error %v", err)
				}
				for i, a := range answers {
					if err := <-a; (err == nil) != (i < 2) || err != nil && !errors.Is(err, batch.ErrClosed) {
						t.Errorf("request %d: got error %v, want the two that ran done and the others closed", i, err)
					}
				}
			})
		})
	}
}

func TestRefuses(t *testing.T) {
	e := &engine{speed: 1, t: t}
	for name, try := range map[string]func() (*Pool, error){
		"no engine":          func() (*Pool, error) { return New(nil, Options{}) },
		"a nil engine":       func() (*Pool, error) { return New([]Engine{e, nil}, Options{}) },
		"an unknown routing": func() (*Pool, error) { return New([]Engine{e}, Options{Routing: "fastest"}) },
	} {
		if p, err := try(); err == nil || p != nil {
			t.Errorf("%s: got %v, %v, want an error", name, p, err)
		}
	}
	p, _ := open(t, Options{Routing: LeastBusy}, 1, 1)
	if err := p.Do(t.Context(), fairqueue.Sender{}, nil); err != nil {
		t.Errorf("nothing to do: %v", err)
	}
	var item *batch.ItemError
	if err := p.Do(t.Context(), fairqueue.Sender{}, []Item{{Value: network.Sequence{}, Tokens: -1}}); !errors.As(err, &item) {
		t.Errorf("a negative cost: got error %v, want that of the item", err)
	}
}

// TestProbe holds that speeds are known from the start, and that nothing else shows what was
// computed for that: of a slow engine one sequence, of a fast one all of them after one.
func TestProbe(t *testing.T) {
	for _, routing := range Routings {
		synctest.Test(t, func(t *testing.T) {
			probe := []network.Sequence{{IDs: make([]int32, 60), TypeBoundary: 1}, {IDs: make([]int32, 40), TypeBoundary: 1}}
			p, engines := open(t, Options{Routing: routing, Probe: probe}, 2000, 8000)
			defer p.Close()
			for i, e := range engines {
				st := p.Instances()[i]
				if st.Speed != float64(e.speed) || st.Batches != 0 || st.Tokens != 0 || st.Busy != 0 || len(e.batches) != i+1 {
					t.Errorf("%s, instance %d: got %+v after %d batches, want a speed of %d after %d that do not count",
						routing, i, st, len(e.batches), e.speed, i+1)
				}
			}
			if d := p.TimeFor(1000); d != 100*time.Millisecond {
				t.Errorf("%s: a backlog of 1000 lasts %v, want 100ms", routing, d)
			}
			if got := p.Batches(); got != (state.Batches{}) {
				t.Errorf("%s: got totals %+v, want none", routing, got)
			}
		})
	}
}

func TestProbeThatFails(t *testing.T) {
	e := &engine{speed: 1, t: t, fault: func(network.Sequence) { panic("no weights") }}
	_, err := New([]Engine{e}, Options{Probe: []network.Sequence{{IDs: []int32{1}}}})
	if err == nil || !strings.Contains(err.Error(), "instance 0: panic: no weights") {
		t.Errorf("got error %v, want one that says what the instance did", err)
	}
}

// TestAgeBoundsAllQueues has 4 s of what two instances compute be all that may wait, of which one
// caller has three quarters.
func TestAgeBoundsAllQueues(t *testing.T) {
	for _, routing := range Routings {
		t.Run(string(routing), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				probe := []network.Sequence{{IDs: make([]int32, 100), TypeBoundary: 1}}
				p, _ := open(t, Options{Routing: routing, Probe: probe, Options: batch.Options{MaxPairs: 1, MaxQueueAge: 4 * time.Second}}, 100, 100)
				defer p.Close()
				var answers []<-chan error
				for range 8 { // two run, six wait
					answers = append(answers, later(p, t.Context(), request(1, 100)))
				}
				ask := func(caller string, n int) error {
					return p.Check(t.Context(), fairqueue.Sender{Caller: caller}, n)
				}
				var full *batch.FullError
				if err := p.Do(t.Context(), fairqueue.Sender{}, request(1, 100)); !errors.As(err, &full) || full.Queued != 600 || full.Max != 600 || full.Running != 200 {
					t.Errorf("beyond three quarters of the line of 800: got error %+v", err)
				}
				if err := ask("", 1); !errors.As(err, &full) {
					t.Errorf("looking before asking: got error %v, want what asking gives", err)
				}
				if err := ask("other", 1000); err != nil {
					t.Errorf("another caller: %v", err)
				}
				for _, a := range answers {
					if err := <-a; err != nil {
						t.Error(err)
					}
				}
				p.Close()
				if err := ask("other", 1); !errors.Is(err, batch.ErrClosed) {
					t.Errorf("looking at a closed pool: got error %v", err)
				}
			})
		})
	}
}
