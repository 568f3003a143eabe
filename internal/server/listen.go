package server

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"syscall"
)

// listen binds addr, which the flag of that name gave.
func listen(flag, addr string, cfg Config) (net.Listener, error) {
	fail := func(err error) error { return fmt.Errorf("%s %s: %w", flag, addr, err) }
	tcp, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return nil, fail(err)
	}
	if !cfg.AllowPublic && !cfg.asks() && !tcp.IP.IsLoopback() {
		return nil, fail(errors.New("other machines could reach this address, and nothing would ask them who they are; " +
			"use 127.0.0.1, ask for keys with --api-keys-file, or give --insecure-no-auth if that is meant"))
	}
	if cfg.needsKey() && cfg.TLS == (TLS{}) && !tcp.IP.IsLoopback() {
		cfg.Log.Warn("API keys reach this address unencrypted; give --tls-cert and --tls-key, or put TLS before it", flag, addr)
	}
	return bind(flag, addr, tcp, cfg)
}

// bind listens at the address that addr was found to be: what was judged is bound, and a name is not looked up twice.
func bind(flag, addr string, tcp *net.TCPAddr, cfg Config) (net.Listener, error) {
	fail := func(err error) error { return fmt.Errorf("%s %s: %w", flag, addr, err) }
	l, err := net.ListenTCP("tcp", tcp)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fail(errors.New("the port is in use; stop what listens there, or choose another address"))
	case err != nil:
		return nil, fail(err)
	}
	return &bounded{Listener: l, most: cfg.Connections, each: cfg.AddressConnections}, nil
}

// bounded is a listener that closes at once what would be a connection too many, of all or of those from one address. (One
// that waited instead would leave callers hanging, and probes among them.)
//
// Addresses of this machine have no bound of their own: what runs here shares one address, a proxy that stands before the
// server among it, and does the server no harm that it could not do otherwise.
type bounded struct {
	net.Listener
	most int
	each int // negative means no bound

	mu   sync.Mutex
	open int
	from map[netip.Addr]int // open connections, by address
}

func (b *bounded) Accept() (net.Conn, error) {
	for {
		conn, err := b.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from := origin(conn.RemoteAddr())
		if b.take(from) {
			return &counted{Conn: conn, release: sync.OnceFunc(func() { b.giveBack(from) })}, nil
		}
		_ = conn.Close() // it is refused either way
	}
}

// take counts a connection from an address, unless it would be one too many.
func (b *bounded) take(from netip.Addr) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.open >= b.most {
		return false
	}
	if b.each >= 0 && from.IsValid() {
		if b.from[from] >= b.each {
			return false
		}
		if b.from == nil {
			b.from = map[netip.Addr]int{}
		}
		b.from[from]++
	}
	b.open++
	return true
}

func (b *bounded) giveBack(from netip.Addr) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.open--
	if b.from[from] > 1 {
		b.from[from]--
	} else {
		delete(b.from, from) // so that the map is no larger than what is open
	}
}

// origin is what connections are counted by: the address, of IPv6 the /64 that one customer of a provider has, and nothing
// for this machine's own.
func origin(a net.Addr) netip.Addr {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	ip := tcp.AddrPort().Addr().Unmap().WithZone("")
	switch {
	case ip.IsLoopback():
		return netip.Addr{}
	case ip.Is6():
		if network, err := ip.Prefix(64); err == nil {
			return network.Addr()
		}
	}
	return ip
}

// counted is a connection that gives its place back when it is closed.
type counted struct {
	net.Conn
	release func()
}

func (c *counted) Close() error {
	defer c.release()
	return c.Conn.Close()
}
