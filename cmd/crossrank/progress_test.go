package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/crossrank/crossrank/internal/hub"
	"github.com/crossrank/crossrank/internal/load"
)

// at shows updates that come at the given seconds.
func at(p *progress, seconds float64, u load.Progress) {
	p.now = func() time.Time { return time.Unix(0, int64(seconds*1e9)) }
	u.Elapsed = time.Duration(seconds * float64(time.Second))
	p.update(u)
}

func TestProgressInALog(t *testing.T) {
	var b bytes.Buffer
	p := newProgress(&b)
	p.begin("batch 32, concurrency 1")
	at(p, 0, load.Progress{Warmup: true, Total: 5})
	at(p, 1, load.Progress{Warmup: true, Done: 5, Total: 5, Pairs: 160})
	at(p, 1, load.Progress{Total: 100})
	at(p, 5, load.Progress{Done: 10, Total: 100, Pairs: 320})
	at(p, 8, load.Progress{Done: 20, Total: 100, Pairs: 608, Errors: 1})
	at(p, 40, load.Progress{Done: 100, Total: 100, Pairs: 3200})
	p.end()
	want := `batch 32, concurrency 1: warm-up 0/5 requests
batch 32, concurrency 1: 0/100 requests
batch 32, concurrency 1: 20/100 requests, 76.0 pairs/s, 1 failed, 32s left
batch 32, concurrency 1: 100/100 requests, 80.0 pairs/s
`
	if got := b.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestProgressOnATerminal(t *testing.T) {
	var b bytes.Buffer
	p := newProgress(&b)
	p.width = 61
	p.begin("run")
	at(p, 0, load.Progress{Total: 2})
	at(p, 0.05, load.Progress{Done: 1, Total: 2, Pairs: 1}) // too soon to be drawn
	at(p, 1, load.Progress{Done: 1, Total: 2, Pairs: 32})
	at(p, 2, load.Progress{Done: 2, Total: 2, Pairs: 64})
	p.end()
	p.end()
	want := "\rrun [..............................] 0/2 requests\x1b[K" +
		"\rrun [###############...............] 1/2 requests, 32.0 pair\x1b[K" +
		"\rrun [##############################] 2/2 requests, 32.0 pair\x1b[K\n"
	if got := b.String(); got != want {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

func TestProgressByTime(t *testing.T) {
	u := load.Progress{Done: 7, Limit: 60 * time.Second, Elapsed: 15 * time.Second, Pairs: 150}
	if got, want := describeProgress(u), "7 requests, 15s of 1m0s, 10.0 pairs/s, 45s left"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestPullProgress shows a download with its rate over the last seconds and the time left.
func TestPullProgress(t *testing.T) {
	var b bytes.Buffer
	p := newPullProgress(&b, hub.Name{Repo: "a/b", Revision: "main"}, false)
	at := func(seconds float64, now hub.Progress) {
		p.now = func() time.Time { return time.Unix(0, int64(seconds*1e9)) }
		p.bar.now = p.now
		now.Files, now.Bytes = 2, 100e6
		p.update(now)
	}
	at(0, hub.Progress{BytesDone: 20e6, BytesKept: 20e6})
	at(1, hub.Progress{BytesDone: 30e6, BytesKept: 20e6})
	at(2, hub.Progress{BytesDone: 40e6, BytesKept: 20e6, FilesDone: 1})
	p.note("a connection broke")
	at(21, hub.Progress{BytesDone: 40e6, BytesKept: 20e6, FilesDone: 1})
	at(26, hub.Progress{BytesDone: 60e6, BytesKept: 20e6, FilesDone: 1})
	at(30, hub.Progress{BytesDone: 100e6, BytesKept: 20e6, FilesDone: 2})
	p.end()
	want := `a/b: 30 MB of 100 MB, 0/2 files, 10 MB/s, 7s left
note: a connection broke
a/b: 40 MB of 100 MB, 1/2 files
a/b: 60 MB of 100 MB, 1/2 files, 833.3 kB/s, 48s left
a/b: 100 MB of 100 MB, 2/2 files, 2.1 MB/s
`
	if got := b.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	b.Reset()
	p = newPullProgress(&b, hub.Name{Repo: "a/b", Revision: "main"}, true)
	at(1, hub.Progress{BytesDone: 30e6})
	if b.Len() > 0 {
		t.Errorf("with progress disabled, got %s", &b)
	}
}
