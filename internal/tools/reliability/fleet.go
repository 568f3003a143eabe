package main

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/load"
	"github.com/crossrank/crossrank/internal/netns"
	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/serverproc"
)

const (
	fleetServers  = 3                // at the beginning
	fleetDeadline = 30 * time.Second // of each request, the default of servers
	fleetPatience = 2 * time.Minute  // for a server to get requests
	fleetLook     = 250 * time.Millisecond
)

// uniform are the pairs of the fleet's requests: all alike, so that only the servers make their
// times differ, and long beside the turns of a server that is slowed.
var uniform = []crossrank.Pair{{
	Query: light[0].Query, Passage: strings.Repeat(light[0].Passage+" ", 8),
}}

// fleet is servers on a host each, and one client that knows them by a name.
type fleet struct {
	*harness
	network *netns.Network
	hosts   []*netns.Host
	names   *nameServer
	client  *client.Client
	servers []*server // by host
}

// testFleet starts a fleet and does to it what happens to fleets.
func testFleet(ctx context.Context, h *harness) (err error) {
	alike := *h
	alike.pairs = uniform
	f := &fleet{harness: &alike}
	defer func() {
		h.records = f.records
		err = cmp.Or(err, f.close())
	}()
	if err := f.start(ctx); err != nil {
		return err
	}
	for _, happens := range []func(context.Context) error{f.steady, f.slowed, f.killed, f.cutOff, f.rolled, f.added} {
		if err := happens(ctx); err != nil || ctx.Err() != nil {
			return err
		}
	}
	return nil
}

func (f *fleet) start(ctx context.Context) (err error) {
	favor() // or a machine that is busy would slow all servers alike, and the slow one less
	if f.network, err = netns.Build(ctx); err != nil {
		return err
	}
	if f.names, err = newNameServer(); err != nil {
		return err
	}
	net.DefaultResolver = f.names.resolver() // the client's; the network has no other
	for range fleetServers {
		if err := f.add(ctx); err != nil {
			return err
		}
	}
	f.publish()
	f.client, err = client.Dial("dns:///fleet.test:50051", client.Options{Retries: 3})
	return err
}

func (f *fleet) close() error {
	if f.client != nil {
		f.client.Close()
	}
	var failed error
	for _, s := range f.servers {
		failed = cmp.Or(failed, s.stop())
	}
	if f.names != nil {
		f.names.close()
	}
	return failed
}

// add adds a server. The client does not know it before publish.
func (f *fleet) add(ctx context.Context) error {
	host, err := f.network.Add(ctx)
	if err != nil {
		return err
	}
	f.hosts = append(f.hosts, host)
	s, err := f.startOn(ctx, host)
	if err == nil {
		f.servers = append(f.servers, s)
	}
	return err
}

// startOn starts a server on a host, with the addresses that it always has there. Servers have
// priority over the client, which shares their cores.
func (f *fleet) startOn(ctx context.Context, host *netns.Host) (*server, error) {
	p, err := serverproc.Start(ctx, serverproc.Config{
		Program:    f.program,
		Within:     append([]string{"nice", "-n", "-15"}, host.Command()...),
		Settings:   []byte(f.settings(unbounded, "insecure_no_auth: true")),
		GRPCAddr:   host.Address() + ":50051",
		HTTPAddr:   host.Address() + ":8080",
		Env:        environment(),
		ExitWithin: exitWithin,
	})
	if err != nil {
		return nil, err
	}
	return &server{p}, nil
}

// publish has DNS name all servers.
func (f *fleet) publish() {
	var all []netip.Addr
	for _, host := range f.hosts {
		all = append(all, netip.MustParseAddr(host.Address()))
	}
	f.names.set(all...)
}

// during sends requests at a steady rate until what happens meanwhile is over, and reports how many
// failed. The note of what happened goes with them.
func (f *fleet) during(ctx context.Context, goal string, happens func(ctx context.Context) (note string, err error)) error {
	const longest = time.Hour
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var note string
	var failed error
	var over atomic.Bool
	var events sync.WaitGroup
	events.Go(func() {
		defer over.Store(true)
		note, failed = happens(ctx)
	})
	l, err := f.open(ctx, f.client, "constant", f.rate, longest, load.Config{
		Batch: 1, Timeout: fleetDeadline, MaxUnderWay: 1 << 14,
		Record: func(results.Request) error {
			if over.Load() {
				return load.ErrEnough
			}
			return nil
		},
	})
	stop()
	events.Wait()
	if err := cmp.Or(failed, err); err != nil {
		return fmt.Errorf("%s: %w", goalOf(goal).what, err)
	}
	bad := len(l.records) - l.count(crossrank.OK)
	r := record{Goal: goal, Value: float64(bad)}
	ms := l.latencies(0, forever)
	r.Note = fmt.Sprintf("of %d; P99 %.0f ms, the longest %.0f ms; %s", len(l.records), p99(ms), longestOf(ms), note)
	if bad > 0 {
		r.Fault = fmt.Sprintf("the first failed with: %v", l.FirstError)
	}
	f.report(r)
	return nil
}

// served is how many requests each server has answered since it started.
func (f *fleet) served(ctx context.Context) ([]int, error) {
	var all []int
	for _, s := range f.servers {
		c, err := s.counts(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, c.ended(crossrank.OK))
	}
	return all, nil
}

// shares is how many requests each server answers in a time.
func (f *fleet) shares(ctx context.Context, d time.Duration) ([]int, error) {
	before, err := f.served(ctx)
	if err != nil {
		return nil, err
	}
	pause(ctx, d)
	after, err := f.served(ctx)
	if err != nil {
		return nil, err
	}
	for i := range after {
		after[i] -= before[i]
	}
	return after, nil
}

// awaitCalls waits until the nth server has answered more requests than before, and returns how
// long that took.
func (f *fleet) awaitCalls(ctx context.Context, n, before int) (time.Duration, error) {
	began := time.Now()
	for ; ctx.Err() == nil; pause(ctx, fleetLook) {
		if c, err := f.servers[n].counts(ctx); err == nil && c.ended(crossrank.OK) > before {
			break
		}
		if time.Since(began) > fleetPatience {
			return 0, fmt.Errorf("server %d is ready and gets no requests", n)
		}
	}
	return time.Since(began), nil
}

func longestOf(ms []float64) float64 {
	longest := 0.0
	for _, x := range ms {
		longest = max(longest, x)
	}
	return longest
}
