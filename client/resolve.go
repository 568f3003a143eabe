package client

import (
	"context"
	"net"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc/resolver"
)

const (
	resolveEvery = 5 * time.Second // while addresses are known
	resolveAgain = time.Second     // while none is known, and at least between two questions
)

// dnsBuilder builds resolvers that ask DNS for the addresses of a name again and again, so that a
// client finds servers that are added. grpc's own resolver asks again only when a connection ends.
type dnsBuilder struct {
	lookup func(ctx context.Context, host string) ([]string, error)
}

func (dnsBuilder) Scheme() string { return "dns" }

func (b dnsBuilder) Build(to resolver.Target, conn resolver.ClientConn, _ resolver.BuildOptions) (resolver.Resolver, error) {
	host, port, err := net.SplitHostPort(to.Endpoint())
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	r := &dnsResolver{builder: b, conn: conn, host: host, port: port, now: make(chan struct{}, 1), stop: stop}
	r.running.Go(func() { r.run(ctx) })
	return r, nil
}

// dnsResolver is the resolver of one connection.
type dnsResolver struct {
	builder    dnsBuilder
	conn       resolver.ClientConn
	host, port string
	now        chan struct{} // asks for the next question soon
	stop       context.CancelFunc
	running    sync.WaitGroup
}

// ResolveNow asks DNS soon: grpc calls it when a connection ends.
func (r *dnsResolver) ResolveNow(resolver.ResolveNowOptions) {
	select {
	case r.now <- struct{}{}:
	default:
	}
}

func (r *dnsResolver) Close() {
	r.stop()
	r.running.Wait()
}

func (r *dnsResolver) run(ctx context.Context) {
	var known []string
	for ctx.Err() == nil {
		known = r.resolve(ctx, known)
		wait(ctx, resolveAgain, nil)
		if known != nil {
			wait(ctx, resolveEvery-resolveAgain, r.now)
		}
	}
}

// resolve asks once and reports addresses that changed. When DNS does not answer, those that are
// known stay.
func (r *dnsResolver) resolve(ctx context.Context, known []string) []string {
	found, err := r.builder.lookup(ctx, r.host)
	if err != nil || len(found) == 0 {
		if known == nil && err != nil && ctx.Err() == nil {
			r.conn.ReportError(err)
		}
		return known
	}
	slices.Sort(found)
	if found = slices.Compact(found); slices.Equal(found, known) {
		return known
	}
	var s resolver.State
	for _, ip := range found {
		s.Endpoints = append(s.Endpoints, resolver.Endpoint{Addresses: []resolver.Address{{Addr: net.JoinHostPort(ip, r.port)}}})
	}
	_ = r.conn.UpdateState(s) // its error asks for another question, which comes anyway
	return found
}

// wait waits for d, for a message, or for the end of ctx.
func wait(ctx context.Context, d time.Duration, sooner <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-sooner:
	case <-ctx.Done():
	}
}
