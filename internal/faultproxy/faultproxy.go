// Package faultproxy passes TCP connections on to a server and has them go wrong as it is told.
//
// A test puts a [Proxy] between a client and a server, sets a [Fault], and looks at what the client makes of it. A fault
// holds from the moment that it is set, for connections that are open already too, and until another is set; the zero
// Fault is a network in order.
//
// A proxy sees bytes, not packets, so it cannot lose or reorder what TCP would mend anyway. What it can do is what is left
// of such troubles above TCP: bytes that come late, slowly or never, and connections that end.
package faultproxy

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// Fault is what goes wrong. Several may be set at once.
type Fault struct {
	Delay          time.Duration // before each piece of at most 4 KiB, in either direction
	BytesPerSecond int           // of the server's answers on a connection; 0 for no bound
	ResetAfter     int64         // both ends of a connection are reset once so many bytes of answers went through it; 0 for never
	HalfOpen       bool          // connections are taken and stay open, but nothing goes through
	Refuse         bool          // new connections are reset at once
}

// Proxy listens on a loopback address of its own. It is safe for concurrent use.
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

// Listen begins to pass connections on to target, host:port.
func Listen(target string) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for a fault proxy: %w", err)
	}
	p := &Proxy{target: target, listen: l, changed: make(chan struct{}), open: map[*link]struct{}{}}
	p.links.Go(p.accept)
	return p, nil
}

// Addr is where clients find the proxy, as host:port.
func (p *Proxy) Addr() string { return p.listen.Addr().String() }

// Set replaces the fault.
func (p *Proxy) Set(f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = f
	close(p.changed)
	p.changed = make(chan struct{})
}

// Open is the number of connections that are passed on.
func (p *Proxy) Open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.open)
}

// Close ends all connections and waits until nothing of the proxy runs any more.
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

// now is the fault of the moment, and what tells of the next one.
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
			time.Sleep(time.Millisecond) // out of descriptors, which pass
			continue
		}
		p.links.Go(func() { p.serve(client) })
	}
}

// serve passes one connection on until either end is done with it.
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
