package main

import (
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// logWriter writes lines to a log that may block, such as a pipe without a reader, and never blocks
// its callers. It drops and counts the lines for which its queue has no room. It is safe for
// concurrent use.
type logWriter struct {
	to    io.Writer
	lost  func(lines int64) // called with the number of dropped lines, once lines can be written again
	lines chan []byte
	done  chan struct{}

	mu      sync.RWMutex // serializes Write and Close
	closed  bool
	dropped atomic.Int64
}

const (
	logBehind = 4096        // lines in the queue
	logFlush  = time.Second // for the last lines
)

func newLogWriter(to io.Writer, lost func(lines int64)) *logWriter {
	w := &logWriter{to: to, lost: lost, lines: make(chan []byte, logBehind), done: make(chan struct{})}
	go w.run()
	return w
}

// Write implements [io.Writer]. It never fails.
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

// Close writes what is left. It returns after a second at the latest: a blocked write cannot be
// cancelled.
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
