package main

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/crossrank/crossrank"
)

// parallel is how many servers are started and stopped at the same time.
const parallel = 2

// sigterm starts servers, puts load on each and stops it at a random moment.
func sigterm(ctx context.Context, h *harness) error {
	var mu sync.Mutex
	var sum ending
	var broken error
	started, n := 0, 0
	next := func() bool {
		mu.Lock()
		defer mu.Unlock()
		started++
		return started <= h.terms && ctx.Err() == nil && broken == nil
	}
	var workers sync.WaitGroup
	for range parallel {
		workers.Go(func() {
			for next() {
				e, err := h.terminate(ctx)
				mu.Lock()
				if err != nil {
					broken = err
				} else if sum.add(e); n%20 == 19 {
					h.say("   %d of %d: %d accepted, %d lost", n+1, h.terms, sum.accepted, sum.lost())
				}
				n++
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	if broken != nil && ctx.Err() == nil {
		return broken
	}
	for _, r := range sum.records(n) {
		h.report(r)
	}
	return nil
}

// ending is how requests to servers that were stopped ended.
type ending struct {
	accepted  int // that the server's scorer took and did not refuse, however they ended, by the server's log
	answered  int // answers that callers got
	late      int // of those, how many came after the signal
	away      int // callers that got Unavailable, or Overloaded, instead of an answer
	otherwise int // callers that got something else
	err       error
	badExits  int
	exit      string // why the first of them
}

func (e *ending) lost() int { return max(0, e.accepted-e.answered) }

func (e *ending) add(o ending) {
	e.accepted += o.accepted
	e.answered += o.answered
	e.late += o.late
	e.away += o.away
	e.otherwise += o.otherwise
	e.badExits += o.badExits
	e.err = cmp.Or(e.err, o.err)
	e.exit = cmp.Or(e.exit, o.exit)
}

// records are what n ends come to.
func (e *ending) records(n int) []record {
	var fault string
	if e.otherwise > 0 {
		fault = fmt.Sprintf("%d callers were answered otherwise, one with: %v", e.otherwise, e.err)
	}
	if e.accepted == 0 {
		fault = "nothing was accepted"
	}
	return []record{{
		Goal: "lost", Value: float64(e.lost()), Fault: fault,
		Note: fmt.Sprintf("%d ends; %d accepted by the server's count, %d of them answered after the signal; %d answers at callers; "+
			"%d callers refused, or without a server", n, e.accepted, e.late, e.answered, e.away),
	}, {
		Goal: "exits", Value: float64(e.badExits), Fault: e.exit, Note: fmt.Sprintf("of %d", n),
	}}
}

// count notes what a caller got, and reports whether it sends another request.
func (e *ending) count(err error, late bool) bool {
	switch crossrank.CodeOf(err) {
	case crossrank.OK:
		e.answered++
		if late {
			e.late++
		}
		return true
	case crossrank.Overloaded:
		e.away++
		return true
	case crossrank.Unavailable:
		e.away++
		return false
	}
	e.otherwise++
	e.err = cmp.Or(e.err, err)
	return false
}

// terminate starts one server and stops it under load.
func (h *harness) terminate(ctx context.Context) (ending, error) {
	s, err := h.start(ctx, unbounded)
	if err != nil {
		return ending{}, err
	}
	c, err := s.connect(8)
	if err != nil {
		return ending{}, cmp.Or(err, s.stop())
	}
	defer c.close()
	var e ending
	var mu sync.Mutex
	signalled := false
	var workers sync.WaitGroup
	for i, one := range c.clients {
		workers.Go(func() {
			for at := i * 64; ; at = (at + 2) % (len(h.pairs) - 2) {
				_, err := one.Score(context.WithoutCancel(ctx), &crossrank.Request{Pairs: h.pairs[at : at+2]})
				mu.Lock()
				more := e.count(err, signalled)
				mu.Unlock()
				if !more {
					return
				}
				if err != nil {
					time.Sleep(10 * time.Millisecond)
				}
			}
		})
	}
	pause(ctx, time.Duration(50+rand.IntN(300))*time.Millisecond)
	mu.Lock()
	signalled = true
	mu.Unlock()
	if err := s.stop(); err != nil {
		e.badExits, e.exit = 1, err.Error()
	}
	workers.Wait()
	accepted, ok := accepted(s.Log())
	if !ok {
		return e, fmt.Errorf("the server's log does not say how its requests ended: %s", tail(s.Log()))
	}
	e.accepted = accepted
	return e, nil
}

// endCount is a code and a number in the last line of a server's log.
var endCount = regexp.MustCompile(`requests\.([a-z_]+)=(\d+)`)

// accepted reads from a server's log how many requests its scorer took and did not refuse.
func accepted(log string) (n int, ok bool) {
	i := strings.LastIndex(log, "msg=stopped")
	if i < 0 {
		return 0, false
	}
	for _, m := range endCount.FindAllStringSubmatch(log[i:], -1) {
		count, _ := strconv.Atoi(m[2])
		if m[1] != string(crossrank.Overloaded) {
			n += count
		}
	}
	return n, true
}

// tail is the end of a log, short enough for an error.
func tail(log string) string { return strings.TrimSpace(log[max(0, len(log)-1000):]) }
