package framewatch

import (
	"encoding/binary"
	"net"
	"sync"
)

// conn is a gRPC connection whose incomplete messages are counted.
type conn struct {
	net.Conn
	raw     net.Conn
	limiter *PartialMessageLimiter

	mu      sync.Mutex
	in, out frameReader
	streams map[uint32]*partialMessage // streams on which the peer may send more
}

func newConn(inner, raw net.Conn, limiter *PartialMessageLimiter) *conn {
	return &conn{
		Conn:    inner,
		raw:     raw,
		limiter: limiter,
		in:      frameReader{preface: prefaceSize},
		streams: map[uint32]*partialMessage{},
	}
}

// Read implements [net.Conn].
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if delta := c.scanIn(p[:n]); delta != 0 {
		c.limiter.add(c, delta)
	}
	return n, err
}

// Write implements [net.Conn].
func (c *conn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if delta := c.scanOut(p[:n]); delta != 0 {
		c.limiter.add(c, delta)
	}
	return n, err
}

// Close implements [net.Conn].
func (c *conn) Close() error {
	c.limiter.remove(c)
	return c.Conn.Close()
}

// scanIn parses what the peer sends and returns the change in held bytes.
func (c *conn) scanIn(p []byte) (delta int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := &c.in
	f.read(p, func() {
		switch f.kind() {
		case frameHeaders:
			if f.endsStream() {
				delta -= c.drop(f.stream())
			} else if c.streams[f.stream()] == nil {
				c.streams[f.stream()] = &partialMessage{}
			}
		case frameReset:
			delta -= c.drop(f.stream())
		}
	}, func(piece []byte) {
		if m := c.streams[f.stream()]; m != nil {
			delta += m.add(piece)
		}
	}, func() {
		if f.endsStream() {
			delta -= c.drop(f.stream())
		}
	})
	return delta
}

// scanOut parses what the server sends and returns the change in held bytes. After the server ends
// a stream, grpc keeps nothing that arrives on it.
func (c *conn) scanOut(p []byte) (delta int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := &c.out
	f.read(p, func() {
		if f.kind() == frameReset || f.kind() == frameHeaders && f.endsStream() {
			delta -= c.drop(f.stream())
		}
	}, func([]byte) {}, func() {})
	return delta
}

// drop removes a stream and returns the bytes that it held.
func (c *conn) drop(stream uint32) int64 {
	m := c.streams[stream]
	if m == nil {
		return 0
	}
	delete(c.streams, stream)
	return m.held
}

// partialMessage is the gRPC message that arrives on a stream. Its prefix is a flag byte and four
// bytes of length.
type partialMessage struct {
	prefix    [5]byte
	prefixLen int   // bytes of the prefix received
	missing   int64 // bytes of the message not received yet
	held      int64 // bytes of the message received
}

// add parses the next bytes of a stream and returns the change in held bytes. A complete message no
// longer counts.
func (m *partialMessage) add(p []byte) int64 {
	before := m.held
	for len(p) > 0 {
		if m.prefixLen < len(m.prefix) {
			n := copy(m.prefix[m.prefixLen:], p)
			m.prefixLen += n
			p = p[n:]
			if m.prefixLen < len(m.prefix) {
				break
			}
			m.missing = int64(binary.BigEndian.Uint32(m.prefix[1:]))
		}
		n := min(m.missing, int64(len(p)))
		m.missing -= n
		m.held += n
		p = p[n:]
		if m.missing == 0 {
			m.prefixLen, m.held = 0, 0
		}
	}
	return m.held - before
}
