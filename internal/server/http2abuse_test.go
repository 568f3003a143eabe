package server

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/scorertest"
	crossrankv1 "github.com/crossrank/crossrank/proto/crossrank/v1"
	"google.golang.org/protobuf/proto"
)

// TestHTTP2Abuse attacks both speakers of HTTP/2, grpc's and net/http's, frame by frame. Meanwhile
// others' requests are answered, memory moves by less than 64 MiB, and afterwards the server is as
// small as it was.
func TestHTTP2Abuse(t *testing.T) {
	dir := t.TempDir()
	ca := newAuthority(t, dir, "ca")
	cert, key, _ := ca.issue(t, dir, "server")
	const short = 1500 * time.Millisecond // as in TestAbuse
	clear := start(t, &scorertest.Fake{}, Config{GRPC: GRPC{Handshake: short}})
	secure := start(t, &scorertest.Fake{}, Config{
		TLS: TLS{Cert: cert, Key: key}, HTTP: HTTP{HeaderTimeout: short, BodyTimeout: 2 * short, IdleTimeout: short},
	})
	doors := []struct {
		door
		r       *running
		targets []string
		opts    client.Options
	}{
		{door{"gRPC", clear.GRPCAddr(), nil, crossrankv1.RerankService_Score_FullMethodName}, clear,
			[]string{"grpc://" + clear.GRPCAddr()}, client.Options{}},
		{door{"HTTP", secure.HTTPAddr(), &tls.Config{RootCAs: ca.pool(), NextProtos: []string{"h2"}}, "/rerank"}, secure,
			[]string{"https://" + secure.HTTPAddr()}, client.Options{TLS: client.TLS{CAFile: ca.file}}},
	}
	attacks := []struct {
		name string
		run  func(t *testing.T, d door)
	}{
		{"streams reset at once", resetFlood},
		{"headers that go on", continuationFlood},
		{"pings", func(t *testing.T, d door) { flood(t, d, frame(framePing, 0, 0, make([]byte, 8))) }},
		{"settings", func(t *testing.T, d door) { flood(t, d, frame(frameSettings, 0, 0, nil)) }},
		{"empty data", emptyDataFlood},
		{"a window that never opens", shutWindow},
		{"paths without a slash", oddPaths},
		{"metadata of sixteen mebibytes", largeMetadata},
		{"messages over the limit", longMessages},
		{"windows that overflow", overflow},
		{"calls without a message", silentCalls},
	}
	for _, d := range doors {
		for _, a := range attacks {
			t.Run(d.name+"/"+a.name, func(t *testing.T) {
				before := measure(t)
				memory := watchMemory()
				stop := d.r.steadyCallers(t, d.opts, d.targets...)
				a.run(t, d.door)
				stop()
				if grown := memory(); grown > 64<<20 {
					t.Errorf("memory grew by %d MiB, want less than 64", grown>>20)
				}
				c := dialWith(t, d.targets[0], d.opts)
				if _, err := c.Score(t.Context(), request("afterwards")); err != nil {
					t.Errorf("afterwards: %v", err)
				}
				if err := d.r.settles(before); err != "" {
					t.Error(err)
				}
			})
		}
	}
}

// times is n in the tests of every change, and as many times that in the long form.
func times(n, more int) int {
	if *long {
		return n * more
	}
	return n
}

// watchMemory looks at the heap and stacks of the process, attackers included, until the returned
// function is called, which gives by how much they grew at most.
func watchMemory() (grown func() int64) {
	now := func() int64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc + m.StackInuse)
	}
	runtime.GC()
	before := now()
	var most int64
	done := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		for {
			most = max(most, now()-before)
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	return func() int64 {
		close(done)
		watching.Wait()
		return most
	}
}

func resetFlood(t *testing.T, d door) {
	for sent, all := 0, times(5_000, 20); sent < all; { // on one connection after another, where the server hangs up
		p := d.knock(t, true)
		for stream := uint32(1); sent < all; sent += 50 {
			var b []byte
			for range 50 {
				b = append(b, call(stream, 0, d.path)...)
				b = append(b, frame(frameReset, 0, stream, []byte{0, 0, 0, 8})...)
				stream += 2
			}
			if !p.send(b) {
				break
			}
		}
		p.Close()
		sent += 50
	}
}

func continuationFlood(t *testing.T, d door) {
	p := d.knock(t, true)
	p.send(frame(frameHeaders, 0, 1, fields(":method", "POST")))
	block := fields("x", strings.Repeat("x", 16<<10-200))
	for range times(300, 20) { // 5 MiB
		if !p.send(frame(frameContinuation, 0, 1, block)) {
			return
		}
	}
	if !p.gone() {
		t.Error("the server listens to headers without an end")
	}
}

// flood sends the same frame again and again, and reads no answer.
func flood(t *testing.T, d door, one []byte) {
	const together = 100
	p := d.knock(t, false)
	for range times(20_000, 50) / together {
		if !p.send(bytes.Repeat(one, together)) { // it hung up, or reads no more
			break
		}
	}
	p.Close()
}

func emptyDataFlood(t *testing.T, d door) {
	p := d.knock(t, true)
	p.send(call(1, 0, d.path))
	for range times(20_000, 50) / 100 {
		if !p.send(bytes.Repeat(frame(frameData, 0, 1, nil), 100)) {
			break
		}
	}
	p.Close()
}

