package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/load"
)

// account sends requests of all kinds and holds the callers' counts against the server's.
func account(ctx context.Context, b *bench) (err error) {
	peak, err := b.peak(ctx)
	if err != nil {
		return err
	}
	const queueAge = 4 * time.Second // so that some are refused, and some leave while they wait
	p, err := b.start(ctx, queueAge)
	if err != nil {
		return err
	}
	defer func() { err = orFirst(err, p.stop()) }()
	clients, closeAll, err := p.dial(connections, client.Options{})
	if err != nil {
		return err
	}
	defer closeAll()
	m := &mixed{next: &spread{clients: clients}, large: min(1000, int(2.5*peak)), counts: map[crossrank.Code]int{}}
	rate := 1.5 * peak / float64(b.size)
	l, err := b.openly(ctx, m, "poisson", rate, 2*b.slice, load.Config{})
	if err != nil {
		return err
	}
	if _, busy, err := p.awaitIdle(context.WithoutCancel(ctx), whatever, 0, 20*time.Second); err != nil || busy > 0 {
		return orFirst(err, fmt.Errorf("the server still has %d requests and pairs", busy))
	}
	told, err := p.counts(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	differ, all := 0, 0
	var parts, wrong []string
	for _, code := range []crossrank.Code{
		crossrank.OK, crossrank.Overloaded, crossrank.Canceled, crossrank.NotFound, crossrank.TooLarge, crossrank.InvalidArgument,
		crossrank.DeadlineExceeded, crossrank.Unavailable, crossrank.Unauthenticated, crossrank.Internal,
	} {
		callers, server := m.counts[code], told.ended(code)
		all += callers
		if callers > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", callers, code))
		}
		if d := callers - server; d != 0 {
			differ += max(d, -d)
			wrong = append(wrong, fmt.Sprintf("%s: callers %d, server %d", code, callers, server))
		}
	}
	if all != len(l.records)+l.Abandoned {
		wrong = append(wrong, fmt.Sprintf("%d were sent and %d ended", len(l.records)+l.Abandoned, all))
	}
	b.report(record{
		Goal: "account", Value: float64(differ), Fault: strings.Join(wrong, "; "),
		Note: fmt.Sprintf("%d sent = %s", len(l.records), strings.Join(parts, " + ")),
	})
	return nil
}

// mixed makes some of the requests wrong, and leaves others before they can be done. It counts how each ended.
//
// Who leaves does so well after the request has reached the server and well before it can be computed: a request that ends
// in the moment in which its caller leaves is one thing to the caller and another to the server, rightly.
type mixed struct {
	next  crossrank.Scorer
	large int // pairs of a request that cannot be computed before its caller leaves

	mu     sync.Mutex
	counts map[crossrank.Code]int
}

// leaveAfter is when the callers of large requests, of which each is more than two seconds of work, leave.
const leaveAfter = 800 * time.Millisecond

// Score implements [crossrank.Scorer].
func (m *mixed) Score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	sent := *req
	switch rand.IntN(10) {
	case 0:
		sent.Model = "nobody's"
	case 1:
		sent.Pairs = make([]crossrank.Pair, 1001)
	case 2:
		for len(sent.Pairs) < m.large {
			sent.Pairs = append(sent.Pairs[:len(sent.Pairs):len(sent.Pairs)], req.Pairs...)
		}
		leaving, leave := context.WithCancel(ctx)
		timer := time.AfterFunc(leaveAfter, leave)
		defer timer.Stop()
		ctx = leaving
	}
	resp, err := m.next.Score(ctx, &sent)
	m.mu.Lock()
	m.counts[crossrank.CodeOf(err)]++
	m.mu.Unlock()
	return resp, err
}

// cancellations sends requests whose callers leave at a random moment, then looks at what they left.
func cancellations(ctx context.Context, b *bench) (err error) {
	p, err := b.start(ctx, unbounded)
	if err != nil {
		return err
	}
	defer func() { err = orFirst(err, p.stop()) }()
	before, err := p.footprint(ctx)
	if err != nil {
		return err
	}
	clients, closeAll, err := p.dial(2*connections, client.Options{})
	if err != nil {
		return err
	}
	defer closeAll()
	s := &spread{clients: clients}
	var mu sync.Mutex
	n, left := 0, 0
	var callers sync.WaitGroup
	for range 32 {
		callers.Go(func() {
			for {
				mu.Lock()
				n++
				mine := n
				mu.Unlock()
				if mine > b.options.cancellations || ctx.Err() != nil {
					return
				}
				at := mine * b.size % (len(b.pairs) - b.size)
				leaving, leave := context.WithTimeout(ctx, time.Duration(rand.IntN(40_000))*time.Microsecond)
				_, err := s.Score(leaving, &crossrank.Request{Pairs: b.pairs[at : at+b.size]})
				if leaving.Err() != nil && err != nil {
					mu.Lock()
					left++
					mu.Unlock()
				}
				leave()
			}
		})
	}
	callers.Wait()
	sent := min(n, b.options.cancellations)
	closeAll()
	const slack = 5
	more, busy, err := p.awaitIdle(context.WithoutCancel(ctx), before, slack, 30*time.Second)
	if err != nil {
		return err
	}
	b.report(record{
		Goal: "cancel", Value: float64(busy + max(0, more.goroutines-slack) + max(0, more.descriptors-slack)),
		Note: fmt.Sprintf("of %d callers %d left; afterwards %d requests and pairs, %d goroutines and %d descriptors more than before (%d may be)",
			sent, left, busy, more.goroutines, more.descriptors, slack),
	})
	return nil
}
