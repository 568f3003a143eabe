package server

import (
	"crypto/tls"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/scorertest"
	crossrankv1 "github.com/crossrank/crossrank/proto/crossrank/v1"
)

// TestPartialMessagesAreBounded: peers that send parts of messages lose their connections where
// these hold too much, and callers of whole messages are answered all the while. It is the same
// under TLS.
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
					if sum := r.partial.Held(); sum > budget {
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
			if sum := r.partial.Held(); sum != 10<<10 {
				t.Errorf("%d bytes are held, want those of the peer that is left, %d", sum, 10<<10)
			}
			small.Close()
			for deadline := time.Now().Add(patience); r.partial.Held() != 0; time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("%d bytes are held after all have left", r.partial.Held())
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

// TestCallsWithoutTheirMessageEnd: a call that does not send its message, or all of it, ends alone;
// streams may wait.
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
