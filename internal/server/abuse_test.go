package server

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/scorertest"
	crossrankv1 "github.com/crossrank/crossrank/proto/crossrank/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// TestAbuse attacks a server in one way after another. Meanwhile others' requests are answered,
// none of them fails, memory moves by less than 64 MiB, attackers' own included, and afterwards the
// server is as small as it was.
func TestAbuse(t *testing.T) {
	// The server's patience with slow peers. On a busy machine steady callers are slow as well.
	const short = 1500 * time.Millisecond
	r := start(t, &scorertest.Fake{Fault: func(req *crossrank.Request) error {
		if req.Pairs[0].Query == "panic" {
			panic("a hole")
		}
		return nil
	}}, Config{
		Connections: 1000,
		Deadline:    8 * time.Second, // bounds the readers who do not read; steady callers must never need it
		replyTime:   short,
		GRPC:        GRPC{Handshake: short, MessageBytes: 1 << 20},
		HTTP:        HTTP{HeaderTimeout: short, BodyTimeout: 2 * short, IdleTimeout: short, BodyBytes: 4 << 20},
	})
	attacks := []struct {
		name string
		run  func(t *testing.T, r *running)
	}{
		{"slowloris", slowloris},
		{"bodies that do not come", absentBodies},
		{"headers of a mebibyte", headerBomb},
		{"megabytes in chunks of six bytes", tinyChunks},
		{"two lengths in one request", smuggle},
		{"requests in one go", pipelining},
		{"callers who leave before they may send", abandonedBodies},
		{"readers who do not read", slowReaders},
		{"noise", noise},
		{"idle connections", idle},
		{"calls that are reset at once", rapidReset},
		{"messages and metadata over the limits", oversized},
		{"panics", panics},
	}
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			before := measure(t)
			memory := watchMemory()
			stop := r.steadyCallers(t, client.Options{})
			a.run(t, r)
			stop()
			// Of grpc's own client, the attacker takes most of it; TestHTTP2Abuse sends the same
			// frames without one.
			if grown := memory(); grown > 64<<20 && a.name != "calls that are reset at once" {
				t.Errorf("memory grew by %d MiB, want less than 64", grown>>20)
			}
			if err := r.settles(before); err != "" {
				t.Error(err)
			}
		})
	}
}

// size is what a process holds.
type size struct{ goroutines, files int }

func measure(t *testing.T) size {
	t.Helper()
	http.DefaultClient.CloseIdleConnections()
	s := size{goroutines: runtime.NumGoroutine()}
	if entries, err := os.ReadDir("/proc/self/fd"); err == nil { // elsewhere only goroutines count
		s.files = len(entries)
	}
	return s
}

// settles waits until the process is as small as it was, give or take the connections of the steady
// callers, which are kept until the test ends.
func (r *running) settles(before size) string {
	const slack = 40
	var now size
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		http.DefaultClient.CloseIdleConnections()
		entries, _ := os.ReadDir("/proc/self/fd")
		now = size{runtime.NumGoroutine(), len(entries)}
		if now.goroutines <= before.goroutines+slack && now.files <= before.files+slack {
			return ""
		}
	}
	return fmt.Sprintf("the process had %+v before and has %+v after", before, now)
}

// open connects n times and gives the connections, which end with the test.
func open(t *testing.T, addr string, n int) []net.Conn {
	t.Helper()
	conns := make([]net.Conn, n)
	for i := range conns {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		c.SetDeadline(time.Now().Add(patience))
		conns[i] = c
	}
	return conns
}

// cut waits until the server has closed every connection.
func cut(t *testing.T, conns []net.Conn) {
	t.Helper()
	for i, c := range conns {
		if _, err := io.Copy(io.Discard, c); err != nil && strings.Contains(err.Error(), "timeout") {
			t.Errorf("connection %d is still open after %v", i, patience)
			return
		}
		c.Close()
	}
}

func slowloris(t *testing.T, r *running) {
	conns := open(t, r.HTTPAddr(), 200)
	for range 3 {
		for _, c := range conns {
			fmt.Fprint(c, "G")
		}
		time.Sleep(50 * time.Millisecond)
	}
	cut(t, conns)
	half := open(t, r.GRPCAddr(), 100) // the same for gRPC: half of its opening words
	for _, c := range half {
		fmt.Fprint(c, "PRI * HTTP/2.0\r\n")
	}
	cut(t, half)
}

