package server

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
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
	return &bounded{Listener: l, most: int64(cfg.Connections)}, nil
}

// bounded is a listener that closes at once what would be a connection too many. (One that waited instead would leave
// callers hanging, and probes among them.)
type bounded struct {
	net.Listener
	most int64
	open atomic.Int64
}

func (b *bounded) Accept() (net.Conn, error) {
	for {
		conn, err := b.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if b.open.Add(1) <= b.most {
			return &counted{Conn: conn, release: sync.OnceFunc(func() { b.open.Add(-1) })}, nil
		}
		b.open.Add(-1)
		_ = conn.Close() // it is refused either way
	}
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
