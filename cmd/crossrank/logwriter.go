package main

import (
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// logWriter passes lines on to a log that may stall, such as a pipe that nobody reads, without ever making their writers wait.
// What comes while it is too far behind is lost and counted. It is safe for concurrent use.
type logWriter struct {
	to    io.Writer
	lost  func(lines int64) // is told, once lines can be written again, how many were not
	lines chan []byte
	done  chan struct{}

	mu      sync.RWMutex // against a line that comes while the writer is closed
	closed  bool
	dropped atomic.Int64
}

const (
	logBehind = 4096        // lines
	logFlush  = time.Second // for the last lines
)

func newLogWriter(to io.Writer, lost func(lines int64)) *logWriter {
	w := &logWriter{to: to, lost: lost, lines: make(chan []byte, logBehind), done: make(chan struct{})}
	go w.run()
	return w
}

// Write implements [io.Writer]. It never fails: there is nobody who could be told.
func (w *logWriter) Write(line []byte) (int, error) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return len(line), nil
	}
	select {
	case w.lines <- append([]byte(nil), line...):
	default:
		w.dropped.Add(1)
	}
	return len(line), nil
}

func (w *logWriter) run() {
	defer close(w.done)
	for line := range w.lines {
		_, _ = w.to.Write(line)
		if n := w.dropped.Swap(0); n > 0 {
			w.lost(n)
		}
	}
}

// Close writes what is left and returns once that is done, or after a second: a write that stalls cannot be ended.
func (w *logWriter) Close() error {
	w.mu.Lock()
	if !w.closed {
		w.closed = true
		close(w.lines)
	}
	w.mu.Unlock()
	select {
	case <-w.done:
	case <-time.After(logFlush):
	}
	return nil
}
