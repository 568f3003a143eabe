package server

import (
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/scorertest"
)

// blackout is how long a client waits for reports before it weighs servers by them.
const blackout = 1500 * time.Millisecond

// TestClientsBalance puts one client before three servers, of which one is four times as slow, and
// then kills another.
func TestClientsBalance(t *testing.T) {
	delays := []time.Duration{30 * time.Millisecond, 30 * time.Millisecond, 120 * time.Millisecond}
	var fakes []*scorertest.Fake
	var proxies []*proxy
	var target strings.Builder
	target.WriteString("grpc://")
	for i, delay := range delays {
		fakes = append(fakes, &scorertest.Fake{Delay: delay})
		proxies = append(proxies, newProxy(t, start(t, fakes[i], Config{}).GRPCAddr()))
		if i > 0 {
			target.WriteString(",")
		}
		target.WriteString(proxies[i].addr())
	}
	c := dialWith(t, target.String(), client.Options{Retries: 3})
	var sent, failed atomic.Int64
	stop := make(chan struct{})
	var callers sync.WaitGroup
	end := sync.OnceFunc(func() {
		close(stop)
		callers.Wait()
	})
	defer end()
	for range 24 {
		callers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				sent.Add(1)
				if _, err := c.Score(t.Context(), request("q")); err != nil {
					failed.Add(1)
					t.Errorf("a call failed: %v", err)
					return
				}
			}
		})
	}
	counts := func() (n [3]int) {
		for i, f := range fakes {
			n[i] = f.Calls()
		}
		return n
	}
	time.Sleep(blackout)
	before := counts()
	for deadline := time.Now().Add(patience); ; {
		time.Sleep(time.Second)
		after := counts()
		healthy := float64(after[0]-before[0]+after[1]-before[1]) / 2
		slow := float64(after[2] - before[2])
		if slow >= 1 && slow <= 0.35*healthy {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the slow server got %.0f calls and a healthy one %.0f, want at most 35 %% of it, and some", slow, healthy)
		}
		before = after
	}

	proxies[0].kill()
	before = counts()
	time.Sleep(500 * time.Millisecond)
	end()
	if after := counts(); after[1] == before[1] || after[2] == before[2] {
		t.Errorf("the servers that are left got no calls: %v, then %v", before, after)
	}
	t.Logf("%d calls, %d failed", sent.Load(), failed.Load())
}

// TestFailingServerIsEjected: a server that fails everything, though it is ready, gets no more
// calls for a while, and comes back when it works again.
func TestFailingServerIsEjected(t *testing.T) {
	var broken atomic.Bool
	broken.Store(true)
	fakes := []*scorertest.Fake{{Fault: func(*crossrank.Request) error {
		if broken.Load() {
			return crossrank.Errorf(crossrank.Internal, "broken")
		}
		return nil
	}}, {}, {}}
	var targets []string
	for _, f := range fakes {
		targets = append(targets, start(t, f, Config{}).GRPCAddr())
	}
	c := dialWith(t, "grpc://"+strings.Join(targets, ","), client.Options{})
	failed := 0
	next := func() {
		if _, err := c.Score(t.Context(), request("q")); err != nil {
			failed++
		}
	}
	deadline := time.Now().Add(patience)
	for quiet, calls := 0, 0; quiet < 100 || failed < 5; quiet++ {
		if next(); fakes[0].Calls() > calls {
			quiet, calls = 0, fakes[0].Calls()
		}
		if time.Now().After(deadline) {
			t.Fatalf("the broken server still gets calls: %d of them, and the others %d and %d", calls, fakes[1].Calls(), fakes[2].Calls())
		}
	}
	t.Logf("%d calls failed before the server was ejected", failed)

	broken.Store(false)
	for calls := fakes[0].Calls(); fakes[0].Calls() < calls+10; time.Sleep(time.Millisecond) {
		if next(); time.Now().After(deadline) {
			t.Fatal("the server works again and gets no calls")
		}
	}
}

// TestClientsResolveNames: the name in a target is resolved to the addresses of its servers.
func TestClientsResolveNames(t *testing.T) {
	_, port, err := net.SplitHostPort(start(t, &scorertest.Fake{}, Config{}).GRPCAddr())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dialWith(t, "dns:///localhost:"+port, client.Options{}).Score(t.Context(), request("q")); err != nil {
		t.Errorf("by name: %v", err)
	}
	_, err = dialWith(t, "dns:///nowhere.invalid:"+port, client.Options{}).Score(t.Context(), request("q"))
	if crossrank.CodeOf(err) != crossrank.Unavailable || !strings.Contains(err.Error(), "nowhere.invalid") {
		t.Errorf("a name without addresses: %v, want Unavailable with the name", err)
	}
}

// proxy forwards connections to a server until it is killed: then they are cut, in the middle of
// whatever they carry, and no more are taken.
type proxy struct {
	listener net.Listener
	backend  string
	running  sync.WaitGroup

	mu    sync.Mutex
	dead  bool
	conns []net.Conn
}

func newProxy(t *testing.T, backend string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, backend: backend}
	p.running.Go(p.serve)
	t.Cleanup(p.kill)
	return p
}

func (p *proxy) addr() string { return p.listener.Addr().String() }

func (p *proxy) serve() {
	for {
		in, err := p.listener.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", p.backend)
		if err != nil {
			in.Close()
			continue
		}
		if !p.keep(in, out) {
			return
		}
		p.running.Go(func() { pipe(in, out) })
		p.running.Go(func() { pipe(out, in) })
	}
}

func pipe(to, from net.Conn) {
	_, _ = io.Copy(to, from) // it ends when either side does
	to.Close()
	from.Close()
}

// keep notes connections for kill; it closes them and says no if that has been.
func (p *proxy) keep(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns = append(p.conns, conns...)
	if p.dead {
		for _, c := range conns {
			c.Close()
		}
	}
	return !p.dead
}

func (p *proxy) kill() {
	p.mu.Lock()
	p.dead = true
	p.listener.Close()
	for _, c := range p.conns {
		c.Close()
	}
	p.mu.Unlock()
	p.running.Wait()
}
