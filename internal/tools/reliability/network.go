package main

import (
	"context"
	"fmt"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/faultproxy"
	"github.com/crossrank/crossrank/internal/load"
)

// faults are what goes wrong in the network, by the goal that is measured meanwhile.
var faults = []struct {
	goal  string
	fault faultproxy.Fault
}{
	{"net-delay", faultproxy.Fault{Delay: 700 * time.Millisecond}},
	{"net-reset", faultproxy.Fault{ResetAfter: 300}},
	{"net-refuse", faultproxy.Fault{Refuse: true, ResetAfter: 1}},
	{"net-halfopen", faultproxy.Fault{HalfOpen: true}},
	{"net-slow", faultproxy.Fault{BytesPerSecond: 200}},
}

// netDeadline is the deadline of each request.
const netDeadline = time.Second

// network puts proxies between callers, who try again, and the server.
func network(ctx context.Context, b *bench) (err error) {
	p, err := b.start(ctx, unbounded)
	if err != nil {
		return err
	}
	defer func() { err = orFirst(err, p.stop()) }()
	var proxies []*faultproxy.Proxy
	var clients []*client.Client
	for _, protocol := range []struct{ scheme, addr string }{{"grpc://", p.GRPC}, {"http://", p.HTTP}} {
		proxy, err := faultproxy.Listen(protocol.addr)
		if err != nil {
			return err
		}
		defer proxy.Close()
		c, err := client.Dial(protocol.scheme+proxy.Addr(), client.Options{Retries: 3})
		if err != nil {
			return err
		}
		defer c.Close()
		proxies, clients = append(proxies, proxy), append(clients, c)
	}
	set := func(f faultproxy.Fault) {
		for _, proxy := range proxies {
			proxy.Set(f)
		}
	}
	steady := *b
	steady.pairs = light
	s := &spread{clients: clients}
	for _, f := range faults {
		if ctx.Err() != nil {
			return nil
		}
		set(f.fault)
		l, err := steady.openly(ctx, s, "poisson", 20, b.slice/2, load.Config{Batch: 1, Timeout: netDeadline})
		set(faultproxy.Fault{})
		if err != nil {
			return err
		}
		healed, err := heals(ctx, clients)
		b.report(b.ofNetwork(f.goal, l, healed, err))
	}
	return nil
}

func (b *bench) ofNetwork(goal string, l sent, healed time.Duration, failure error) record {
	var longest time.Duration
	for i := range l.records {
		longest = max(longest, l.records[i].Finished-l.records[i].Started-netDeadline)
	}
	r := record{Goal: goal, Value: max(0, longest.Round(time.Millisecond).Seconds()), Note: fmt.Sprintf(
		"of %d requests with a deadline of %v %d were answered, %d ended at the deadline, %d were told that there is no server; in order again %.1f s after the network",
		len(l.records), netDeadline, l.count(crossrank.OK), l.count(crossrank.DeadlineExceeded), l.count(crossrank.Unavailable), healed.Seconds())}
	if failure != nil {
		r.Fault = fmt.Sprintf("with the network in order again: %v", failure)
	}
	if n := l.count(crossrank.Internal); n > 0 {
		r.Fault = fmt.Sprintf("%d requests ended as a fault of the program, the first with: %v", n, l.FirstError)
	}
	return r
}

// heals waits until each client is answered again, and tells how long that took.
func heals(ctx context.Context, clients []*client.Client) (time.Duration, error) {
	const within = 30 * time.Second
	began := time.Now()
	for _, c := range clients {
		for {
			one, cancel := context.WithTimeout(ctx, netDeadline)
			_, err := c.Score(one, &crossrank.Request{Pairs: light})
			cancel()
			if err == nil || ctx.Err() != nil {
				break
			}
			if time.Since(began) > within {
				return within, err
			}
			pause(ctx, 50*time.Millisecond)
		}
	}
	return time.Since(began), nil
}
