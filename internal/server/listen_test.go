package server

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank/internal/scorertest"
)

func TestListenRefuses(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	used := taken.Addr().String()
	tests := []struct {
		name string
		cfg  Config
		want []string
	}{
		{"no address at all", Config{}, []string{"server.grpc_addr", "server.http_addr"}},
		{"a port in use for gRPC", Config{GRPCAddr: used}, []string{"server.grpc_addr " + used, "in use"}},
		{"a port in use for HTTP", Config{GRPCAddr: "127.0.0.1:0", HTTPAddr: used}, []string{"server.http_addr " + used, "in use"}},
		{"every interface", Config{HTTPAddr: ":0"}, []string{"server.http_addr :0", "server.insecure_no_auth"}},
		{"every interface of IPv4", Config{HTTPAddr: "0.0.0.0:0"}, []string{"server.http_addr 0.0.0.0:0", "server.insecure_no_auth"}},
		{"every interface of IPv6", Config{GRPCAddr: "[::]:0"}, []string{"server.grpc_addr [::]:0", "server.insecure_no_auth"}},
		{"an address elsewhere", Config{HTTPAddr: "192.0.2.1:0"}, []string{"server.insecure_no_auth"}},
		{"no port", Config{HTTPAddr: "127.0.0.1"}, []string{"server.http_addr 127.0.0.1", "port"}},
		{"a port that is none", Config{HTTPAddr: "127.0.0.1:http8"}, []string{"server.http_addr 127.0.0.1:http8"}},
		{"a port out of range", Config{HTTPAddr: "127.0.0.1:70000"}, []string{"server.http_addr 127.0.0.1:70000"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Listen(tt.cfg)
			if err == nil {
				s.Close()
				t.Fatal("it listens")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %q, want it to say %q", err, want)
				}
			}
		})
	}
}

func TestListenPublic(t *testing.T) {
	s, err := Listen(Config{HTTPAddr: "0.0.0.0:0", AllowPublic: true})
	if err != nil {
		t.Fatal(err)
	}
	if s.GRPCAddr() != "" || s.HTTPAddr() == "" || strings.HasSuffix(s.HTTPAddr(), ":0") {
		t.Errorf("got addresses %q and %q, want none and one with its port", s.GRPCAddr(), s.HTTPAddr())
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestConnectionsAreBounded(t *testing.T) {
	r := start(t, &scorertest.Fake{}, Config{Connections: 2})
	open := func() net.Conn {
		conn, err := net.Dial("tcp", r.HTTPAddr())
		if err != nil {
			t.Fatal(err)
		}
		conn.SetDeadline(time.Now().Add(patience))
		return conn
	}
	works := func(conn net.Conn) bool {
		fmt.Fprintf(conn, "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		return err == nil && resp.StatusCode == http.StatusOK
	}
	a, b := open(), open()
	defer b.Close()
	if !works(a) || !works(b) {
		t.Fatal("the first two connections do not work")
	}
	if c := open(); works(c) {
		t.Error("a third connection works")
	}
	a.Close()
	for deadline := time.Now().Add(patience); ; {
		d := open()
		if works(d) {
			d.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the place of a closed connection is not free again")
		}
	}
}

// fakePeers accepts connections from addresses that a test names.
type fakePeers struct {
	net.Listener
	from []string
}

type fakePeer struct {
	net.Conn
	from   string
	closed bool
}

func (l *fakePeers) Accept() (net.Conn, error) {
	if len(l.from) == 0 {
		return nil, net.ErrClosed
	}
	from := l.from[0]
	l.from = l.from[1:]
	return &fakePeer{from: from}, nil
}

func (c *fakePeer) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(c.from))
}

func (c *fakePeer) Close() error {
	c.closed = true
	return nil
}

func TestConnectionsOfAnAddressAreBounded(t *testing.T) {
	tests := []struct {
		name  string
		each  int
		from  []string
		taken int
	}{
		{"one address", 2, []string{"192.0.2.1:1", "192.0.2.1:2", "192.0.2.1:3"}, 2},
		{"two addresses", 2, []string{"192.0.2.1:1", "192.0.2.1:2", "192.0.2.2:1", "192.0.2.2:2"}, 4},
		{"one address in both its forms", 2, []string{"192.0.2.1:1", "[::ffff:192.0.2.1]:2", "192.0.2.1:3"}, 2},
		{"one network of IPv6", 2, []string{"[2001:db8::1]:1", "[2001:db8::2]:1", "[2001:db8::3]:1"}, 2},
		{"two networks of IPv6", 2, []string{"[2001:db8::1]:1", "[2001:db8:0:1::1]:1", "[2001:db8::3]:1"}, 3},
		{"zones of IPv6", 2, []string{"[fe80::1%a]:1", "[fe80::1%b]:1", "[fe80::1%c]:1"}, 2},
		{"this machine", 2, []string{"127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3", "[::1]:1", "[::1]:2", "[::1]:3"}, 6},
		{"no such bound", -1, []string{"192.0.2.1:1", "192.0.2.1:2", "192.0.2.1:3"}, 3},
		{"the bound on all", 5, []string{"192.0.2.1:1", "192.0.2.2:1", "192.0.2.3:1", "127.0.0.1:1", "192.0.2.4:1",
			"192.0.2.5:1", "127.0.0.1:2", "192.0.2.6:1"}, 6},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := &limitedListener{max: 6, maxPerIP: tt.each}
			for range 3 { // places that are given back can be taken again
				b.Listener = &fakePeers{from: tt.from}
				var taken []net.Conn
				for {
					conn, err := b.Accept()
					if err != nil {
						break
					}
					taken = append(taken, conn)
				}
				if len(taken) != tt.taken || b.open != tt.taken {
					t.Errorf("took %d connections and counts %d, want %d", len(taken), b.open, tt.taken)
				}
				for _, conn := range taken {
					conn.Close()
					conn.Close() // a second time, which gives nothing back
				}
				if b.open != 0 || len(b.perIP) != 0 {
					t.Errorf("counts %d connections and keeps %d addresses after all were closed", b.open, len(b.perIP))
				}
			}
		})
	}
}

