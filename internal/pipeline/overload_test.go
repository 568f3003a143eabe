package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/batch"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/pool"
)

// The engine of these tests computes 80,000 tokens per second, and needs 5 ms a batch besides. A
// request has 8 pairs of 100 tokens, and is to be answered within a second.
const (
	tokensASecond = 80_000
	objective     = time.Second
)

// clockwork is an engine that takes the time that its tokens take, and counts its pairs.
type clockwork struct {
	mu     sync.Mutex
	pairs  int
	speed  int        // tokens per second; 0 means 80,000
	fickle *rand.Rand // if set, a batch takes 0.6 to 1.4 times as long
}

func (e *clockwork) Logits(seqs []network.Sequence, out []float32) error {
	tokens := 0
	for _, s := range seqs {
		tokens += len(s.IDs)
	}
	e.mu.Lock()
	e.pairs += len(seqs)
	takes := 5*time.Millisecond + time.Duration(tokens)*time.Second/time.Duration(cmp.Or(e.speed, tokensASecond))
	if e.fickle != nil {
		takes = time.Duration(float64(takes) * (0.6 + 0.8*e.fickle.Float64()))
	}
	e.mu.Unlock()
	time.Sleep(takes)
	clear(out)
	return nil
}

func (e *clockwork) computed() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.pairs
}

// sent is one request of an open loop, and its end.
type sent struct {
	took time.Duration
	err  error
}

// loop sends requests at random times, at that rate, whether or not they are answered, and gives
// what became of them.
type loop struct {
	rate   float64 // requests per second
	lasts  time.Duration
	seed   uint64
	caller func(i int) string
	pairs  int // a request; 0 means 8
	silent int // of ten callers so many do not say how long they wait, and leave after the objective if they have no answer

	server time.Duration // deadline that a server gives those; 0 means none
}

// request is one of that many pairs.
func request(pairs int) *crossrank.Request {
	pair := crossrank.Pair{Query: "q", Passage: strings.Repeat("w", 96)}
	return &crossrank.Request{Raw: true, Pairs: slices.Repeat([]crossrank.Pair{pair}, pairs)}
}

func (l loop) run(ctx context.Context, p *Pipeline) []*sent {
	rng := rand.New(rand.NewPCG(l.seed, 7))
	req := request(cmp.Or(l.pairs, 8))
	var all []*sent
	var under sync.WaitGroup
	begun := time.Now()
	for i := 0; ; i++ {
		time.Sleep(time.Duration(rng.ExpFloat64() / l.rate * float64(time.Second)))
		if time.Since(begun) > l.lasts {
			break
		}
		s := new(sent)
		all = append(all, s)
		under.Go(func() {
			ctx, cancel := context.WithCancel(crossrank.WithCaller(ctx, l.caller(i)))
			if i%10 < l.silent {
				if l.server > 0 {
					ctx, cancel = context.WithTimeout(ctx, l.server)
				}
				defer time.AfterFunc(objective, cancel).Stop()
			} else {
				ctx, cancel = context.WithTimeout(ctx, objective)
			}
			defer cancel()
			started := time.Now()
			_, s.err = p.Score(ctx, req)
			s.took = time.Since(started)
		})
	}
	under.Wait()
	return all
}

func one(int) string       { return "one" }
func ofTen(i int) string   { return fmt.Sprint(i % 10) }
func another(i int) string { return fmt.Sprint(i) }

// answered are the times that those took which were answered, in order.
func answered(all []*sent) []time.Duration {
	var took []time.Duration
	for _, s := range all {
		if s.err == nil {
			took = append(took, s.took)
		}
	}
	slices.Sort(took)
	return took
}

func p99(took []time.Duration) time.Duration {
	if len(took) == 0 {
		return 0
	}
	return took[len(took)*99/100]
}

// refused counts those that were refused, and holds that each was at once and says when to try
// again.
func refused(t *testing.T, all []*sent) int {
	t.Helper()
	n := 0
	for _, s := range all {
		if crossrank.CodeOf(s.err) != crossrank.Overloaded {
			continue
		}
		n++
		var e *crossrank.Error
		if !errors.As(s.err, &e) || e.RetryAfter <= 0 || s.took > 0 {
			t.Fatalf("a request was refused after %v, to be sent again in %v; want it at once, and a time", s.took, e.RetryAfter)
		}
	}
	return n
}

