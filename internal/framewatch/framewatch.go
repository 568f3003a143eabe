// Package framewatch limits the memory that partially received gRPC messages take, by reading the
// HTTP/2 frames of every connection as they pass.
//
// grpc buffers a message until it is complete and only then calls a handler or an interceptor, so
// nothing of a server can refuse a message while it arrives. With many streams on many connections,
// each of which stops one byte before the end of its message, those buffers add up to far more than
// any machine has. Package framewatch sits between grpc and the network: it parses the frame
// headers in both directions, counts the bytes of incomplete messages per connection (frames.go,
// conn.go), and closes the connection that holds the most when all of them together exceed a limit
// (this file). Peers that send complete messages count nothing and are never closed.
//
// A [PartialMessageLimiter] is used through the credentials of a grpc server:
//
//	limiter := framewatch.NewPartialMessageLimiter(256 << 20)
//	grpc.NewServer(grpc.Creds(limiter.Credentials(insecure.NewCredentials())))
package framewatch

import (
	"net"
	"sync"

	"google.golang.org/grpc/credentials"
)

// PartialMessageLimiter limits the total bytes of incomplete gRPC messages over all connections.
// When the total exceeds the limit, it closes the connections that hold the most until the rest
// fits; callers on a closed connection get the status Unavailable. It is safe for concurrent use.
//
// On top of the limit, a stream holds up to its flow-control window, 64 KiB, of data that its
// handler has not read yet.
type PartialMessageLimiter struct {
	limit int64

	mu    sync.Mutex
	total int64
	conns map[*conn]int64 // bytes held by each connection
}

// NewPartialMessageLimiter makes a limiter for that many bytes.
func NewPartialMessageLimiter(limit int64) *PartialMessageLimiter {
	return &PartialMessageLimiter{limit: limit, conns: map[*conn]int64{}}
}

// Held is the total of bytes held now.
func (l *PartialMessageLimiter) Held() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.total
}

// Credentials wraps a server's credentials. Every connection is watched from the end of its
// handshake, so under TLS the frames are read after decryption.
func (l *PartialMessageLimiter) Credentials(creds credentials.TransportCredentials) credentials.TransportCredentials {
	return &watchedCredentials{creds, l}
}

type watchedCredentials struct {
	credentials.TransportCredentials
	limiter *PartialMessageLimiter
}

// ServerHandshake implements [credentials.TransportCredentials].
func (w *watchedCredentials) ServerHandshake(raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	inner, info, err := w.TransportCredentials.ServerHandshake(raw)
	if err != nil {
		return nil, nil, err
	}
	return w.limiter.watch(inner, raw), info, nil
}

// Clone implements [credentials.TransportCredentials].
func (w *watchedCredentials) Clone() credentials.TransportCredentials {
	return &watchedCredentials{w.TransportCredentials.Clone(), w.limiter}
}

// watch registers a connection. The raw connection is the one below TLS.
func (l *PartialMessageLimiter) watch(inner, raw net.Conn) *conn {
	c := newConn(inner, raw, l)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns[c] = 0
	return c
}

// add changes the bytes that a connection holds and closes the largest holders if the total is over
// the limit.
func (l *PartialMessageLimiter) add(c *conn, delta int64) {
	for _, victim := range l.evict(c, delta) {
		// Closed below TLS, because TLS would first try to send an alert to a peer that may not
		// read. The transport notices the closed connection and releases the rest.
		_ = victim.raw.Close()
	}
}

// evict applies delta and removes the largest holders from the accounting until the rest fits.
func (l *PartialMessageLimiter) evict(c *conn, delta int64) (victims []*conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.conns[c]; !ok {
		return nil // already closed, or about to be
	}
	l.conns[c] += delta
	l.total += delta
	for l.total > l.limit {
		var largest *conn
		for c, held := range l.conns {
			if largest == nil || held > l.conns[largest] {
				largest = c
			}
		}
		l.total -= l.conns[largest]
		delete(l.conns, largest)
		victims = append(victims, largest)
	}
	return victims
}

// remove ends the accounting of a connection. It may be called twice.
func (l *PartialMessageLimiter) remove(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total -= l.conns[c]
	delete(l.conns, c)
}
