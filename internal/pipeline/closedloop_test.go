package pipeline

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/batch"
)

// closedLoop is workers of one caller, each of which sends its next request when its last one is
// answered.
type closedLoop struct {
	caller  string
	workers int
	pairs   int // a request
	tokens  int // a pair
	rounds  int // requests per worker
}

// run gives the outcome of every request. Each has the default deadline of a server.
func (l closedLoop) run(ctx context.Context, p *Pipeline) []*sent {
	pair := crossrank.Pair{Query: "q", Passage: strings.Repeat("w", l.tokens-MinLength-1)}
	req := &crossrank.Request{Raw: true, Pairs: slices.Repeat([]crossrank.Pair{pair}, l.pairs)}
	all := make([]*sent, l.workers*l.rounds)
	var workers sync.WaitGroup
	for w := range l.workers {
		workers.Go(func() {
			for round := range l.rounds {
				ctx, cancel := context.WithTimeout(crossrank.WithCaller(ctx, l.caller), 30*time.Second)
				s := new(sent)
				started := time.Now()
				_, s.err = p.Score(ctx, req)
				s.took = time.Since(started)
				cancel()
				all[w*l.rounds+round] = s
				if s.err != nil {
					time.Sleep(time.Second)
				}
			}
		})
	}
	workers.Wait()
	return all
}

// TestClosedLoopsTakeTurns has a caller with three times the work that its deadlines allow, which
// tries again when it is refused. Another, with less work than its half of the engine computes
// before the deadline, loses nothing.
func TestClosedLoopsTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := clocking(t, &clockwork{speed: 8000}, Options{Options: batch.Options{MaxQueueAge: 20 * time.Second}})
		defer p.Close()
		var greedy []*sent
		var loops sync.WaitGroup
		loops.Go(func() { greedy = closedLoop{"greedy", 128, 64, 80, 4}.run(t.Context(), p) })
		time.Sleep(10 * time.Second)
		modest := closedLoop{"modest", 8, 64, 80, 3}.run(t.Context(), p)
		loops.Wait()
		if n := len(answered(greedy)); n == len(greedy) {
			t.Errorf("the greedy caller lost nothing of %d requests", n)
		}
		for _, s := range modest {
			if s.err != nil {
				t.Errorf("the modest caller lost a request after %v: %v", s.took, s.err)
			}
		}
		t.Logf("P99 %v for the modest caller, %v for the greedy one, of whose %d requests %d were answered",
			p99(answered(modest)), p99(answered(greedy)), len(greedy), len(answered(greedy)))
	})
}

// TestClosedLoopsLoseNothing has engines of two cores, and the age and the deadline that servers
// have by default. Each loop is more work than three quarters of the age, and less than the
// deadline.
func TestClosedLoopsLoseNothing(t *testing.T) {
	for _, c := range []struct {
		name   string
		speed  int // tokens per second
		fickle bool
		loops  []closedLoop
	}{
		{"16 requests of 128 pairs", 8000, false, []closedLoop{{"a", 16, 128, 80, 10}}},
		{"16 requests of 128 pairs, on slower cores", 6600, false, []closedLoop{{"a", 16, 128, 80, 10}}},
		{"16 requests of 128 pairs, and an uneven engine", 8000, true, []closedLoop{{"a", 16, 128, 70, 10}}},
		{"64 requests of 32 pairs", 8000, false, []closedLoop{{"a", 64, 32, 80, 10}}},
		{"two callers with 8 requests of 128 pairs", 8000, false, []closedLoop{{"a", 8, 128, 80, 10}, {"b", 8, 128, 80, 10}}},
		{"beside a caller that asks for little", 8000, false, []closedLoop{{"a", 16, 128, 80, 10}, {"b", 1, 8, 80, 100}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := &clockwork{speed: c.speed}
				p := clocking(t, e, Options{Options: batch.Options{MaxQueueAge: 20 * time.Second}})
				defer p.Close()
				if c.fickle {
					e.fickle = rand.New(rand.NewPCG(5, 5))
				}
				var loops sync.WaitGroup
				for _, l := range c.loops {
					loops.Go(func() {
						all := l.run(t.Context(), p)
						for _, s := range all {
							if s.err != nil {
								t.Errorf("caller %s lost a request after %v: %v", l.caller, s.took, s.err)
							}
						}
						t.Logf("caller %s: %d requests, P99 %v", l.caller, len(all), p99(answered(all)))
					})
				}
				loops.Wait()
			})
		})
	}
}
