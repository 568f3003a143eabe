package faultproxy

import (
	"net"
	"sync"
	"time"
)

// link is a connection of a client and its connection to the server.
type link struct {
	proxy          *Proxy
	client, server net.Conn
	ended          sync.Once
	done           chan struct{} // closed when either end is closed
}

// end closes both ends, with a reset if asked for. Peers see a reset as a failure and not as an
// orderly end.
func (l *link) end(reset bool) {
	l.ended.Do(func() {
		close(l.done)
		for _, c := range []net.Conn{l.client, l.server} {
			if c == nil {
				continue
			}
			if tcp, ok := c.(*net.TCPConn); ok && reset {
				_ = tcp.SetLinger(0) // has close send RST
			}
			c.Close()
		}
	})
}

// pump forwards bytes in one direction until it ends, then ends the link: neither HTTP nor gRPC
// continues with half a connection.
func (l *link) pump(to, from net.Conn, answers bool) {
	defer l.end(false)
	buf := make([]byte, 4<<10)
	var passed int64 // of answers
	for {
		n, err := from.Read(buf)
		if n > 0 && !l.pass(to, buf[:n], answers, &passed) || err != nil {
			return
		}
	}
}

// pass writes a piece under the current fault, and reports whether the link is still open.
func (l *link) pass(to net.Conn, piece []byte, answers bool, passed *int64) bool {
	f, changed := l.proxy.now()
	for f.HalfOpen {
		select {
		case <-l.done:
			return false
		case <-changed:
		}
		f, changed = l.proxy.now()
	}
	if !l.wait(f.Delay) {
		return false
	}
	if !answers {
		_, err := to.Write(piece)
		return err == nil
	}
	if f.ResetAfter > 0 && *passed+int64(len(piece)) > f.ResetAfter {
		_, _ = to.Write(piece[:max(0, f.ResetAfter-*passed)])
		l.end(true)
		return false
	}
	*passed += int64(len(piece))
	return l.drip(to, piece, f.BytesPerSecond)
}

// drip writes a piece at a limited rate, in ten portions per second.
func (l *link) drip(to net.Conn, piece []byte, perSecond int) bool {
	portion := len(piece)
	if perSecond > 0 {
		portion = max(1, perSecond/10)
	}
	for len(piece) > 0 {
		n := min(portion, len(piece))
		if _, err := to.Write(piece[:n]); err != nil {
			return false
		}
		piece = piece[n:]
		if perSecond > 0 && !l.wait(time.Second/10) {
			return false
		}
	}
	return true
}

// wait waits for d, and reports whether the link is still open.
func (l *link) wait(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-l.done:
		return false
	}
}
