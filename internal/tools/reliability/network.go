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

// network puts proxies between the server and callers, who retry.
func network(ctx context.Context, h *harness) error {
	return h.withServer(ctx, unbounded, 0, func(s *server, _ *callers) error {
		p, err := newProxied(s)
		defer p.close()
		if err != nil {
			return err
		}
		steady := *h
		steady.pairs = light
		for _, f := range faults {
			if ctx.Err() != nil {
				return nil
			}
			p.set(f.fault)
			l, err := steady.open(ctx, &p.callers, "poisson", 20, h.slice/2, load.Config{Batch: 1, Timeout: netDeadline})
			p.set(faultproxy.Fault{})
			if err != nil {
				return err
			}
			healed, err := heals(ctx, p.clients)
			h.report(networkRecord(f.goal, l, healed, err))
		}
		return nil
	})
}

// proxied is callers behind proxies, one for each protocol.
type proxied struct {
	callers
	proxies []*faultproxy.Proxy
}

func newProxied(s *server) (*proxied, error) {
	p := &proxied{}
	for scheme, addr := range map[string]string{"grpc://": s.GRPC, "http://": s.HTTP} {
		proxy, err := faultproxy.Listen(addr)
		if err != nil {
			return p, err
		}
		p.proxies = append(p.proxies, proxy)
		c, err := client.Dial(scheme+proxy.Addr(), client.Options{Retries: 3})
		if err != nil {
			return p, err
		}
		p.clients = append(p.clients, c)
	}
	return p, nil
}

func (p *proxied) set(f faultproxy.Fault) {
	for _, proxy := range p.proxies {
		proxy.Set(f)
	}
}

func (p *proxied) close() {
	p.callers.close()
	for _, proxy := range p.proxies {
		proxy.Close()
	}
}

// networkRecord is what a fault came to, and how long the network's recovery took.
func networkRecord(goal string, l sent, healed time.Duration, failure error) record {
	var longest time.Duration
	for i := range l.records {
		longest = max(longest, l.records[i].Service()-netDeadline)
	}
	r := record{Goal: goal, Value: max(0, longest.Round(time.Millisecond).Seconds()), Note: fmt.Sprintf(
		"of %d requests with a deadline of %v %d were answered, %d ended at the deadline, %d found no server; answered again %.1f s after the network",
		len(l.records), netDeadline, l.count(crossrank.OK), l.count(crossrank.DeadlineExceeded), l.count(crossrank.Unavailable), healed.Seconds())}
	if failure != nil {
		r.Fault = fmt.Sprintf("after the fault: %v", failure)
	}
	if n := l.count(crossrank.Internal); n > 0 {
		r.Fault = fmt.Sprintf("%d requests ended as a fault of the program, the first with: %v", n, l.FirstError)
	}
	return r
}

// heals waits until each client is answered again, and returns how long that took.
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
