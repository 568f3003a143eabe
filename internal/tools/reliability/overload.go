package main

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/load"
	"github.com/crossrank/crossrank/internal/stats"
)

// factors are the loads of the overload step, in peaks.
var factors = []float64{1.5, 2, 5, 10}

// connections is how many callers a load comes from, as the server sees it.
const connections = 4

// overload measures the peak, then puts more than that on the server, then waits until it is as quick as before.
func overload(ctx context.Context, b *bench) (err error) {
	p, err := b.start(ctx, b.queueAge())
	if err != nil {
		return err
	}
	defer func() { err = orFirst(err, p.stop()) }()
	clients, closeAll, err := p.dial(connections, client.Options{})
	if err != nil {
		return err
	}
	defer closeAll()
	s := &spread{clients: clients}

	if _, err := b.closed(ctx, s, 2, b.slice/4); err != nil { // warms up
		return err
	}
	alone, err := b.closed(ctx, s, 1, b.slice/2)
	if err != nil {
		return err
	}
	baseline := p99(alone.latencies(0, forever))
	peak, err := b.peak(ctx)
	if err != nil {
		return err
	}
	b.say("   without load P99 %.1f ms, peak %.1f pairs/s", baseline, peak)

	var loads []sent
	for _, f := range factors {
		l, err := b.openly(ctx, s, "poisson", f*peak/float64(b.size), b.slice, load.Config{Timeout: time.Minute})
		if err := cmp.Or(err, p.Err()); err != nil {
			return err
		}
		if ctx.Err() != nil {
			break // it is not whole
		}
		loads = append(loads, l)
		b.say("   %v × the load: %.1f pairs/s, %d answered, %d refused", f, l.goodput(b.ramp(), b.slice), l.count(crossrank.OK), l.count(crossrank.Overloaded))
	}
	if ctx.Err() == nil {
		if err := b.recovery(ctx, s, baseline); err != nil {
			return err
		}
		// The machine may be slower or faster than it was, so the peak is the mean of before and after.
		after, err := b.peak(ctx)
		if err != nil {
			return err
		}
		b.say("   peak afterwards %.1f pairs/s", after)
		peak = (peak + after) / 2
	}
	if len(loads) > 0 {
		b.reportLoads(loads, peak)
	}
	return nil
}

// ramp is how much of the beginning of a load does not count.
func (b *bench) ramp() time.Duration { return b.slice / 6 }

// peak is the goodput, in pairs a second, of a server that refuses nothing, with callers enough that the engine never waits
// for them and who send their next request when the last one is answered.
func (b *bench) peak(ctx context.Context) (pairs float64, err error) {
	p, err := b.start(ctx, unbounded)
	if err != nil {
		return 0, err
	}
	defer func() { err = orFirst(err, p.stop()) }()
	clients, closeAll, err := p.dial(connections, client.Options{})
	if err != nil {
		return 0, err
	}
	defer closeAll()
	s := &spread{clients: clients}
	const callers = 8
	if _, err := b.closed(ctx, s, callers, b.slice/6); err != nil { // warms up
		return 0, err
	}
	l, err := b.closed(ctx, s, callers, b.slice/2)
	if err != nil {
		return 0, err
	}
	if l.Failed() > 0 {
		return 0, fmt.Errorf("measuring the peak: %w", l.FirstError)
	}
	return l.PairsPerSecond(), nil
}

