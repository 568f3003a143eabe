package client

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/resolver"
)

// resolved is a connection that notes what a resolver reports.
type resolved struct {
	resolver.ClientConn
	mu      sync.Mutex
	reports []string
}

func (r *resolved) UpdateState(s resolver.State) error {
	var found []string
	for _, e := range s.Endpoints {
		found = append(found, e.Addresses[0].Addr)
	}
	r.note(strings.Join(found, " "))
	return nil
}

func (r *resolved) ReportError(err error) { r.note(err.Error()) }

func (r *resolved) note(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reports = append(r.reports, text)
}

// taken are the reports since the last call.
func (r *resolved) taken() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := r.reports
	r.reports = nil
	return all
}

// TestDNSIsAskedAgain follows a name whose addresses change.
func TestDNSIsAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var answer []string
		asked := 0
		set := func(to ...string) {
			mu.Lock()
			defer mu.Unlock()
			answer = to
		}
		lookup := func(_ context.Context, host string) ([]string, error) {
			mu.Lock()
			defer mu.Unlock()
			asked++
			if answer == nil {
				return nil, errors.New("no such host " + host)
			}
			return slices.Clone(answer), nil
		}
		conn := &resolved{}
		r, err := dnsBuilder{lookup}.Build(resolver.Target{URL: url.URL{Scheme: "dns", Path: "/fleet:50051"}}, conn, resolver.BuildOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		expect := func(when string, after time.Duration, want ...string) {
			t.Helper()
			time.Sleep(after)
			synctest.Wait()
			if got := conn.taken(); !slices.Equal(got, want) {
				t.Errorf("%s: reports %q, want %q", when, got, want)
			}
		}
		expect("an unknown name", 0, "no such host fleet")
		set("10.0.0.2", "10.0.0.1")
		expect("once it is known", resolveAgain, "10.0.0.1:50051 10.0.0.2:50051")
		set("10.0.0.1", "10.0.0.2", "10.0.0.1")
		expect("in another order", 3*resolveEvery)
		set("10.0.0.1", "10.0.0.2", "fd00::3")
		expect("an address more", resolveEvery, "10.0.0.1:50051 10.0.0.2:50051 [fd00::3]:50051")
		set()
		expect("without an answer", 3*resolveEvery)
		set("10.0.0.1")
		expect("with an answer again", resolveEvery, "10.0.0.1:50051")

		set("10.0.0.4")
		before := asked
		for range 100 {
			r.ResolveNow(resolver.ResolveNowOptions{})
		}
		expect("when a connection has ended", resolveAgain+time.Millisecond, "10.0.0.4:50051")
		if asked > before+2 {
			t.Errorf("asked %d times for 100 wishes in a second", asked-before)
		}
	})
}

func TestDNSNeedsAPort(t *testing.T) {
	target := resolver.Target{URL: url.URL{Scheme: "dns", Path: "/fleet"}}
	if _, err := (dnsBuilder{}).Build(target, &resolved{}, resolver.BuildOptions{}); err == nil {
		t.Error(fmt.Sprint("a name without a port was accepted: ", target.Endpoint()))
	}
}