// shutWindow asks for many answers and lets none of them be sent.
func shutWindow(t *testing.T, d door) {
	const window = 4 // the setting of that number: what a stream may carry at first
	wire := honest(t)
	for range times(10, 10) {
		p := d.knock(t, true)
		p.send(frame(frameSettings, 0, 0, []byte{0, window, 0, 0, 0, 0}))
		for stream := uint32(1); stream < 300; stream += 2 {
			if !p.send(call(stream, 0, d.path)) || !p.data(stream, flagEndStream, wire) {
				break
			}
		}
		p.Close()
	}
}

// oddPaths must lead nowhere, least of all around a check of paths.
func oddPaths(t *testing.T, d door) {
	for i, path := range []string{strings.TrimPrefix(d.path, "/"), "", "/", "//" + d.path, "*", "/../" + d.path, "\x00", d.path + "\n"} {
		p := d.knock(t, true)
		p.send(call(1, 0, path))
		p.data(1, flagEndStream, honest(t))
		if !p.answered() {
			t.Errorf("path %d, %q: no answer", i, path)
		}
		if d.secure == nil && p.count(frameData) > 0 { // HTTP says what is wrong in a body
			t.Errorf("path %d, %q is answered with a message", i, path)
		}
		p.Close()
	}
	p := d.knock(t, true) // so much for those; what is right is answered
	p.send(call(1, 0, d.path))
	p.data(1, flagEndStream, honest(t))
	if !p.answered() || p.count(frameData) == 0 {
		t.Error("a call that is right is not answered")
	}
	p.Close()
}

// honest is a message that a server of gRPC answers.
func honest(t *testing.T) []byte {
	t.Helper()
	wire, err := proto.Marshal(&crossrankv1.ScoreRequest{Pairs: []*crossrankv1.Pair{{Query: "q", Passage: "p"}}})
	if err != nil {
		t.Fatal(err)
	}
	return message(len(wire), wire)
}

func largeMetadata(t *testing.T, d door) {
	p := d.knock(t, true)
	const size = 16 << 20
	begins := append([]byte{0, 1, 'x', 127}, binary.AppendUvarint(nil, size-127)...) // a field of that many bytes, which follow
	p.send(frame(frameHeaders, 0, 1, append(fields(":method", "POST"), begins...)))
	part := frame(frameContinuation, 0, 1, bytes.Repeat([]byte("x"), 16<<10))
	for range size / (16 << 10) {
		if !p.send(part) {
			break
		}
	}
	if !p.gone() {
		t.Error("the server took 16 MiB of metadata")
	}
}

// longMessages says to send more than a message or body may have, and sends as much as the server
// lets it.
func longMessages(t *testing.T, d door) {
	const limit = 8 << 20
	for range times(20, 10) {
		p := d.knock(t, true)
		p.send(call(1, 0, d.path, "content-length", "8388614"))
		p.data(1, 0, message(limit+1, make([]byte, 32<<10)))
		if !p.answered() {
			t.Error("no answer to a message over the limit")
		}
		p.Close()
	}
}

// overflow opens windows beyond what they may be, and closes them further than they are open.
func overflow(t *testing.T, d door) {
	most := binary.BigEndian.AppendUint32(nil, 1<<31-1)
	for _, frames := range [][][]byte{
		{frame(frameWindow, 0, 0, most), frame(frameWindow, 0, 0, most)},
		{call(1, 0, d.path), frame(frameWindow, 0, 1, most), frame(frameWindow, 0, 1, most)},
		{frame(frameWindow, 0, 0, make([]byte, 4))},
		{frame(frameWindow, 0, 0, []byte("longer than it may be"))},
		{call(1, 0, d.path), frame(frameData, flagPadded, 1, []byte{200, 0})},
		{frame(frameData, 0, 1, []byte("of no stream")), frame(frameContinuation, 0, 1, nil)},
		{frame(frameSettings, 0, 0, []byte{0, 4, 0xff, 0xff, 0xff, 0xff})},
		{frame(frameSettings, 0, 0, []byte{0, 5, 0, 0, 0, 0})},
		{call(2, 0, d.path)},
		{call(3, 0, d.path), call(1, 0, d.path)},
		{frame(frameHeaders, flagEndHeaders, 1, []byte("\xff\xff\xff\xff\xff\xff\xff\xff"))},
	} {
		p := d.knock(t, true)
		p.send(frames...)
		p.send(frame(framePing, 0, 0, make([]byte, 8)))
		for deadline := time.Now().Add(patience); p.count(framePing) == 0 && p.count(frameGoAway) == 0; time.Sleep(time.Millisecond) {
			select {
			case <-p.ended:
				deadline = time.Now()
			default:
			}
			if !time.Now().Before(deadline) {
				break
			}
		}
		p.Close()
	}
}

// silentCalls opens as many calls as a connection may have, on some connections, and says nothing
// on them.
func silentCalls(t *testing.T, d door) {
	var peers []*peer
	for range times(10, 8) {
		p := d.knock(t, true)
		for stream := uint32(1); stream < 400; stream += 2 { // more than may be open
			if !p.send(call(stream, 0, d.path)) {
				break
			}
		}
		peers = append(peers, p)
	}
	for _, p := range peers {
		p.Close()
	}
}