// TestSlowPeersAreCut: a peer that does not get done with its headers or its body loses its
// connection.
func TestSlowPeersAreCut(t *testing.T) {
	r := start(t, &scorertest.Fake{}, Config{HTTP: HTTP{
		HeaderTimeout: 50 * time.Millisecond, BodyTimeout: 100 * time.Millisecond, IdleTimeout: 50 * time.Millisecond,
	}})
	for name, sent := range map[string]string{
		"headers that do not end": "POST /rerank HTTP/1.1\r\nHost: x\r\n",
		"a body that does not end": "POST /rerank HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" +
			"Content-Length: 100\r\n\r\n{",
		"nothing after a request": "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		conn, err := net.Dial("tcp", r.HTTPAddr())
		if err != nil {
			t.Fatal(err)
		}
		conn.SetDeadline(time.Now().Add(patience))
		fmt.Fprint(conn, sent)
		var got strings.Builder
		if _, err := bufio.NewReader(conn).WriteTo(&got); err != nil {
			t.Errorf("%s: the connection is not closed: %v", name, err)
		}
		if name == "a body that does not end" && !strings.Contains(got.String(), "408") {
			t.Errorf("%s: got %q, want status 408", name, got.String())
		}
		conn.Close()
	}
}

func TestBigHeadersAreRefused(t *testing.T) {
	r := start(t, &scorertest.Fake{}, Config{})
	req, err := http.NewRequest("GET", "http://"+r.HTTPAddr()+"/livez", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Big", strings.Repeat("x", 64<<10))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("got status %d, want 431", resp.StatusCode)
	}
}

// TestSilentGRPCPeersAreCut: a connection that has said all that HTTP/2 asks for, and then nothing,
// gives its place back.
func TestSilentGRPCPeersAreCut(t *testing.T) {
	t.Parallel() // grpc waits some seconds for a peer that does not take leave
	r := start(t, &scorertest.Fake{}, Config{grpcIdle: 50 * time.Millisecond})
	conn, err := net.Dial("tcp", r.GRPCAddr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(3 * patience))
	if _, err := conn.Write([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + "\x00\x00\x00\x04\x00\x00\x00\x00\x00")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the connection is still open")
	}
}
