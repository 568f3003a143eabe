// Package faultproxy forwards TCP connections to a server and injects network faults.
//
// A test puts a [Proxy] between a client and a server, sets a [Fault], and observes the client. A
// fault applies from the moment it is set, also to open connections, until another is set. The zero
// Fault is a network without faults.
//
// A proxy sees bytes, not packets, so it cannot lose or reorder what TCP repairs anyway. It injects
// what remains of such faults above TCP: bytes that arrive late, slowly or never, and connections
// that end.
package faultproxy

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// Fault is a set of network faults.
type Fault struct {
	Delay          time.Duration // before each piece of at most 4 KiB, in either direction
	BytesPerSecond int           // of replies, per connection; 0 = unlimited
	ResetAfter     int64         // bytes of replies after which both ends are reset; 0 = never
	HalfOpen       bool          // connections are accepted and stay open, but nothing is forwarded
	Refuse         bool          // new connections are reset
}

// Proxy listens on a loopback address. It is safe for concurrent use.
type Proxy struct {
	target string
	listen net.Listener
	links  sync.WaitGroup

	mu      sync.Mutex
	fault   Fault
	changed chan struct{} // closed when another fault is set
	open    map[*link]struct{}
	closed  bool
}

// Listen starts to forward connections to target, host:port.
func Listen(target string) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for a fault proxy: %w", err)
	}
	p := &Proxy{target: target, listen: l, changed: make(chan struct{}), open: map[*link]struct{}{}}
	p.links.Go(p.accept)
	return p, nil
}

// Addr is the address of the proxy, as host:port.
func (p *Proxy) Addr() string { return p.listen.Addr().String() }

// Set replaces the fault.
func (p *Proxy) Set(f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = f
	close(p.changed)
	p.changed = make(chan struct{})
}

// Open is the number of forwarded connections.
func (p *Proxy) Open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.open)
}

// Close ends all connections and waits until no goroutine of the proxy runs.
func (p *Proxy) Close() error {
	err := p.listen.Close()
	p.mu.Lock()
	p.closed = true
	for l := range p.open {
		l.end(false)
	}
	p.mu.Unlock()
	p.links.Wait()
	return err
}

// now returns the current fault, and a channel that is closed when it changes.
func (p *Proxy) now() (Fault, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fault, p.changed
}

func (p *Proxy) accept() {
	for {
		client, err := p.listen.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(time.Millisecond) // out of file descriptors, for now
			continue
		}
		p.links.Go(func() { p.serve(client) })
	}
}

// serve forwards one connection until either end closes it.
func (p *Proxy) serve(client net.Conn) {
	l := &link{proxy: p, client: client, done: make(chan struct{})}
	if f, _ := p.now(); f.Refuse {
		l.end(true)
		return
	}
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		l.end(true)
		return
	}
	l.server = server
	if !p.enter(l) {
		l.end(false)
		return
	}
	defer p.leave(l)
	var pumps sync.WaitGroup
	pumps.Go(func() { l.pump(server, client, false) })
	pumps.Go(func() { l.pump(client, server, true) })
	pumps.Wait()
}

func (p *Proxy) enter(l *link) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.open[l] = struct{}{}
	return true
}

func (p *Proxy) leave(l *link) {
	l.end(false)
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, l)
}