func (b *bench) reportLoads(loads []sent, peak float64) {
	var refusals float64
	refused := 0
	objective := stats.Milliseconds(b.objective)
	for i, l := range loads {
		name := strconv.FormatFloat(factors[i], 'g', -1, 64)
		good := l.goodput(b.ramp(), b.slice)
		var fault string
		if n := len(l.records) - l.count(crossrank.OK, crossrank.Overloaded); n > 0 {
			fault = fmt.Sprintf("%d requests ended otherwise, the first with: %v", n, l.FirstError)
		}
		b.report(record{
			Goal: "goodput-" + name, Value: 100 * good / peak, Fault: fault,
			Note: fmt.Sprintf("%.1f of %.1f pairs/s; of %d requests %d answered, %d refused", good, peak, len(l.records),
				l.count(crossrank.OK), l.count(crossrank.Overloaded)),
		})
		accepted := l.latencies(b.ramp(), forever)
		b.report(record{
			Goal: "latency-" + name, Value: p99(accepted) / objective,
			Note: fmt.Sprintf("%.0f ms of %d requests; the objective is %.0f ms", p99(accepted), len(accepted), objective),
		})
		if ms := l.refusals(); len(ms) > 0 {
			refusals, refused = max(refusals, p99(ms)), refused+len(ms)
		}
	}
	if refused == 0 {
		refusals = math.NaN()
	}
	b.report(record{Goal: "refusals", Value: refusals, Note: fmt.Sprintf("as callers see it, who share the machine; %d refusals", refused)})
}

// inARow is how many requests must be as quick as without load for that to be called back.
const inARow = 10

// recovery measures how long after the load the latency is what it was without.
func (b *bench) recovery(ctx context.Context, s crossrank.Scorer, baseline float64) error {
	l, err := b.closed(ctx, s, 1, max(10*time.Second, b.slice))
	if err != nil {
		return err
	}
	quick := 0
	for i, r := range l.records {
		if quick++; !r.OK() || stats.Milliseconds(r.Latency()) > 1.2*baseline {
			quick = 0
		}
		if quick == inARow {
			first := l.records[i+1-inARow]
			b.report(record{Goal: "recovery", Value: first.Started.Round(time.Millisecond).Seconds(), Note: fmt.Sprintf(
				"until %d requests in a row took at most 1.2 × the P99 without load, %.0f ms", inARow, baseline)})
			return nil
		}
	}
	b.report(record{Goal: "recovery", Value: l.Elapsed.Seconds(), Fault: "it was not back"})
	return nil
}

// leavers puts five times the load on a server whose callers leave when they have waited for as long as it should take at
// most: those over gRPC have told their deadline, those over HTTP just go.
func leavers(ctx context.Context, b *bench) (err error) {
	p, err := b.start(ctx, b.queueAge())
	if err != nil {
		return err
	}
	defer func() { err = orFirst(err, p.stop()) }()
	clients, closeAll, err := p.dial(connections, client.Options{})
	if err != nil {
		return err
	}
	defer closeAll()
	s := &spread{clients: clients}
	peak, err := b.peak(ctx)
	if err != nil {
		return err
	}
	if _, err := b.closed(ctx, s, 2, b.slice/4); err != nil { // warms up: before the first batch no speed is known
		return err
	}
	before, err := p.counts(ctx)
	if err != nil {
		return err
	}
	wait := 12 * b.objective / 10
	l, err := b.openly(ctx, s, "poisson", 5*peak/float64(b.size), 2*b.slice, load.Config{Timeout: wait})
	if err != nil {
		return err
	}
	if _, _, err := p.awaitIdle(context.WithoutCancel(ctx), whatever, 0, 10*time.Second); err != nil {
		return err
	}
	after, err := p.counts(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	computed := after.computed() - before.computed()
	wasted := computed - l.Pairs
	left := l.count(crossrank.DeadlineExceeded, crossrank.Canceled)
	b.report(record{
		Goal: "leavers", Value: 100 * float64(wasted) / float64(computed),
		Note: fmt.Sprintf("%d of %d pairs; of %d callers, who leave after %.0f ms, %d were answered, %d refused and %d left", wasted, computed,
			len(l.records), stats.Milliseconds(wait), l.count(crossrank.OK), l.count(crossrank.Overloaded), left),
	})
	return nil
}

// orFirst is the first error, if any.
func orFirst(errs ...error) error { return cmp.Or(errs...) }
