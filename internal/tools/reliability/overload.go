package main

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/load"
	"github.com/crossrank/crossrank/internal/stats"
)

// factors are the loads of the overload step, in peaks.
var factors = []float64{1.5, 2, 5, 10}

// connections is how many connections a load comes over.
const connections = 4

// overload measures the peak, puts more than that on the server, and waits until it is as fast as
// before.
func overload(ctx context.Context, h *harness) error {
	return h.withServer(ctx, h.queueAge(), connections, func(s *server, c *callers) error {
		if _, err := h.closed(ctx, c, 2, h.slice/4); err != nil { // warm-up
			return err
		}
		alone, err := h.closed(ctx, c, 1, h.slice/2)
		if err != nil {
			return err
		}
		baseline := p99(alone.latencies(0, forever))
		peak, err := h.peak(ctx)
		if err != nil {
			return err
		}
		h.say("   without load P99 %.1f ms, peak %.1f pairs/s", baseline, peak)
		loads, err := h.overloads(ctx, s, c, peak)
		if err != nil {
			return err
		}
		if ctx.Err() == nil {
			if err := h.recovery(ctx, c, baseline); err != nil {
				return err
			}
			// The machine may be slower or faster than it was, so the peak is the mean of before
			// and after.
			after, err := h.peak(ctx)
			if err != nil {
				return err
			}
			h.say("   peak afterwards %.1f pairs/s", after)
			peak = (peak + after) / 2
		}
		if len(loads) > 0 {
			h.reportLoads(loads, peak)
		}
		return nil
	})
}

// overloads puts each of the loads on the server. It leaves out one that was interrupted.
func (h *harness) overloads(ctx context.Context, s *server, c *callers, peak float64) (loads []sent, err error) {
	for _, f := range factors {
		l, err := h.open(ctx, c, "poisson", f*peak/float64(h.size), h.slice, load.Config{Timeout: time.Minute})
		if err := cmp.Or(err, s.Err()); err != nil {
			return nil, err
		}
		if ctx.Err() != nil {
			break
		}
		loads = append(loads, l)
		h.say("   %v × the load: %.1f pairs/s, %d answered, %d refused", f, l.goodput(h.ramp(), h.slice), l.count(crossrank.OK),
			l.count(crossrank.Overloaded))
	}
	return loads, nil
}

// ramp is how much of the beginning of a load does not count.
func (h *harness) ramp() time.Duration { return h.slice / 6 }

// peak is the goodput, in pairs per second, of a server that refuses nothing, with so many callers
// that the engine never waits for them.
func (h *harness) peak(ctx context.Context) (pairs float64, err error) {
	const workers = 8
	err = h.withServer(ctx, unbounded, connections, func(_ *server, c *callers) error {
		if _, err := h.closed(ctx, c, workers, h.slice/6); err != nil { // warm-up
			return err
		}
		l, err := h.closed(ctx, c, workers, h.slice/2)
		if err != nil {
			return err
		}
		if l.Failed() > 0 {
			return fmt.Errorf("measuring the peak: %w", l.FirstError)
		}
		pairs = l.PairsPerSecond()
		return nil
	})
	return pairs, err
}

func (h *harness) reportLoads(loads []sent, peak float64) {
	refusals, refused := math.NaN(), 0
	objective := stats.Milliseconds(h.objective)
	for i, l := range loads {
		name := strconv.FormatFloat(factors[i], 'g', -1, 64)
		good := l.goodput(h.ramp(), h.slice)
		var fault string
		if n := len(l.records) - l.count(crossrank.OK, crossrank.Overloaded); n > 0 {
			fault = fmt.Sprintf("%d requests ended otherwise, the first with: %v", n, l.FirstError)
		}
		h.report(record{
			Goal: "goodput-" + name, Value: 100 * good / peak, Fault: fault,
			Note: fmt.Sprintf("%.1f of %.1f pairs/s; of %d requests %d answered, %d refused", good, peak, len(l.records),
				l.count(crossrank.OK), l.count(crossrank.Overloaded)),
		})
		accepted := l.latencies(h.ramp(), forever)
		h.report(record{
			Goal: "latency-" + name, Value: p99(accepted) / objective,
			Note: fmt.Sprintf("%.0f ms of %d requests; the objective is %.0f ms", p99(accepted), len(accepted), objective),
		})
		if ms := l.refusals(); len(ms) > 0 {
			if worst := p99(ms); refused == 0 || worst > refusals {
				refusals = worst
			}
			refused += len(ms)
		}
	}
	h.report(record{Goal: "refusals", Value: refusals, Note: fmt.Sprintf("as callers see it, who share the machine; %d refusals", refused)})
}

// inARow is how many requests must be as fast as without load to end the recovery.
const inARow = 10

// recovery measures how long after the load the latency is what it was without load.
func (h *harness) recovery(ctx context.Context, c crossrank.Scorer, baseline float64) error {
	l, err := h.closed(ctx, c, 1, max(10*time.Second, h.slice))
	if err != nil {
		return err
	}
	r := record{Goal: "recovery", Value: l.Elapsed.Seconds(), Fault: "the latency did not come back"}
	if at, ok := l.recovered(1.2 * baseline); ok {
		r = record{Goal: "recovery", Value: at.Round(time.Millisecond).Seconds(), Note: fmt.Sprintf(
			"until %d requests in a row took at most 1.2 × the P99 without load, %.0f ms", inARow, baseline)}
	}
	h.report(r)
	return nil
}

// recovered is when the first of so many requests in a row was sent that all took at most so many
// ms.
func (s sent) recovered(ms float64) (at time.Duration, ok bool) {
	fast := 0
	for i, r := range s.records {
		if fast++; !r.OK() || stats.Milliseconds(r.Latency()) > ms {
			fast = 0
		}
		if fast == inARow {
			return s.records[i+1-inARow].Started, true
		}
	}
	return 0, false
}

// abandonedRequests puts five times the peak on a server. Callers leave when they have waited for
// longer than it should take: over gRPC the server knows their deadline, over HTTP it does not.
func abandonedRequests(ctx context.Context, h *harness) error {
	return h.withServer(ctx, h.queueAge(), connections, func(s *server, c *callers) error {
		peak, err := h.peak(ctx)
		if err != nil {
			return err
		}
		if _, err := h.closed(ctx, c, 2, h.slice/4); err != nil { // before the first batch no speed is known
			return err
		}
		before, err := s.counts(ctx)
		if err != nil {
			return err
		}
		wait := 12 * h.objective / 10
		l, err := h.open(ctx, c, "poisson", 5*peak/float64(h.size), 2*h.slice, load.Config{Timeout: wait})
		if err != nil {
			return err
		}
		if _, _, err := s.awaitIdle(context.WithoutCancel(ctx), whatever, 0, 10*time.Second); err != nil {
			return err
		}
		after, err := s.counts(context.WithoutCancel(ctx))
		if err != nil {
			return err
		}
		computed := after.computed() - before.computed()
		wasted := computed - l.Pairs
		h.report(record{
			Goal: "leavers", Value: 100 * float64(wasted) / float64(computed),
			Note: fmt.Sprintf("%d of %d pairs; of %d callers, who leave after %.0f ms, %d were answered, %d refused and %d left",
				wasted, computed, len(l.records), stats.Milliseconds(wait), l.count(crossrank.OK), l.count(crossrank.Overloaded),
				l.count(crossrank.DeadlineExceeded, crossrank.Canceled)),
		})
		return nil
	})
}