func absentBodies(t *testing.T, r *running) {
	conns := open(t, r.HTTPAddr(), 100)
	for _, c := range conns {
		fmt.Fprint(c, "POST /rerank HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 1000000\r\n\r\n")
	}
	cut(t, conns)
}

func headerBomb(t *testing.T, r *running) {
	for _, headers := range []string{
		"X: " + strings.Repeat("x", 1<<20) + "\r\n",
		strings.Repeat("X: xxxxxxxxxxxx\r\n", 1<<16),
	} {
		c := open(t, r.HTTPAddr(), 1)[0]
		go fmt.Fprint(c, "GET /livez HTTP/1.1\r\nHost: x\r\n"+headers+"\r\n") // ends when the server hangs up
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil { // the answer may be lost where the server hangs up on what still comes
			continue
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("status %d, want 431", resp.StatusCode)
		}
	}
}

func tinyChunks(t *testing.T, r *running) {
	const size = 3 << 20
	var body bytes.Buffer
	text := `{"query": "q", "texts": ["` + strings.Repeat("x", size) + `"]}`
	for len(text) > 0 {
		n := min(6, len(text))
		fmt.Fprintf(&body, "%x\r\n%s\r\n", n, text[:n])
		text = text[n:]
	}
	body.WriteString("0\r\n\r\n")
	c := open(t, r.HTTPAddr(), 1)[0]
	go func() {
		fmt.Fprint(c, "POST /rerank HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
		body.WriteTo(c)
	}()
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	// A machine too slow to send it in time is told that instead.
	if resp.StatusCode != http.StatusRequestEntityTooLarge && resp.StatusCode != http.StatusRequestTimeout {
		t.Errorf("a document of %d bytes: status %d, want 413", size, resp.StatusCode)
	}
}

func smuggle(t *testing.T, r *running) {
	for name, head := range map[string]string{
		"a length before chunks":   "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
		"a length after chunks":    "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
		"chunks twice":             "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
		"chunks twice in a list":   "Transfer-Encoding: chunked, chunked\r\n",
		"a space before the colon": "Transfer-Encoding : chunked\r\n",
		"a tab for a space":        "Transfer-Encoding: \x0bchunked\r\n",
		"a length with a sign":     "Content-Length: +5\r\n",
		"a list of lengths":        "Content-Length: 5, 5\r\n",
		"two lengths":              "Content-Length: 5\r\nContent-Length: 6\r\n",
		"a negative length":        "Content-Length: -1\r\n",
		"an odd encoding":          "Transfer-Encoding: xchunked\r\n",
		"a folded header":          "Transfer-Encoding:\r\n chunked, identity\r\n",
	} {
		c := open(t, r.HTTPAddr(), 1)[0]
		fmt.Fprint(c, "POST /rerank HTTP/1.1\r\nHost: x\r\n"+head+"\r\n0\r\n\r\nGET /info HTTP/1.1\r\nHost: x\r\n\r\n")
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		resp.Body.Close()
		if resp.StatusCode < http.StatusBadRequest {
			t.Errorf("%s: status %d, want a refusal", name, resp.StatusCode)
		}
		if rest, _ := io.ReadAll(c); bytes.Contains(rest, []byte(" 200 ")) {
			t.Errorf("%s: what followed was answered as a request", name)
		}
	}
}

// pipelining sends many requests at once and wants them answered in order, up to the one that is
// broken.
func pipelining(t *testing.T, r *running) {
	const requests = 100
	c := open(t, r.HTTPAddr(), 1)[0]
	var b bytes.Buffer
	for i := range requests {
		body := fmt.Sprintf(`{"query":"q","texts":["%d"],"return_text":true}`, i)
		fmt.Fprintf(&b, "POST /rerank HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	}
	b.WriteString("no request\r\n\r\nGET /info HTTP/1.1\r\nHost: x\r\n\r\n")
	go b.WriteTo(c)
	in := bufio.NewReader(c)
	for i := range requests {
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatalf("answer %d: %v", i, err)
		}
		body, _ := io.ReadAll(resp.Body)
		if want := fmt.Sprintf(`"text":"%d"`, i); resp.StatusCode != http.StatusOK || !bytes.Contains(body, []byte(want)) {
			t.Fatalf("answer %d: status %d, %s, want 200 with %s", i, resp.StatusCode, body, want)
		}
	}
	if rest, _ := io.ReadAll(in); !bytes.HasPrefix(rest, []byte("HTTP/1.1 400 ")) || bytes.Contains(rest, []byte(" 200 ")) {
		t.Errorf("after what is no request came %q, want 400 and no more", rest)
	}
}

func abandonedBodies(t *testing.T, r *running) {
	for range 100 {
		c := open(t, r.HTTPAddr(), 1)[0]
		fmt.Fprint(c, "POST /rerank HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 1000000\r\n\r\n")
		line, err := bufio.NewReader(c).ReadString('\n')
		if err != nil || !strings.HasPrefix(line, "HTTP/1.1 100 ") {
			t.Errorf("got %q, %v, want to be asked for the body", line, err)
		}
		c.Close()
	}
}

// slowReaders asks for far more than the connection holds and reads a byte now and then, until the
// server hangs up.
func slowReaders(t *testing.T, r *running) {
	peers := 20
	if *long {
		peers = 500
	}
	var readers sync.WaitGroup
	for range peers {
		c := open(t, r.HTTPAddr(), 1)[0]
		defer c.Close()
		if err := c.(*net.TCPConn).SetReadBuffer(4096); err != nil {
			t.Fatal(err)
		}
		go fmt.Fprint(c, strings.Repeat("GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n", 2000))
		readers.Go(func() {
			one := make([]byte, 1)
			for start := time.Now(); ; time.Sleep(50 * time.Millisecond) {
				c.SetReadDeadline(time.Now().Add(patience))
				if _, err := c.Read(one); err != nil {
					return
				}
				if _, err := c.Write([]byte("\r\n")); err != nil { // told of a connection that is gone before all of it is read
					return
				}
				if time.Since(start) > patience {
					t.Errorf("a reader of a byte now and then is still served after %v", patience)
					return
				}
			}
		})
	}
	readers.Wait()
}

func noise(t *testing.T, r *running) {
	for _, addr := range []string{r.GRPCAddr(), r.HTTPAddr()} {
		for _, text := range []string{
			"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "GET / HTTP/1.1\r\n\r\n", strings.Repeat("\x00", 1<<16),
			"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + strings.Repeat("\xff", 1<<16),
		} {
			conns := open(t, addr, 10)
			for _, c := range conns {
				go fmt.Fprint(c, text)
			}
			cut(t, conns)
		}
	}
}

func idle(t *testing.T, r *running) {
	conns := append(open(t, r.HTTPAddr(), 300), open(t, r.GRPCAddr(), 300)...)
	c := dial(t, "http://"+r.HTTPAddr())
	for range 20 {
		if _, err := c.Score(t.Context(), request("beside them")); err != nil {
			t.Error(err)
		}
	}
	cut(t, conns)
}

func rapidReset(t *testing.T, r *running) {
	conn, err := grpc.NewClient(r.GRPCAddr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	desc := &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}
	resets := 5_000
	if *long {
		resets = 100_000
	}
	var peers sync.WaitGroup
	for range 8 {
		peers.Go(func() {
			for range resets / 8 {
				ctx, cancel := context.WithCancel(t.Context())
				if _, err := conn.NewStream(ctx, desc, crossrankv1.RerankService_Score_FullMethodName); err != nil {
					t.Errorf("opening a stream: %v", err)
				}
				cancel()
			}
		})
	}
	peers.Wait()
}

func oversized(t *testing.T, r *running) {
	c := crossrankv1.NewRerankServiceClient(r.connect(t))
	big := &crossrankv1.ScoreRequest{Pairs: []*crossrankv1.Pair{{Passage: strings.Repeat("x", 1<<20)}}}
	if _, err := c.Score(t.Context(), big); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("a message over the limit: got %v, want RESOURCE_EXHAUSTED", err)
	}
	small := &crossrankv1.ScoreRequest{Pairs: []*crossrankv1.Pair{{}}}
	for _, value := range []string{strings.Repeat("x", 64<<10), strings.Repeat("x", 16<<20)} {
		ctx, cancel := context.WithTimeout(metadata.AppendToOutgoingContext(t.Context(), "x", value), patience)
		_, err := c.Score(ctx, small)
		cancel()
		if status.Code(err) == codes.OK || status.Code(err) == codes.DeadlineExceeded {
			t.Errorf("%d bytes of metadata: got %v, want a refusal", len(value), err)
		}
	}
}

func panics(t *testing.T, r *running) {
	for name, target := range r.targets() {
		c := dial(t, target)
		for range 100 {
			if _, err := c.Score(t.Context(), request("panic")); crossrank.CodeOf(err) != crossrank.Internal {
				t.Fatalf("%s: got %v, want Internal", name, err)
			}
		}
	}
}