// clocked starts a pipeline of one engine, of which nothing is measured but the probe.
func clocked(t *testing.T, opts Options) (*Pipeline, *clockwork) {
	t.Helper()
	e := new(clockwork)
	return clocking(t, e, opts), e
}

func clocking(t *testing.T, e *clockwork, opts Options) *Pipeline {
	t.Helper()
	opts.Probe = true
	p, err := New(Model{Name: "fake", Tokenizer: quiet{}, MaxLength: 512, ScoreType: crossrank.Logit}, []pool.Engine{e}, opts)
	if err != nil {
		t.Fatal(err)
	}
	e.pairs = 0 // those of the probe
	return p
}

// peak is the rate of requests that an engine of that speed answers when it is never without.
func peak(t *testing.T, speed int) (rate float64) {
	synctest.Test(t, func(t *testing.T) {
		e := &clockwork{speed: speed}
		p := clocking(t, e, Options{})
		defer p.Close()
		begun := time.Now()
		var under sync.WaitGroup
		for range 64 {
			under.Go(func() {
				for range 20 {
					if _, err := p.Score(t.Context(), request(8)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		under.Wait()
		rate = float64(e.computed()) / 8 / time.Since(begun).Seconds()
	})
	return rate
}

// TestOverloadOfOpenLoops sends more than the engine can compute. It holds that what is answered
// stays at what the engine can do, and within the objective; that next to nothing is computed for
// those who get no answer, whether their deadline passed or they left; that refusals come at once;
// and that afterwards all is as before.
func TestOverloadOfOpenLoops(t *testing.T) {
	half := Options{Options: batch.Options{MaxQueueAge: objective / 2}}
	multiples := []float64{1.5, 2, 5, 10}
	if raceEnabled {
		multiples = []float64{5}
	}
	for _, c := range []struct {
		name   string
		caller func(i int) string
		silent int
		fickle bool
		speed  int // tokens per second; 0 means 80,000
		server time.Duration
		opts   Options
	}{
		{name: "one caller with deadlines", caller: one},
		{name: "callers of one request each, with deadlines", caller: another},
		{name: "ten callers with deadlines", caller: ofTen},
		{name: "one caller that leaves without having said when", caller: one, silent: 10, opts: half},
		{name: "ten callers that leave", caller: ofTen, silent: 10, opts: half},
		{name: "callers of one request each, which leave", caller: another, silent: 10, opts: half},
		{name: "one caller, half of whose requests say their deadlines", caller: one, silent: 5, opts: half},
		{name: "callers of one request each, half of which say their deadlines", caller: another, silent: 5, opts: half},
		{name: "callers of one request each, half of which say their deadlines, and an uneven engine", caller: another, silent: 5,
			fickle: true, opts: Options{Options: batch.Options{MaxQueueAge: objective * 2 / 5}}},
		{name: "one caller with deadlines, and an uneven engine", caller: one, fickle: true},
		{name: "ten callers with deadlines, and an uneven engine", caller: ofTen, fickle: true},
		{name: "one caller with deadlines, and an engine that needs more time for a batch than there is", caller: one, speed: 9000},
		{name: "ten callers with deadlines, and such an engine", caller: ofTen, speed: 9000},
		{name: "one caller with deadlines, such an engine, and a bound of age", caller: one, speed: 9000, opts: half},
		{name: "ten callers with deadlines, such an engine, and a bound of age", caller: ofTen, speed: 9000, opts: half},
		{name: "one caller that leaves long before the deadline of its server", caller: one, silent: 10, server: 30 * time.Second, opts: half},
		{name: "ten callers that leave long before", caller: ofTen, silent: 10, server: 30 * time.Second, opts: half},
		{name: "one caller, half of whose requests say their deadlines, before that of the server", caller: one, silent: 5,
			server: 30 * time.Second, opts: half},
	} {
		top := peak(t, c.speed)
		for _, times := range multiples {
			t.Run(fmt.Sprintf("%s, %g times", c.name, times), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					e := &clockwork{speed: c.speed}
					p := clocking(t, e, c.opts)
					defer p.Close()
					if c.fickle {
						e.fickle = rand.New(rand.NewPCG(5, 5))
					}
					calm := loop{rate: top / 2, lasts: 10 * time.Second, seed: 1, caller: c.caller, silent: c.silent, server: c.server}
					before := p99(answered(calm.run(t.Context(), p)))

					computed := e.computed()
					storm := calm
					storm.rate, storm.seed = times*top, 2
					begun := time.Now()
					all := storm.run(t.Context(), p)
					took := answered(all)
					goodput := float64(len(took)) / time.Since(begun).Seconds()
					synctest.Wait()
					computed = e.computed() - computed
					wasted := float64(computed-8*len(took)) / float64(computed)

					calm.seed = 3
					calm.run(t.Context(), p)
					calm.seed = 1
					after := p99(answered(calm.run(t.Context(), p)))

					t.Logf("%.1f%% of the peak of %.1f/s, P99 %v, %.2f%% wasted; of %d refused %d; P99 without: %v before, %v after",
						100*goodput/top, top, p99(took), 100*wasted, len(all), refused(t, all), before, after)
					if goodput < 0.9*top {
						t.Errorf("%.1f requests a second were answered, want 90%% of the %.1f that the engine can do", goodput, top)
					}
					if late := p99(took); late > objective*12/10 {
						t.Errorf("P99 of the answered is %v, want 1.2 times the objective of %v at most", late, objective)
					}
					if wasted >= 0.01 {
						t.Errorf("%.2f%% of the pairs were computed in vain, want less than 1%%", 100*wasted)
					}
					if after > before*11/10 {
						t.Errorf("P99 is %v ten seconds afterwards, want the %v of before", after, before)
					}
				})
			})
		}
	}
}

// TestOneCallerCannotCrowdOutAnother has a greedy caller ask for ten times its half of the engine,
// and a modest one for most of its own.
func TestOneCallerCannotCrowdOutAnother(t *testing.T) {
	top := peak(t, tokensASecond)
	for _, c := range []struct {
		name   string
		silent int
		opts   Options
	}{
		{"both with deadlines, and a bound of age", 0, Options{Options: batch.Options{MaxQueueAge: objective / 2, MaxTokens: 4000}}},
		{"neither with deadlines, and a bound of age", 10, Options{Options: batch.Options{MaxQueueAge: objective / 2, MaxTokens: 4000}}},
		{"a longer bound of age", 0, Options{Options: batch.Options{MaxQueueAge: 20 * time.Second, MaxTokens: 4000}}},
		{"more age than the memory allows", 10, Options{Options: batch.Options{MaxQueueAge: time.Hour, MaxQueuedTokens: 40_000, MaxTokens: 4000}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, _ := clocked(t, c.opts)
				defer p.Close()
				modest := loop{rate: 0.8 * top / 2, lasts: 20 * time.Second, seed: 1, silent: c.silent, caller: func(int) string { return "modest" }}
				alone := p99(answered(modest.run(t.Context(), p)))

				greedy := loop{rate: 10 * top / 2, lasts: 20 * time.Second, seed: 2, silent: c.silent, caller: one}
				var much []*sent
				var under sync.WaitGroup
				under.Go(func() { much = greedy.run(t.Context(), p) })
				little := modest.run(t.Context(), p)
				under.Wait()
				served, others := answered(little), answered(much)
				t.Logf("of the modest one's %d requests %d were answered, P99 %v beside %v alone; of the other's %d, %d",
					len(little), len(served), p99(served), alone, len(much), len(others))
				if len(served) < len(little)*99/100 {
					t.Errorf("of the modest one's %d requests %d were answered, want 99%%", len(little), len(served))
				}
				if rest := top*20 - float64(len(served)); float64(len(others)) < 0.9*rest {
					t.Errorf("the greedy one got %d answers, want 90%% of the %.0f that the modest one left", len(others), rest)
				}
			})
		})
	}
}

// TestUsualLoadIsNotRefused has two cores, which compute 10,000 tokens per second, and the age that
// servers allow by default.
func TestUsualLoadIsNotRefused(t *testing.T) {
	for _, c := range []struct {
		name    string
		workers int
		pairs   int
		tokens  int
	}{
		{"eight workers with 32 pairs as long as can be", 8, 32, 512},
		{"one worker with the largest request, on an idle server", 1, 1000, 250},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := clocking(t, &clockwork{speed: 10_000}, Options{Options: batch.Options{MaxQueueAge: 20 * time.Second}})
			defer p.Close()
			req := &crossrank.Request{Pairs: slices.Repeat([]crossrank.Pair{{Passage: strings.Repeat("w", c.tokens-MinLength)}}, c.pairs)}
			var under sync.WaitGroup
			for range c.workers {
				under.Go(func() {
					for range 5 {
						ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
						if _, err := p.Score(ctx, req); err != nil {
							t.Errorf("%s: %v", c.name, err)
						}
						cancel()
					}
				})
			}
			under.Wait()
		})
	}
}
