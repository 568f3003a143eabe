package main

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/load"
)

// codes are all that a request can end with.
var codes = []crossrank.Code{
	crossrank.OK, crossrank.Overloaded, crossrank.Canceled, crossrank.NotFound, crossrank.TooLarge, crossrank.InvalidArgument,
	crossrank.DeadlineExceeded, crossrank.Unavailable, crossrank.Unauthenticated, crossrank.Internal,
}

// account sends requests of all kinds and compares the callers' counts with the server's.
func account(ctx context.Context, h *harness) error {
	peak, err := h.peak(ctx)
	if err != nil {
		return err
	}
	const queueAge = 4 * time.Second // so that some are refused, and some callers leave while they wait
	return h.withServer(ctx, queueAge, connections, func(s *server, c *callers) error {
		m := &mixed{next: c, large: min(1000, int(2.5*peak)), counts: map[crossrank.Code]int{}}
		l, err := h.open(ctx, m, "poisson", 1.5*peak/float64(h.size), 2*h.slice, load.Config{})
		if err != nil {
			return err
		}
		_, busy, err := s.awaitIdle(context.WithoutCancel(ctx), whatever, 0, 20*time.Second)
		if err != nil || busy > 0 {
			return cmp.Or(err, fmt.Errorf("the server still has %d requests and pairs", busy))
		}
		counted, err := s.counts(context.WithoutCancel(ctx))
		if err != nil {
			return err
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		h.report(accounts(m.counts, counted, len(l.records), l.Abandoned))
		return nil
	})
}

// accounts compares how requests ended for their callers and for the server.
func accounts(callers map[crossrank.Code]int, server counts, sent, abandoned int) record {
	differ, ended := 0, 0
	var parts, wrong []string
	for _, code := range codes {
		mine, its := callers[code], server.ended(code)
		ended += mine
		if mine > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", mine, code))
		}
		if d := mine - its; d != 0 {
			differ += max(d, -d)
			wrong = append(wrong, fmt.Sprintf("%s: callers %d, server %d", code, mine, its))
		}
	}
	if ended != sent+abandoned {
		wrong = append(wrong, fmt.Sprintf("%d were sent and %d ended", sent+abandoned, ended))
	}
	return record{
		Goal: "account", Value: float64(differ), Fault: strings.Join(wrong, "; "),
		Note: fmt.Sprintf("%d sent = %s", sent, strings.Join(parts, " + ")),
	}
}

// mixed makes some requests wrong and abandons others. It counts how each ended.
//
// A caller leaves well after its request has reached the server and well before it can be computed.
// A request that ends at the moment in which its caller leaves is one thing to the caller and
// another to the server.
type mixed struct {
	next  crossrank.Scorer
	large int // pairs of a request that cannot be computed before its caller leaves

	mu     sync.Mutex
	counts map[crossrank.Code]int
}

// leaveAfter is when the callers of large requests leave. Each is more than two seconds of work.
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

// cancellations sends requests whose callers leave at a random moment, and reads what they left in
// the server.
func cancellations(ctx context.Context, h *harness) error {
	return h.withServer(ctx, unbounded, 2*connections, func(s *server, c *callers) error {
		before, err := s.footprint(ctx)
		if err != nil {
			return err
		}
		sent, left := h.cancel(ctx, c)
		c.close()
		const slack = 5
		more, busy, err := s.awaitIdle(context.WithoutCancel(ctx), before, slack, 30*time.Second)
		if err != nil {
			return err
		}
		h.report(record{
			Goal: "cancel", Value: float64(busy + max(0, more.goroutines-slack) + max(0, more.descriptors-slack)),
			Note: fmt.Sprintf("of %d callers %d left; afterwards %d requests and pairs, %d goroutines and %d descriptors more than before (%d may be)",
				sent, left, busy, more.goroutines, more.descriptors, slack),
		})
		return nil
	})
}

// cancel sends requests and cancels each within 40 ms. It returns how many were sent and how many
// ended by that.
func (h *harness) cancel(ctx context.Context, c crossrank.Scorer) (sent, left int) {
	var started, ended atomic.Int64
	var workers sync.WaitGroup
	for range 32 {
		workers.Go(func() {
			for ctx.Err() == nil {
				n := int(started.Add(1))
				if n > h.cancellations {
					return
				}
				at := n * h.size % (len(h.pairs) - h.size)
				leaving, leave := context.WithTimeout(ctx, time.Duration(rand.IntN(40_000))*time.Microsecond)
				_, err := c.Score(leaving, &crossrank.Request{Pairs: h.pairs[at : at+h.size]})
				if leaving.Err() != nil && err != nil {
					ended.Add(1)
				}
				leave()
			}
		})
	}
	workers.Wait()
	return min(int(started.Load()), h.cancellations), int(ended.Load())
}
