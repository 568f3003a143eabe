package server

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"syscall"
)

// listen binds addr, the value of the setting at path.
func (s *Server) listen(path, addr string) (net.Listener, error) {
	cfg := &s.cfg
	tcp, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return nil, &SettingError{path, addr, err}
	}
	public := !tcp.IP.IsLoopback()
	if public && !cfg.AllowPublic && !cfg.authenticates() {
		return nil, settingError(path, addr, "other machines could reach this address, and callers are not "+
			"authenticated; use 127.0.0.1, or set server.api_keys_file, server.tls.client_ca or server.insecure_no_auth")
	}
	if public && cfg.needsKey() && cfg.TLS == (TLS{}) {
		cfg.Log.Warn("API keys reach this address unencrypted; set server.tls.cert and server.tls.key, "+
			"or put a proxy with TLS in front", path, addr)
	}
	return s.bind(path, addr, tcp)
}

// bind listens at tcp, the address that addr resolved to. The name is not resolved again: the
// address that was checked is the one that is bound.
func (s *Server) bind(path, addr string, tcp *net.TCPAddr) (net.Listener, error) {
	l, err := net.ListenTCP("tcp", tcp)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, settingError(path, addr, "the port is in use; stop what listens there, or choose another address")
	case err != nil:
		return nil, &SettingError{path, addr, err}
	}
	return &limitedListener{Listener: l, max: s.cfg.Connections, maxPerIP: s.cfg.AddressConnections, log: s.transportLog}, nil
}

// limitedListener is a listener that closes connections over a limit at once: over the limit in
// total, or over the limit per remote IP. If it left them waiting instead, callers and health
// probes would hang.
//
// Loopback addresses have no separate limit. Programs on this machine share one address, as do
// the callers behind a proxy here, and can harm the server in other ways anyway.
type limitedListener struct {
	net.Listener
	max      int
	maxPerIP int // negative = unlimited
	log      *transportLog

	mu    sync.Mutex
	open  int
	perIP map[netip.Addr]int // open connections
}

func (l *limitedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			if !errors.Is(err, net.ErrClosed) {
				l.log.acceptFailed(l.Addr().String(), err)
			}
			return nil, err
		}
		ip := limitedIP(conn.RemoteAddr())
		if l.acquire(ip) {
			return &limitedConn{Conn: conn, release: sync.OnceFunc(func() { l.release(ip) })}, nil
		}
		_ = conn.Close() // refused; its error changes nothing
	}
}

// acquire counts a connection from ip, unless that exceeds a limit.
func (l *limitedListener) acquire(ip netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open >= l.max {
		return false
	}
	if l.maxPerIP >= 0 && ip.IsValid() {
		if l.perIP[ip] >= l.maxPerIP {
			return false
		}
		if l.perIP == nil {
			l.perIP = map[netip.Addr]int{}
		}
		l.perIP[ip]++
	}
	l.open++
	return true
}

func (l *limitedListener) release(ip netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open--
	if l.perIP[ip] > 1 {
		l.perIP[ip]--
	} else {
		delete(l.perIP, ip) // keeps the map as small as the number of open connections
	}
}

// limitedIP is the address that the limit per IP counts: of IPv6 the /64, which one customer of a
// provider has; of loopback none.
func limitedIP(a net.Addr) netip.Addr {
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

// limitedConn is a connection that releases its place when it is closed.
type limitedConn struct {
	net.Conn
	release func()
}

func (c *limitedConn) Close() error {
	defer c.release()
	return c.Conn.Close()
}
