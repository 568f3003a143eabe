package framewatch

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"
)

const (
	framePing      = 0x6
	flagEndHeaders = 0x4
)

// frame encodes an HTTP/2 frame.
func frame(kind, flags byte, stream uint32, payload []byte) []byte {
	n := len(payload)
	head := []byte{byte(n >> 16), byte(n >> 8), byte(n), kind, flags}
	return append(binary.BigEndian.AppendUint32(head, stream), payload...)
}

// call encodes the HEADERS of a gRPC call. Their text does not matter here.
func call(stream uint32, flags byte, path string) []byte {
	return frame(frameHeaders, flagEndHeaders|flags, stream, []byte(path))
}

// message encodes a gRPC message, or the part of it that text is, of that many bytes.
func message(size int, text []byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{0}, uint32(size)), text...)
}

// heldBy is what a connection with these frames from the peer, and then these from the server,
// holds.
func heldBy(random *rand.Rand, in, out []byte) (held int64, streams int) {
	c := NewPartialMessageLimiter(1<<40).watch(nil, nil)
	for _, way := range []struct {
		p    []byte
		scan func([]byte) int64
	}{{append([]byte(strings.Repeat("P", prefaceSize)), in...), c.scanIn}, {out, c.scanOut}} {
		for p := way.p; len(p) > 0; {
			n := min(len(p), 1+random.IntN(20))
			held += way.scan(p[:n])
			p = p[n:]
		}
	}
	return held, len(c.streams)
}

// TestPartialMessagesAreCounted follows connections byte by byte, cut into pieces at random.
func TestPartialMessagesAreCounted(t *testing.T) {
	headers := func(stream uint32, flags byte) []byte { return call(stream, flags, "/x") }
	part := message(1000, bytes.Repeat([]byte("x"), 600))
	padded := func(pad int, text []byte) []byte {
		return append(append([]byte{byte(pad)}, text...), make([]byte, pad)...)
	}
	tests := []struct {
		name    string
		in      [][]byte
		out     [][]byte
		held    int64
		streams int
	}{
		{"nothing", nil, nil, 0, 0},
		{"a call without a message", [][]byte{headers(1, 0)}, nil, 0, 1},
		{"a part of a message", [][]byte{headers(1, 0), frame(frameData, 0, 1, part)}, nil, 600, 1},
		{"the first bytes of its length", [][]byte{headers(1, 0), frame(frameData, 0, 1, part[:3])}, nil, 0, 1},
		{"a part in two frames", [][]byte{headers(1, 0), frame(frameData, 0, 1, part[:4]), frame(frameData, 0, 1, part[4:])}, nil, 600, 1},
		{"a part with padding", [][]byte{headers(1, 0), frame(frameData, flagPadded, 1, padded(200, part))}, nil, 600, 1},
		{"frames of padding alone", [][]byte{headers(1, 0), frame(frameData, flagPadded, 1, padded(9, nil)),
			frame(frameData, flagPadded, 1, padded(0, nil)), frame(frameData, 0, 1, part)}, nil, 600, 1},
		{"more padding than frame", [][]byte{headers(1, 0), frame(frameData, flagPadded, 1, []byte{200, 0, 0}),
			frame(frameData, 0, 1, part)}, nil, 600, 1},
		{"a whole message", [][]byte{headers(1, 0), frame(frameData, 0, 1, message(600, part[5:]))}, nil, 0, 1},
		{"a whole message and a part", [][]byte{headers(1, 0), frame(frameData, 0, 1, append(message(600, part[5:]), part...))}, nil, 600, 1},
		{"empty messages", [][]byte{headers(1, 0), frame(frameData, 0, 1, append(message(0, nil), message(0, nil)...))}, nil, 0, 1},
		{"two streams in turns", [][]byte{headers(1, 0), headers(3, 0), frame(frameData, 0, 1, part[:300]), frame(frameData, 0, 3, part[:100]),
			frame(frameData, 0, 1, part[300:])}, nil, 695, 2},
		{"other frames between", [][]byte{headers(1, 0), frame(framePing, 0, 0, part[:8]), frame(0xfa, 9, 1, part),
			frame(frameData, 0, 1, part)}, nil, 600, 1},
		{"a message that ends early", [][]byte{headers(1, 0), frame(frameData, flagEndStream, 1, part)}, nil, 0, 0},
		{"an empty frame that ends it", [][]byte{headers(1, 0), frame(frameData, 0, 1, part), frame(frameData, flagEndStream, 1, nil)}, nil, 0, 0},
		{"a reset by the peer", [][]byte{headers(1, 0), frame(frameData, 0, 1, part), frame(frameReset, 0, 1, part[:4])}, nil, 0, 0},
		{"a reset of another stream", [][]byte{headers(1, 0), frame(frameData, 0, 1, part), frame(frameReset, 0, 3, part[:4])}, nil, 600, 1},
		{"trailers of the peer", [][]byte{headers(1, 0), frame(frameData, 0, 1, part), headers(1, flagEndStream)}, nil, 0, 0},
		{"a call that is over at once", [][]byte{headers(1, flagEndStream), frame(frameData, 0, 1, part)}, nil, 0, 0},
		{"data without a call", [][]byte{frame(frameData, 0, 1, part)}, nil, 0, 0},
		{"a reset by the server", [][]byte{headers(1, 0), frame(frameData, 0, 1, part)}, [][]byte{frame(frameReset, 0, 1, part[:4])}, 0, 0},
		{"trailers of the server", [][]byte{headers(1, 0), frame(frameData, 0, 1, part)},
			[][]byte{frame(frameHeaders, flagEndHeaders, 1, part[:9]), frame(frameHeaders, flagEndHeaders|flagEndStream, 1, part[:9])}, 0, 0},
		{"an answer of the server", [][]byte{headers(1, 0), frame(frameData, 0, 1, part)},
			[][]byte{frame(frameHeaders, flagEndHeaders, 1, part[:9]), frame(frameData, 0, 1, part)}, 600, 1},
	}
	random := rand.New(rand.NewPCG(1, 2))
	for _, tt := range tests {
		for range 20 {
			held, streams := heldBy(random, bytes.Join(tt.in, nil), bytes.Join(tt.out, nil))
			if held != tt.held || streams != tt.streams {
				t.Errorf("%s: holds %d bytes on %d streams, want %d on %d", tt.name, held, streams, tt.held, tt.streams)
				break
			}
		}
	}
}

