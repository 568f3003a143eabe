package server

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank/internal/scorertest"
	crossrankv1 "github.com/crossrank/crossrank/proto/crossrank/v1"
	"google.golang.org/protobuf/proto"
)

// TestRepliesToSlowReadersAreBounded: callers ask for replies far larger than their requests, and
// do not read them. What the server keeps for them is within the budget, in bytes counted and in
// memory, and all of it is given back.
func TestRepliesToSlowReadersAreBounded(t *testing.T) {
	const (
		budget = 24 << 20
		peers  = 24
	)
	// A byte that is no UTF-8 is three in the reply. 2 MiB become 6 MiB, more than the kernel
	// buffers.
	document := `"` + strings.Repeat("\xff", 64<<10) + `"`
	body := `{"query":"q","return_text":true,"texts":[` + strings.Repeat(document+",", 31) + document + `]}`
	request := fmt.Sprintf("POST /rerank HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		len(body), body)
	unhurried := HTTP{HeaderTimeout: patience, BodyTimeout: patience} // however busy the machine is
	r := start(t, &scorertest.Fake{}, Config{RequestBytes: budget, HTTP: unhurried})
	before := liveHeap()
	conns := open(t, r.HTTPAddr(), peers)
	for _, c := range conns {
		if err := c.(*net.TCPConn).SetReadBuffer(4096); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write([]byte(request)); err != nil {
			t.Fatal(err)
		}
	}
	var answered, refused int
	for _, c := range conns { // its first bytes come when the reply has been made, or refused
		status := make([]byte, len("HTTP/1.1 200"))
		if _, err := c.Read(status); err != nil {
			t.Fatal(err)
		}
		switch {
		case bytes.HasSuffix(status, []byte("200")):
			answered++
		case bytes.HasSuffix(status, []byte("429")):
			refused++
		default:
			t.Errorf("got %q", status)
		}
	}
	if answered == 0 || refused == 0 {
		t.Errorf("%d answered and %d refused, want some of each", answered, refused)
	}
	if used := r.budget.Used(); used > budget {
		t.Errorf("%d bytes are counted, of a budget of %d", used, budget)
	}
	// Besides replies, it holds connections and what the runtime keeps.
	if held := liveHeap() - before; held > budget+8<<20 {
		t.Errorf("%d MiB are held for readers that do not read, of a budget of %d", held>>20, budget>>20)
	}
	for _, c := range conns {
		c.Close()
	}
	for deadline := time.Now().Add(patience); r.budget.Used() != 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d bytes are counted after all readers left", r.budget.Used())
		}
	}
	if status := r.status(t, "/v1/models"); status != http.StatusOK {
		t.Errorf("status %d afterwards", status)
	}
}

// TestGRPCRepliesToSlowReadersAreBounded is the same over gRPC, where grpc buffers a whole reply
// once the handler has returned.
func TestGRPCRepliesToSlowReadersAreBounded(t *testing.T) {
	const (
		budget = 24 << 20
		conns  = 8
		calls  = 100 // on each
	)
	in := &crossrankv1.RerankRequest{Query: "q", ReturnDocuments: true, Documents: []string{strings.Repeat("x", 60<<10)}}
	wire, err := proto.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	text := message(len(wire), wire)
	r := start(t, &scorertest.Fake{}, Config{RequestBytes: budget})
	d := door{addr: r.GRPCAddr(), path: crossrankv1.RerankService_Rerank_FullMethodName}
	before := liveHeap()
	var peers []*peer
	for range conns { // each reads what comes, and never opens its window of 64 KiB again
		p := d.knock(t, true)
		peers = append(peers, p)
		for n := range uint32(calls) {
			p.send(call(1+2*n, 0, d.path))
			if !p.data(1+2*n, flagEndStream, text) {
				t.Fatal("the server does not take a message")
			}
		}
	}
	r.quiet(t, conns*calls)
	if used := r.budget.Used(); used > budget || used == 0 {
		t.Errorf("%d bytes are counted, of a budget of %d", used, budget)
	}
	if held := liveHeap() - before; held > budget+8<<20 {
		t.Errorf("%d MiB are held for readers that do not read, of a budget of %d", held>>20, budget>>20)
	}
	for _, p := range peers {
		p.Close()
	}
	for deadline := time.Now().Add(patience); r.budget.Used() != 0; time.Sleep(10 * time.Millisecond) {
		runtime.GC() // grpc does not free all of a closed connection's buffers
		if time.Now().After(deadline) {
			t.Fatalf("%d bytes are counted after all readers left", r.budget.Used())
		}
	}
}

// liveHeap is the memory that is reachable.
func liveHeap() int64 {
	runtime.GC()
	runtime.GC() // what pools kept through the first
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
