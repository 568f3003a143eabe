package serverproc

import (
	"io"
	"strings"
	"sync"
)

// firstLine hands on the first line written to it, and passes everything after that line to rest.
type firstLine struct {
	line chan string // holds one
	rest io.Writer

	mu       sync.Mutex
	text     strings.Builder
	complete bool
}

// Write implements [io.Writer].
func (f *firstLine) Write(b []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.complete {
		return f.rest.Write(b)
	}
	line, rest, found := strings.Cut(string(b), "\n")
	f.text.WriteString(line)
	if found {
		f.complete = true
		f.line <- f.text.String()
		if _, err := f.rest.Write([]byte(rest)); err != nil {
			return 0, err
		}
	}
	return len(b), nil
}

// shownBytes is how much of a log an error shows.
const shownBytes = 2048

// logTail keeps the end of what is written to it, and copies everything to another writer. It is
// safe for concurrent use.
type logTail struct {
	to   io.Writer // may be nil
	keep int       // bytes

	mu   sync.Mutex
	kept []byte
}

// Write implements [io.Writer].
func (l *logTail) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kept = append(l.kept, b...)
	if extra := len(l.kept) - l.keep; extra > 0 {
		l.kept = append(l.kept[:0], l.kept[extra:]...)
	}
	if l.to != nil {
		return l.to.Write(b)
	}
	return len(b), nil
}

func (l *logTail) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.kept)
}

// String returns the last lines for the end of an error message, or nothing if there are none.
func (l *logTail) String() string {
	text := l.text()
	text = strings.TrimSpace(text[max(0, len(text)-shownBytes):])
	if text == "" {
		return ""
	}
	return "; the end of its log:\n  " + strings.ReplaceAll(text, "\n", "\n  ")
}
