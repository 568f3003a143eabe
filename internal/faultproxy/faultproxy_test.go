package faultproxy

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience ends a wait for what never comes. What works comes in milliseconds, or in seconds on a
// busy machine.
const patience = 3 * time.Minute

// echo is a server that answers with what it receives.
func echo(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				io.Copy(c, c)
			}()
		}
	}()
	return l.Addr().String()
}

func start(t *testing.T) *Proxy {
	t.Helper()
	p, err := Listen(echo(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func connect(t *testing.T, p *Proxy) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return c
}

// say sends a text and reads as much back.
func say(t *testing.T, c net.Conn, text string) (string, error) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		return "", err
	}
	buf := make([]byte, len(text))
	n, err := io.ReadFull(c, buf)
	return string(buf[:n]), err
}

func want(t *testing.T, c net.Conn, text string) {
	t.Helper()
	if got, err := say(t, c, text); got != text || err != nil {
		t.Errorf("got %d bytes and %v, want %d", len(got), err, len(text))
	}
}

func TestInOrder(t *testing.T) {
	p := start(t)
	c := connect(t, p)
	want(t, c, "hello")
	want(t, c, strings.Repeat("x", 100_000))
	if n := p.Open(); n != 1 {
		t.Errorf("%d connections are open, want 1", n)
	}
	c.Close()
	for deadline := time.Now().Add(patience); p.Open() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a connection that its client closed stays open")
		}
	}
}

func TestLateAndSlow(t *testing.T) {
	p := start(t)
	c := connect(t, p)
	for _, test := range []struct {
		name  string
		fault Fault
		least time.Duration
	}{
		{"late there and back", Fault{Delay: 30 * time.Millisecond}, 60 * time.Millisecond},
		{"forty bytes at a hundred a second", Fault{BytesPerSecond: 100}, 300 * time.Millisecond},
	} {
		p.Set(test.fault)
		began := time.Now()
		want(t, c, strings.Repeat("x", 40))
		if took := time.Since(began); took < test.least {
			t.Errorf("%s: took %v, want %v at least", test.name, took, test.least)
		}
	}
	p.Set(Fault{})
	want(t, c, "in order again")
}

func TestResets(t *testing.T) {
	p := start(t)
	c := connect(t, p)
	want(t, c, "12345")
	p.Set(Fault{ResetAfter: 8})
	got, err := say(t, c, "67890")
	if len(got) > 3 || !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("after 5 bytes of 8: got %q and %v, want three bytes at most and a reset", got, err)
	}
	p.Set(Fault{Refuse: true})
	// The reset reaches the client when it reads, or already while it connects.
	if refused, err := net.Dial("tcp", p.Addr()); err == nil {
		t.Cleanup(func() { refused.Close() })
		refused.SetDeadline(time.Now().Add(patience))
		if _, err := say(t, refused, "x"); err == nil {
			t.Error("a connection that is refused answers")
		}
	}
	p.Set(Fault{})
	want(t, connect(t, p), "in order again")
}

// TestHalfOpen: what was sent meanwhile comes when the network is in order again.
func TestHalfOpen(t *testing.T) {
	p := start(t)
	c := connect(t, p)
	want(t, c, "before")
	p.Set(Fault{HalfOpen: true})
	io.WriteString(c, "meanwhile")
	c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := c.Read(make([]byte, 9)); n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %d bytes and %v, want nothing", n, err)
	}
	p.Set(Fault{})
	c.SetReadDeadline(time.Now().Add(patience))
	buf := make([]byte, 9)
	if _, err := io.ReadFull(c, buf); err != nil || string(buf) != "meanwhile" {
		t.Errorf("got %q and %v afterwards", buf, err)
	}
}

// TestCloseEndsAll: whatever hangs, Close returns and leaves nothing open.
func TestCloseEndsAll(t *testing.T) {
	p := start(t)
	c := connect(t, p)
	want(t, c, "x")
	p.Set(Fault{HalfOpen: true, Delay: time.Hour})
	io.WriteString(c, "never")
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if _, err := c.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v, want the connection closed", err)
	}
	if n := p.Open(); n > 0 {
		t.Errorf("%d connections are open", n)
	}
}
