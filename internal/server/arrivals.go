package server

import (
	"encoding/binary"
	"net"
	"sync"

	"google.golang.org/grpc/credentials"
)

// arrivals bounds the bytes of gRPC messages that have come in part, over all connections.
//
// grpc reads a message whole before anybody is asked, each of up to the limit on messages, on each stream of each
// connection: in all, more than any machine has. It has no place where a message can be refused while it comes. So the bytes of
// each connection are followed here, and when together they hold too much, the connection that holds the most of it is closed. Its
// callers are told that it is unavailable. Callers whose messages come whole are never met: those count nothing.
//
// Beyond this, a stream holds up to its window, 64 KiB, of what its handler has not asked for.
type arrivals struct {
	most int64

	mu    sync.Mutex
	sum   int64
	conns map[*arriving]int64 // what each holds
}

func newArrivals(most int64) *arrivals { return &arrivals{most: most, conns: map[*arriving]int64{}} }

// guard gives credentials under which every connection is followed from its handshake on.
func (a *arrivals) guard(creds credentials.TransportCredentials) credentials.TransportCredentials {
	return &followed{creds, a}
}

// followed are credentials whose connections are.
type followed struct {
	credentials.TransportCredentials
	arrivals *arrivals
}

// ServerHandshake implements [credentials.TransportCredentials].
func (f *followed) ServerHandshake(raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	conn, info, err := f.TransportCredentials.ServerHandshake(raw)
	if err != nil {
		return nil, nil, err
	}
	return f.arrivals.follow(conn, raw), info, nil
}

// Clone implements [credentials.TransportCredentials].
func (f *followed) Clone() credentials.TransportCredentials {
	return &followed{f.TransportCredentials.Clone(), f.arrivals}
}

func (a *arrivals) follow(conn, raw net.Conn) *arriving {
	c := &arriving{Conn: conn, raw: raw, arrivals: a, in: frames{preface: prefaceSize}, streams: map[uint32]*partial{}}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.conns[c] = 0
	return c
}

// add counts bytes, which may be negative, of a connection, and closes those that hold the most until all is within the
// bound.
func (a *arrivals) add(c *arriving, bytes int64) {
	for _, victim := range a.count(c, bytes) {
		// Below TLS, which would want to take leave of its peer first. The transport finds out and closes the rest.
		_ = victim.raw.Close()
	}
}

func (a *arrivals) count(c *arriving, bytes int64) (victims []*arriving) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, ok := a.conns[c]; !ok {
		return nil // it is closed, or about to be
	}
	a.conns[c] += bytes
	a.sum += bytes
	for a.sum > a.most {
		var largest *arriving
		for c, held := range a.conns {
			if largest == nil || held > a.conns[largest] {
				largest = c
			}
		}
		a.sum -= a.conns[largest]
		delete(a.conns, largest)
		victims = append(victims, largest)
	}
	return victims
}

// forget ends the counting of a connection.
func (a *arrivals) forget(c *arriving) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sum -= a.conns[c]
	delete(a.conns, c)
}

// arriving is a connection of gRPC whose messages are counted while they come.
type arriving struct {
	net.Conn
	raw      net.Conn
	arrivals *arrivals

	mu      sync.Mutex
	in, out frames
	streams map[uint32]*partial // on which more can come
}

// partial is the message that comes on a stream: five bytes, of which four are its length, then so many more.
type partial struct {
	prefix [5]byte
	have   int   // bytes of the prefix
	left   int64 // bytes of the message that are still to come
	held   int64 // bytes of it that have come
}

// Read implements [net.Conn].
func (c *arriving) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if bytes := c.scanIn(p[:n]); bytes != 0 {
		c.arrivals.add(c, bytes)
	}
	return n, err
}

// Write implements [net.Conn].
func (c *arriving) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if bytes := c.scanOut(p[:n]); bytes != 0 {
		c.arrivals.add(c, bytes)
	}
	return n, err
}

// Close implements [net.Conn].
func (c *arriving) Close() error {
	c.arrivals.forget(c)
	return c.Conn.Close()
}

// scanIn follows what the peer sends, and returns by how much that changes what the connection holds.
func (c *arriving) scanIn(p []byte) (bytes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := &c.in
	f.read(p, func() {
		switch f.kind() {
		case frameHeaders:
			if f.ends() {
				bytes -= c.drop(f.stream())
			} else if c.streams[f.stream()] == nil {
				c.streams[f.stream()] = &partial{}
			}
		case frameReset:
			bytes -= c.drop(f.stream())
		}
	}, func(piece []byte) {
		if m := c.streams[f.stream()]; m != nil {
			bytes += m.take(piece)
		}
	}, func() {
		if f.ends() {
			bytes -= c.drop(f.stream())
		}
	})
	return bytes
}

// scanOut does so for what the server sends: once it has ended a stream, nothing that comes on it is kept.
func (c *arriving) scanOut(p []byte) (bytes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := &c.out
	f.read(p, func() {
		if f.kind() == frameReset || f.kind() == frameHeaders && f.ends() {
			bytes -= c.drop(f.stream())
		}
	}, func([]byte) {}, func() {})
	return bytes
}

// drop ends a stream and gives what it held.
func (c *arriving) drop(stream uint32) int64 {
	m := c.streams[stream]
	if m == nil {
		return 0
	}
	delete(c.streams, stream)
	return m.held
}

// take reads the next bytes of a stream, and returns by how much more it holds. A message that is whole counts no longer.
func (m *partial) take(p []byte) int64 {
	before := m.held
	for len(p) > 0 {
		if m.have < len(m.prefix) {
			n := copy(m.prefix[m.have:], p)
			m.have += n
			p = p[n:]
			if m.have < len(m.prefix) {
				break
			}
			m.left = int64(binary.BigEndian.Uint32(m.prefix[1:]))
		}
		n := min(m.left, int64(len(p)))
		m.left -= n
		m.held += n
		p = p[n:]
		if m.left == 0 {
			m.have, m.held = 0, 0
		}
	}
	return m.held - before
}