// FuzzFrames: whatever passes, in whatever pieces, the count is never negative, never more than
// what came, and removed with its streams.
func FuzzFrames(f *testing.F) {
	f.Add(append(call(1, 0, "/x"), frame(frameData, 0, 1, message(9, []byte("part")))...), []byte{}, uint64(1))
	f.Add(append(call(1, 0, "/x"), frame(frameData, flagPadded, 1, []byte("\x03\x00\x00\x00\x00\x09part\x00\x00\x00"))...),
		frame(frameReset, 0, 1, []byte("code")), uint64(2))
	f.Fuzz(func(t *testing.T, in, out []byte, seed uint64) {
		held, streams := heldBy(rand.New(rand.NewPCG(seed, 0)), in, out)
		if held < 0 || held > int64(len(in)) || streams == 0 && held != 0 {
			t.Errorf("%d bytes came, %d are held on %d streams", len(in), held, streams)
		}
	})
}

// TestLargestHolderIsClosed: over the limit, the connection that holds the most is closed, and no
// other. What it held no longer counts, closed or not.
func TestLargestHolderIsClosed(t *testing.T) {
	l := NewPartialMessageLimiter(1000)
	connect := func() (c *conn, closed func() bool) {
		server, peer := net.Pipe()
		t.Cleanup(func() { peer.Close() })
		return l.watch(server, server), func() bool {
			return server.SetDeadline(time.Time{}) != nil
		}
	}
	small, smallClosed := connect()
	large, largeClosed := connect()
	l.add(small, 300)
	l.add(large, 700)
	if smallClosed() || largeClosed() || l.Held() != 1000 {
		t.Fatalf("at the limit: closed %v, %v, %d bytes held", smallClosed(), largeClosed(), l.Held())
	}
	l.add(small, 1)
	if smallClosed() || !largeClosed() || l.Held() != 301 {
		t.Errorf("over the limit: closed %v, %v, %d bytes held; want the larger closed and 301",
			smallClosed(), largeClosed(), l.Held())
	}
	l.add(large, 5000)
	large.Close()
	if l.Held() != 301 {
		t.Errorf("%d bytes held after the closed connection counted on, want 301", l.Held())
	}
	small.Close()
	small.Close()
	if l.Held() != 0 {
		t.Errorf("%d bytes held after all connections closed", l.Held())
	}
}
