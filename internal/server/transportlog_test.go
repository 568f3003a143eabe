package server

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// fullListener fails as the kernel does when the process has no file descriptor left.
type fullListener struct {
	once   sync.Once
	closed chan struct{}
}

func (l *fullListener) Accept() (net.Conn, error) {
	select {
	case <-l.closed:
		return nil, net.ErrClosed
	default:
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
	}
}

func (l *fullListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *fullListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 7} }

// TestFullListenerWarns: a server out of file descriptors says so, with what to do, and not at
// every try.
func TestFullListenerWarns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		log := newTransportLog(slog.New(slog.NewTextHandler(&out, nil)))
		l := &limitedListener{Listener: &fullListener{closed: make(chan struct{})}, max: 1, log: log}
		server := &http.Server{ErrorLog: log.httpErrors()}
		done := make(chan error)
		go func() { done <- server.Serve(l) }()
		time.Sleep(35 * time.Second) // net/http tries again every second
		server.Close()
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if len(lines) != 4 {
			t.Errorf("%d lines in 35 s, want one every 10 s:\n%s", len(lines), &out)
		}
		for i, line := range lines {
			if !strings.Contains(line, "level=WARN") || !strings.Contains(line, "ulimit -n") ||
				!strings.Contains(line, "127.0.0.1:7") || strings.Contains(line, "skipped=") != (i > 0) {
				t.Errorf("line %d is %s", i, line)
			}
		}
	})
}

// TestTransportLogLimitsEachKind: a flood of one kind hides no other, and at the debug level
// nothing is left out.
func TestTransportLogLimitsEachKind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var info, debug bytes.Buffer
		quiet := newTransportLog(slog.New(slog.NewTextHandler(&info, nil)))
		all := newTransportLog(slog.New(slog.NewTextHandler(&debug, &slog.HandlerOptions{Level: slog.LevelDebug})))
		for range 1000 {
			for _, log := range []*transportLog{quiet, all} {
				io.WriteString(httpErrors{log}, "http: TLS handshake error from 192.0.2.1:7: EOF\n")
			}
		}
		io.WriteString(httpErrors{quiet}, "http: URL query contains semicolon\n")
		time.Sleep(transportLogInterval)
		io.WriteString(httpErrors{quiet}, "http: TLS handshake error from 192.0.2.1:7: EOF\n")
		lines := strings.Split(strings.TrimSpace(info.String()), "\n")
		if len(lines) != 3 || !strings.Contains(lines[1], "semicolon") || !strings.Contains(lines[2], "skipped=999") {
			t.Errorf("got these lines, want a handshake, the semicolon, and a handshake after 999 skipped:\n%s", &info)
		}
		if n := strings.Count(debug.String(), "\n"); n != 1000 {
			t.Errorf("%d lines at the debug level, want all 1000", n)
		}
	})
}

func TestFileLimit(t *testing.T) {
	for _, tt := range []struct {
		name      string
		listeners int
		limit     uint64
		warns     bool
	}{
		{"enough", 2, 2*1000 + reservedFiles, false},
		{"one too few", 2, 2*1000 + reservedFiles - 1, true},
		{"one address", 1, 1000 + reservedFiles, false},
		{"no known limit", 2, 0, false},
		{"unlimited", 2, 1<<64 - 1, false},
	} {
		var out bytes.Buffer
		checkFileLimit(Config{Connections: 1000, Log: slog.New(slog.NewTextHandler(&out, nil))}, tt.listeners, tt.limit)
		says := strings.Contains(out.String(), "server.connections")
		if says != tt.warns || !tt.warns && out.Len() > 0 {
			t.Errorf("%s: got %q, want a warning: %v", tt.name, &out, tt.warns)
		}
	}
}
