package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
)

// pairwise is how many servers are started and ended at the same time, in turns of their own.
const pairwise = 2

// sigterm starts a server again and again, puts load on it and ends it at a random moment.
func sigterm(ctx context.Context, b *bench) error {
	var mu sync.Mutex
	var sum ending
	var broken error
	begun, n := 0, 0
	var turns sync.WaitGroup
	for range pairwise {
		turns.Go(func() {
			for {
				mu.Lock()
				goOn := begun < b.terms && ctx.Err() == nil && broken == nil
				begun++
				mu.Unlock()
				if !goOn {
					return
				}
				e, err := b.terminate(ctx)
				mu.Lock()
				if err != nil {
					broken = err
				} else if sum.add(e); n%20 == 19 {
					b.say("   %d of %d: %d accepted, %d lost", n+1, b.terms, sum.accepted, sum.lost())
				}
				n++
				mu.Unlock()
			}
		})
	}
	turns.Wait()
	if broken != nil && ctx.Err() == nil {
		return broken
	}
	var fault string
	if sum.otherwise > 0 {
		fault = fmt.Sprintf("%d callers were answered otherwise, one with: %v", sum.otherwise, sum.err)
	}
	if sum.accepted == 0 {
		fault = "nothing was accepted"
	}
	b.report(record{
		Goal: "lost", Value: float64(sum.lost()), Fault: fault,
		Note: fmt.Sprintf("%d ends; %d accepted by the server's count, %d of them under way when the signal was sent or later; %d answers at callers; %d callers told to go elsewhere, or found nobody",
			n, sum.accepted, sum.late, sum.answered, sum.away),
	})
	b.report(record{Goal: "exits", Value: float64(sum.badExits), Fault: sum.exit, Note: fmt.Sprintf("of %d", n)})
	return nil
}

// ending is what became of the requests to servers that were ended.
type ending struct {
	accepted  int // that the server's scorer took and did not refuse, however they ended, by the server's last words
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
	if e.err == nil {
		e.err = o.err
	}
	if e.exit == "" {
		e.exit = o.exit
	}
}

// terminate starts one server and ends it under load.
func (b *bench) terminate(ctx context.Context) (ending, error) {
	p, err := b.start(ctx, unbounded)
	if err != nil {
		return ending{}, err
	}
	clients, closeAll, err := p.dial(8, client.Options{})
	if err != nil {
		return ending{}, orFirst(err, p.stop())
	}
	var e ending
	var mu sync.Mutex
	var signalled time.Time
	var callers sync.WaitGroup
	for i, c := range clients {
		callers.Go(func() {
			for at := i * 64; ; at = (at + 2) % (len(b.pairs) - 2) {
				_, err := c.Score(context.WithoutCancel(ctx), &crossrank.Request{Pairs: b.pairs[at : at+2]})
				mu.Lock()
				goOn := e.count(err, !signalled.IsZero())
				mu.Unlock()
				if !goOn {
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
	signalled = time.Now()
	mu.Unlock()
	err = p.stop()
	callers.Wait()
	closeAll()
	if err != nil {
		e.badExits, e.exit = 1, err.Error()
	}
	accepted, ok := accepted(p.Log())
	if !ok {
		return e, fmt.Errorf("the server's log does not say how its requests ended: %s", tail(p.Log()))
	}
	e.accepted = accepted
	return e, nil
}

// count notes what a caller got, and tells whether to send the next request.
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
	if e.err == nil {
		e.err = err
	}
	return false
}

// lastWord is a code and a number in the last line of a server's log.
var lastWord = regexp.MustCompile(`requests\.([a-z_]+)=(\d+)`)

// accepted reads from a server's log how many requests its scorer took and did not refuse.
func accepted(log string) (n int, ok bool) {
	_, last, ok := cutLast(log, "msg=stopped")
	for _, m := range lastWord.FindAllStringSubmatch(last, -1) {
		count, _ := strconv.Atoi(m[2])
		if m[1] != string(crossrank.Overloaded) {
			n += count
		}
	}
	return n, ok
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// tail is the end of a log, short enough for an error.
func tail(log string) string { return strings.TrimSpace(log[max(0, len(log)-1000):]) }
