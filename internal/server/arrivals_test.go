package server

import (
	"bytes"
	"crypto/tls"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/scorertest"
	crossrankv1 "github.com/crossrank/crossrank/proto/crossrank/v1"
)

// heldBy is what a connection with these frames from the peer, and then these from the server, holds.
func heldBy(random *rand.Rand, in, out []byte) (held int64, streams int) {
	c := newArrivals(1<<40).follow(nil, nil)
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

// TestArrivalsAreCounted follows connections byte by byte, cut into pieces at random.
func TestArrivalsAreCounted(t *testing.T) {
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

// FuzzFrames: whatever passes, in whatever pieces, the count is never negative, never more than what came, and gone
// with its streams.
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

// TestPartialMessagesAreBounded: peers that send parts of messages lose their connections where these hold too much, and
// callers of whole messages are answered all the while. It is the same under TLS.
func TestPartialMessagesAreBounded(t *testing.T) {
	dir := t.TempDir()
	ca := newAuthority(t, dir, "ca")
	cert, key, _ := ca.issue(t, dir, "server")
	for name, secure := range map[string]bool{"in the clear": false, "under TLS": true} {
		t.Run(name, func(t *testing.T) {
			const budget = 1 << 20
			cfg, opts, scheme := Config{RequestBytes: budget}, client.Options{}, "grpc://"
			d := door{path: crossrankv1.RerankService_Score_FullMethodName}
			if secure {
				cfg.TLS, opts.TLS.CAFile, scheme = TLS{Cert: cert, Key: key}, ca.file, "grpcs://"
				d.secure = &tls.Config{RootCAs: ca.pool(), NextProtos: []string{"h2"}}
			}
			r := start(t, &scorertest.Fake{}, cfg)
			d.addr = r.GRPCAddr()
			stop := r.steadyCallers(t, opts, scheme+r.GRPCAddr())

			small := d.knock(t, true) // holds a little, and is left alone
			small.send(call(1, 0, d.path))
			small.data(1, 0, message(1<<20, make([]byte, 10<<10)))
			part := message(1<<20, make([]byte, 60<<10))
			var greedy []*peer
			for range 3 {
				p := d.knock(t, true)
				greedy = append(greedy, p)
				for stream := uint32(1); stream < 100; stream += 2 { // 3 MiB
					if !p.send(call(stream, 0, d.path)) || !p.data(stream, 0, part) {
						break
					}
					if sum := r.arrivals.held(); sum > budget {
						t.Errorf("%d bytes are held, want at most %d", sum, budget)
					}
				}
			}
			for i, p := range greedy {
				if !p.gone() {
					t.Errorf("peer %d still has its connection", i)
				}
			}
			stop()
			select {
			case <-small.ended:
				t.Error("a peer that holds little lost its connection")
			default:
			}
			if sum := r.arrivals.held(); sum != 10<<10 {
				t.Errorf("%d bytes are held, want those of the peer that is left, %d", sum, 10<<10)
			}
			small.Close()
			for deadline := time.Now().Add(patience); r.arrivals.held() != 0; time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("%d bytes are held after all have left", r.arrivals.held())
				}
			}
			// A message of nearly all that may be held is taken, where it is whole.
			c := dialWith(t, scheme+r.GRPCAddr(), opts)
			req := &crossrank.Request{Pairs: []crossrank.Pair{{Query: "q", Passage: strings.Repeat("x", 250<<10)}}}
			if _, err := c.Score(t.Context(), req); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestCallsWithoutTheirMessageEnd: a call that does not send its message, or all of it, ends alone; streams may wait.
func TestCallsWithoutTheirMessageEnd(t *testing.T) {
	r := start(t, &scorertest.Fake{Delay: 300 * time.Millisecond}, Config{GRPC: GRPC{MessageTimeout: 100 * time.Millisecond}})
	d := door{addr: r.GRPCAddr(), path: crossrankv1.RerankService_Score_FullMethodName}
	for name, part := range map[string][]byte{"nothing": nil, "half a message": message(100, make([]byte, 50))} {
		p := d.knock(t, true)
		p.send(call(1, 0, crossrankv1.RerankService_StreamScore_FullMethodName), call(3, 0, d.path))
		p.data(3, 0, part)
		if !p.answered() {
			t.Errorf("%s: the call does not end", name)
		}
		p.send(call(5, 0, d.path))
		p.data(5, flagEndStream, honest(t)) // takes longer than the wait that is over
		for deadline := time.Now().Add(patience); p.count(frameData) == 0; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Errorf("%s: another call of the connection is not answered", name)
				break
			}
		}
		p.mu.Lock()
		if p.over > 3 { // a reset may follow the trailers of the one call; the stream is not among them
			t.Errorf("%s: %d streams were ended", name, p.over)
		}
		p.mu.Unlock()
		p.Close()
	}
}

func (a *arrivals) held() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.sum
}
