package server

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// peer is a client of HTTP/2 that sends whatever frames a test makes, whether they make sense or
// not.
type peer struct {
	net.Conn
	ended chan struct{} // closed once the server has hung up; nil of a peer that does not read

	mu     sync.Mutex
	window int // bytes of DATA that the connection may carry
	kinds  map[byte]int
	over   int // streams that the server has ended
}

// door is where a peer knocks.
type door struct {
	name   string
	addr   string
	secure *tls.Config // nil in the clear
	path   string      // of a call that is answered
}

// knock connects and says the opening words. Without reads, nothing that the server sends is ever
// read.
func (d door) knock(t *testing.T, reads bool) *peer {
	t.Helper()
	p := &peer{window: 65535, kinds: map[byte]int{}}
	var err error
	if d.secure != nil {
		p.Conn, err = tls.Dial("tcp", d.addr, d.secure)
	} else {
		p.Conn, err = net.Dial("tcp", d.addr)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	if reads {
		p.SetDeadline(time.Now().Add(3 * patience))
		p.ended = make(chan struct{})
		go p.listen()
	} else {
		p.SetDeadline(time.Now().Add(time.Second)) // the server may stop reading too
	}
	p.send([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frame(frameSettings, 0, 0, nil))
	return p
}

// The types and flags of frames that these tests use.
const (
	frameData         = 0x0
	frameHeaders      = 0x1
	frameReset        = 0x3
	frameSettings     = 0x4
	framePing         = 0x6
	frameGoAway       = 0x7
	frameWindow       = 0x8
	frameContinuation = 0x9

	flagEndStream  = 0x1
	flagEndHeaders = 0x4
	flagPadded     = 0x8
)

// listen counts what comes, and opens the connection's window as the server says.
func (p *peer) listen() {
	defer close(p.ended)
	var head [9]byte
	for {
		if _, err := io.ReadFull(p.Conn, head[:]); err != nil {
			return
		}
		payload := make([]byte, int(head[0])<<16|int(head[1])<<8|int(head[2]))
		if _, err := io.ReadFull(p.Conn, payload); err != nil {
			return
		}
		p.mu.Lock()
		p.kinds[head[3]]++
		if kind := head[3]; kind == frameReset || kind == frameGoAway || kind <= frameHeaders && head[4]&flagEndStream != 0 {
			p.over++
		}
		if head[3] == frameWindow && binary.BigEndian.Uint32(head[5:]) == 0 {
			p.window += int(binary.BigEndian.Uint32(payload))
		}
		p.mu.Unlock()
	}
}

// count is how many frames of a kind have come.
func (p *peer) count(kind byte) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.kinds[kind]
}

// answered waits until the server has ended a stream, or all of them.
func (p *peer) answered() bool {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		p.mu.Lock()
		over := p.over
		p.mu.Unlock()
		if over > 0 {
			return true
		}
		select {
		case <-p.ended:
			return true
		default:
		}
	}
	return false
}

// send sends frames, and tells whether the server still takes them.
func (p *peer) send(frames ...[]byte) bool {
	_, err := p.Write(bytes.Join(frames, nil))
	return err == nil
}

// data sends DATA on a stream, a frame of at most 16 KiB at a time, as far as the connection's
// window allows.
func (p *peer) data(stream uint32, flags byte, text []byte) bool {
	for len(text) > 0 {
		n := min(len(text), 16<<10)
		if !p.spend(n) {
			return false
		}
		last := byte(0)
		if n == len(text) {
			last = flags
		}
		if !p.send(frame(frameData, last, stream, text[:n])) {
			return false
		}
		text = text[n:]
	}
	return true
}

// spend waits for that much of the connection's window and takes it.
func (p *peer) spend(n int) bool {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		p.mu.Lock()
		enough := p.window >= n
		if enough {
			p.window -= n
		}
		p.mu.Unlock()
		if enough {
			return true
		}
		select {
		case <-p.ended:
			return false
		case <-time.After(100 * time.Microsecond):
		}
	}
	return false
}

// gone waits until the server has hung up.
func (p *peer) gone() bool {
	select {
	case <-p.ended:
		return true
	case <-time.After(patience):
		return false
	}
}

func frame(kind, flags byte, stream uint32, payload []byte) []byte {
	b := make([]byte, 9, 9+len(payload))
	b[0], b[1], b[2], b[3], b[4] = byte(len(payload)>>16), byte(len(payload)>>8), byte(len(payload)), kind, flags
	binary.BigEndian.PutUint32(b[5:], stream)
	return append(b, payload...)
}

// call is the headers of a POST to a path, and more of them in pairs of a name and a value.
func call(stream uint32, flags byte, path string, more ...string) []byte {
	block := fields(append([]string{
		":method", "POST", ":scheme", "http", ":path", path, ":authority", "x", "content-type", "application/grpc", "te", "trailers",
	}, more...)...)
	return frame(frameHeaders, flags|flagEndHeaders, stream, block)
}

// fields is a header block (RFC 7541) of literals that nobody keeps.
func fields(pairs ...string) []byte {
	var b []byte
	for i, s := range pairs {
		if i%2 == 0 {
			b = append(b, 0)
		}
		if n := len(s); n < 127 {
			b = append(b, byte(n))
		} else {
			b = append(b, 127)
			for n -= 127; n >= 128; n >>= 7 {
				b = append(b, byte(n)|128)
			}
			b = append(b, byte(n))
		}
		b = append(b, s...)
	}
	return b
}

// message is a gRPC message that says to be that long, and what of it is sent.
func message(length int, text []byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{0}, uint32(length)), text...)
}
