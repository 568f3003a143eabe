package hub

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/crossrank/crossrank/internal/hubtest"
)

// TestSpace: a download that does not fit is refused before it begins, in words that say what to
// do.
func TestSpace(t *testing.T) {
	hub, e, n := start(t)
	p := newPuller(t, e, Options{})
	p.free = func(string) (int64, error) { return 45_000, nil }
	_, err := p.Pull(t.Context(), n)
	if err == nil || !strings.Contains(err.Error(), "45.1 kB are missing") || !strings.Contains(err.Error(), "45 kB free") {
		t.Errorf("got %v", err)
	}
	for _, r := range hub.Requests() {
		if !strings.HasPrefix(r.Path, "/api/models/") {
			t.Errorf("%s was requested", r.Path)
		}
	}
	p.free = func(string) (int64, error) { return 0, errors.ErrUnsupported }
	if _, err := p.Pull(t.Context(), n); err != nil {
		t.Errorf("an unknown space: %v", err)
	}
}

// full is a disk with room for a number of bytes.
type full struct {
	io.Writer
	left *atomic.Int64
}

func (f full) Write(p []byte) (int, error) {
	room := f.left.Add(-int64(len(p))) + int64(len(p))
	if room >= int64(len(p)) {
		return f.Writer.Write(p)
	}
	n, err := f.Writer.Write(p[:max(0, room)])
	return n, errors.Join(err, syscall.ENOSPC)
}

// counting counts what is written.
type counting struct {
	io.Writer
	n *atomic.Int64
}

func (c counting) Write(p []byte) (int, error) {
	c.n.Add(int64(len(p)))
	return c.Writer.Write(p)
}

// TestEndlessFile: of a body without end, no more is written than the file has, and it is asked for
// once.
func TestEndlessFile(t *testing.T) {
	hub, e, n := start(t)
	weights := someFiles()[weightsFile]
	var asked atomic.Int64
	hub.Handle(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if !strings.Contains(r.URL.Path, hubtest.Hash(weights)) {
			next.ServeHTTP(w, r)
			return
		}
		asked.Add(1)
		for {
			if _, err := w.Write(make([]byte, 1000)); err != nil {
				return
			}
		}
	})
	p := newPuller(t, e, Options{})
	var written atomic.Int64
	p.wrap = func(w io.Writer) io.Writer { return counting{w, &written} }
	_, err := p.Pull(t.Context(), n)
	if err == nil || !strings.Contains(err.Error(), "sends more than the 40000 bytes") {
		t.Errorf("got %v", err)
	}
	if total := int64(50_000); written.Load() > total || asked.Load() != 1 {
		t.Errorf("%d bytes were written in %d requests, want at most %d in one", written.Load(), asked.Load(), total)
	}
	if err := checkCache(e.CacheDir); err != nil {
		t.Error(err)
	}
}

// TestFullDisk: a disk that fills up ends the pull, and the next one goes on from there.
func TestFullDisk(t *testing.T) {
	hub, e, n := start(t)
	p := newPuller(t, e, Options{})
	var left atomic.Int64
	left.Store(20_000)
	p.wrap = func(w io.Writer) io.Writer { return full{w, &left} }
	_, err := p.Pull(t.Context(), n)
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "are kept") {
		t.Fatalf("got %v, want a full disk", err)
	}
	if err := checkCache(e.CacheDir); err != nil {
		t.Error(err)
	}
	left.Store(1 << 40)
	hub.Requests()
	s, err := p.Pull(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	checkSnapshot(t, s, someFiles(), neededOfSome)
	if !slices.ContainsFunc(hub.Requests(), func(r hubtest.Request) bool { return strings.HasPrefix(r.Range, "bytes=") }) {
		t.Error("nothing was resumed")
	}
}

// TestWithoutLinks: where symbolic links cannot be made, the files of a snapshot are there all the
// same.
func TestWithoutLinks(t *testing.T) {
	for what, change := range map[string]func(*Puller){
		"asked for": func(p *Puller) { p.symlink = nil },
		"not possible": func(p *Puller) {
			p.symlink = func(*os.Root, string, string) error { return errors.New("no privilege") }
		},
	} {
		_, e, n := start(t)
		p := newPuller(t, e, Options{})
		change(p)
		for range 2 {
			s, err := p.Pull(t.Context(), n)
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			checkSnapshot(t, s, someFiles(), neededOfSome)
			if info, err := os.Lstat(filepath.Join(s.Dir, "config.json")); err != nil || !info.Mode().IsRegular() {
				t.Errorf("%s: config.json is %v (%v), want a regular file", what, info.Mode(), err)
			}
		}
		if err := checkCache(e.CacheDir); err != nil {
			t.Error(err)
		}
	}
}
