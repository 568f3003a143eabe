package server

import (
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

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
