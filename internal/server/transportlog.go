package server

import (
	"bytes"
	"context"
	"errors"
	"log"
	"log/slog"
	"strings"
	"sync"
	"syscall"
	"time"
)

// transportLog logs errors of the transport, such as failed handshakes and connections that cannot
// be accepted. Peers cause them as often as they like, so each kind is a warning at most once per
// interval; the rest are debug lines. It is safe for concurrent use.
type transportLog struct {
	log      *slog.Logger
	interval time.Duration

	mu    sync.Mutex
	kinds map[string]*warned
}

// warned is the state of one kind of error.
type warned struct {
	last    time.Time
	skipped int // errors since the last warning
}

const transportLogInterval = 10 * time.Second

func newTransportLog(log *slog.Logger) *transportLog {
	return &transportLog{log: log, interval: transportLogInterval, kinds: map[string]*warned{}}
}

// warn logs an error of a kind. There must be a fixed number of kinds.
func (t *transportLog) warn(kind, message string, attrs ...any) {
	level, skipped := t.level(kind, time.Now())
	if skipped > 0 {
		attrs = append(attrs, "skipped", skipped)
	}
	t.log.Log(context.Background(), level, message, attrs...)
}

func (t *transportLog) level(kind string, now time.Time) (level slog.Level, skipped int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	k := t.kinds[kind]
	if k == nil {
		k = &warned{}
		t.kinds[kind] = k
	} else if now.Sub(k.last) < t.interval {
		k.skipped++
		return slog.LevelDebug, 0
	}
	skipped, k.last, k.skipped = k.skipped, now, 0
	return slog.LevelWarn, skipped
}

// acceptFailed logs that a listener cannot accept a connection, and what to do about it.
func (t *transportLog) acceptFailed(addr string, err error) {
	message := "cannot accept a connection"
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		message = "cannot accept a connection: too many open files; raise the limit (ulimit -n) or lower server.connections"
	}
	t.warn("accept", message, "address", addr, "error", err)
}

// httpErrors is the error log of an [net/http.Server].
func (t *transportLog) httpErrors() *log.Logger { return log.New(httpErrors{t}, "", 0) }

type httpErrors struct{ *transportLog }

// Write logs one line of net/http. Errors of Accept are left out: the listener has logged them.
func (h httpErrors) Write(line []byte) (int, error) {
	text := string(bytes.TrimSpace(line))
	switch {
	case strings.HasPrefix(text, "http: Accept error"):
	case strings.HasPrefix(text, "http: TLS handshake error"):
		h.warn("handshake", text)
	default:
		h.warn("http", text)
	}
	return len(line), nil
}
