package hub

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/crossrank/crossrank/internal/hubtest"
)

// TestResume: a pull that breaks at every percent goes on from there, and a later pull goes on from
// what an earlier one has left.
func TestResume(t *testing.T) {
	hub, e, n := start(t)
	files := someFiles()
	weights := files["model.safetensors"]
	percent := len(weights) / 100
	var sent atomic.Int64
	hub.Handle(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if !strings.Contains(r.URL.Path, hubtest.Hash(weights)) {
			next.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(&breaking{ResponseWriter: w, left: percent, sent: &sent}, r)
	})
	var notes []string
	p := newPuller(t, e, Options{Note: func(text string) { notes = append(notes, text) }})
	s, err := p.Pull(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	checkSnapshot(t, s, files, neededOfSome)
	if sent.Load() != int64(len(weights)) {
		t.Errorf("%d bytes were sent for a file of %d: what had come was asked for again", sent.Load(), len(weights))
	}
	if len(notes) < 90 {
		t.Errorf("%d notes on connections that broke, want one at each percent", len(notes))
	}
}

// breaking sends a number of bytes and then breaks the connection.
type breaking struct {
	http.ResponseWriter
	left int
	sent *atomic.Int64
}

func (b *breaking) Write(p []byte) (int, error) {
	n, err := b.ResponseWriter.Write(p[:min(b.left, len(p))])
	b.left -= n
	if b.sent != nil {
		b.sent.Add(int64(n))
	}
	if b.left == 0 && n < len(p) || err != nil {
		http.NewResponseController(b.ResponseWriter).Flush()
		panic(http.ErrAbortHandler)
	}
	return n, err
}

func (b *breaking) Unwrap() http.ResponseWriter { return b.ResponseWriter }

// TestInterrupted: a pull that is cancelled in the middle leaves nothing that looks whole, and the
// next one asks only for the rest.
func TestInterrupted(t *testing.T) {
	hub, e, n := start(t)
	weights := someFiles()["model.safetensors"]
	ctx, cancel := context.WithCancel(t.Context())
	hub.Handle(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if !strings.Contains(r.URL.Path, hubtest.Hash(weights)) {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Length", "40000")
		w.Write(weights[:15_000])
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	p := newPuller(t, e, Options{Progress: func(now Progress) {
		if now.BytesDone > 15_000 && now.FilesDone == now.Files-1 {
			cancel()
		}
	}})
	if _, err := p.Pull(ctx, n); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want the end of the context", err)
	}
	if err := checkCache(e.CacheDir); err != nil {
		t.Error(err)
	}
	if _, err := NewCache(e.CacheDir).Find(n); !errors.As(err, new(*NotCached)) {
		t.Errorf("a model that is partly there is found: %v", err)
	}
	if left := onlyIncomplete(t, e.CacheDir); len(left) != 1 {
		t.Errorf("%q is left, want the beginning of the weights", left)
	}
	hub.Handle(nil)
	hub.Requests()
	s := mustPull(t, e, n)
	checkSnapshot(t, s, someFiles(), neededOfSome)
	asked := ""
	for _, r := range hub.Requests() {
		if r.Host == hub.CDN {
			asked = r.Range
		}
	}
	if asked != "bytes=15000-" {
		t.Errorf("the range %q is asked for, want the rest from 15000", asked)
	}
}

// TestDamagedBeginning: what an earlier pull has left is not trusted.
func TestDamagedBeginning(t *testing.T) {
	for what, beginning := range map[string][]byte{
		"wrong bytes":        bytes.Repeat([]byte{9}, 1000),
		"as many as whole":   bytes.Repeat([]byte{9}, 40_000),
		"more than the file": bytes.Repeat([]byte{9}, 40_001),
		"empty":              nil,
		"a good beginning":   someFiles()["model.safetensors"][:7000],
		"all of it":          someFiles()["model.safetensors"],
	} {
		_, e, n := start(t)
		name := filepath.Join(e.CacheDir, n.incomplete(hash(hubtest.Hash(someFiles()["model.safetensors"]))))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, beginning, 0o666); err != nil {
			t.Fatal(err)
		}
		s, err := newPuller(t, e, Options{}).Pull(t.Context(), n)
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		checkSnapshot(t, s, someFiles(), neededOfSome)
	}
}
