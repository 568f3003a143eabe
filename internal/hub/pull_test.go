package hub

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/crossrank/crossrank/internal/hubtest"
)

// TestLayout holds every path, link and content of a cache after a pull against those of huggingface_hub.
func TestLayout(t *testing.T) {
	hub, e, n := start(t)
	files := someFiles()
	files["1_Dense/config.json"] = []byte(`{"in_features": 3}`)
	files["modules.json"] = []byte(`[{"idx": 0, "path": ""}, {"idx": 1, "path": "1_Dense"}]`)
	commit := hub.Add(someModel, files)
	s := mustPull(t, e, n)
	want := append([]string{"modules.json", "1_Dense/config.json"}, neededOfSome...)
	checkSnapshot(t, s, files, want)
	folder := filepath.Join(e.CacheDir, "models--owner--some-model")
	if s.Repo != someModel || s.Commit != commit || s.Dir != filepath.Join(folder, "snapshots", commit) || s.Files != len(want) {
		t.Errorf("got %+v", s)
	}
	for _, name := range want {
		hash := hubtest.Hash(files[name])
		if content, err := os.ReadFile(filepath.Join(folder, "blobs", hash)); err != nil || !bytes.Equal(content, files[name]) {
			t.Errorf("the blob of %s: %v", name, err)
		}
		if runtime.GOOS == "windows" {
			continue // it depends on the user whether there are links
		}
		link, err := os.Readlink(filepath.Join(s.Dir, filepath.FromSlash(name)))
		target := strings.Repeat("../", 2+strings.Count(name, "/")) + "blobs/" + hash
		if err != nil || link != target {
			t.Errorf("%s leads to %q (%v), want %q", name, link, err, target)
		}
		if _, err := os.Stat(filepath.Join(e.CacheDir, ".locks", "models--owner--some-model", hash+".lock")); err != nil {
			t.Errorf("the lock of %s: %v", name, err)
		}
	}
	if ref, err := os.ReadFile(filepath.Join(folder, "refs", "main")); err != nil || string(ref) != commit {
		t.Errorf("the ref is %q (%v), want %q without an end of line", ref, err, commit)
	}
	if err := checkCache(e.CacheDir); err != nil {
		t.Error(err)
	}
}

// TestPullAgain: what is there is not downloaded again, and a commit that is there takes no request at all.
func TestPullAgain(t *testing.T) {
	hub, e, n := start(t)
	first := mustPull(t, e, n)
	hub.Requests()
	if again := mustPull(t, e, n); again.Dir != first.Dir {
		t.Errorf("the second pull gives %s, want %s", again.Dir, first.Dir)
	}
	if requests := hub.Requests(); len(requests) != 1 || !strings.HasPrefix(requests[0].Path, "/api/models/") {
		t.Errorf("the second pull requests %v, want the list alone", requests)
	}
	mustPull(t, e, Name{Repo: someModel, Revision: first.Commit})
	if requests := hub.Requests(); len(requests) > 0 {
		t.Errorf("a pull of a commit that is there requests %v", requests)
	}

	// A new commit shares what has not changed.
	files := someFiles()
	files["config.json"] = []byte(`{"architectures": ["Other"]}`)
	hub.Add(someModel, files)
	second := mustPull(t, e, n)
	checkSnapshot(t, second, files, neededOfSome)
	for _, r := range hub.Requests() {
		if strings.HasPrefix(r.Path, "/api/models/") || strings.HasSuffix(r.Path, "/config.json") {
			continue
		}
		t.Errorf("the pull of a new commit requests %s", r.Path)
	}
	checkSnapshot(t, first, someFiles(), neededOfSome)
}

// TestOffline: no request is made, and what is in the cache is found all the same.
func TestOffline(t *testing.T) {
	hub, e, n := start(t)
	s := mustPull(t, e, n)
	hub.Requests()
	e.Offline = true
	if _, err := newPuller(t, e, Options{}).Pull(t.Context(), n); err == nil || !strings.Contains(err.Error(), "HF_HUB_OFFLINE") {
		t.Errorf("got %v, want an error that names HF_HUB_OFFLINE", err)
	}
	mustPull(t, e, Name{Repo: someModel, Revision: s.Commit})
	if requests := hub.Requests(); len(requests) > 0 {
		t.Errorf("requests are made: %v", requests)
	}
}

// TestSharded pulls the shards that an index names, and no others.
func TestSharded(t *testing.T) {
	hub, e, n := start(t)
	files := someFiles()
	files["model-00001-of-00002.safetensors"] = files["model.safetensors"]
	files["model-00002-of-00002.safetensors"] = bytes.Repeat([]byte("x"), 3000)
	files["model.fp16.safetensors"] = bytes.Repeat([]byte("y"), 3000)
	delete(files, "model.safetensors")
	files[indexFile] = []byte(`{"weight_map": {"a": "model-00002-of-00002.safetensors", "b": "model-00001-of-00002.safetensors",
		"c": "model-00002-of-00002.safetensors"}}`)
	hub.Add(someModel, files)
	want := append(slices.DeleteFunc(slices.Clone(neededOfSome), func(name string) bool { return name == weightsFile }),
		indexFile, "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
	checkSnapshot(t, mustPull(t, e, n), files, want)
}

// TestAddresses pulls a branch with slashes and files whose names must be escaped, from an endpoint with a
// path.
func TestAddresses(t *testing.T) {
	hub, e, _ := start(t)
	files := someFiles()
	files[modulesFile] = []byte(`[{"path": "1 100%/#?&ü"}]`)
	files["1 100%/#?&ü/config.json"] = []byte(`{"x": 1}`)
	files["1 100%/#?&ü/model.safetensors"] = bytes.Repeat([]byte("z"), 2000)
	hub.Add(someModel, files)
	hub.Branch(someModel, "refs/pr/7")
	to, err := url.Parse(hub.URL)
	if err != nil {
		t.Fatal(err)
	}
	mirror := httptest.NewServer(http.StripPrefix("/mirror", httputil.NewSingleHostReverseProxy(to)))
	defer mirror.Close()
	want := append([]string{modulesFile, "1 100%/#?&ü/config.json", "1 100%/#?&ü/model.safetensors"}, neededOfSome...)
	for _, e.Endpoint = range []string{hub.URL, mirror.URL + "/mirror"} {
		e.CacheDir = filepath.Join(t.TempDir(), "hub")
		// Small files are behind a redirect to the root of a server.
		hub.Handle(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			next.ServeHTTP(&changedHeader{w, func(h http.Header) {
				if to := h.Get("Location"); strings.HasPrefix(to, "/") && e.Endpoint != hub.URL {
					h.Set("Location", "/mirror"+to)
				}
			}}, r)
		})
		n := Name{Repo: someModel, Revision: "refs/pr/7"}
		checkSnapshot(t, mustPull(t, e, n), files, want)
		if _, err := os.Stat(filepath.Join(e.CacheDir, n.folder(), "refs", "refs", "pr", "7")); err != nil {
			t.Error(err)
		}
		if s, err := NewCache(e.CacheDir).Find(n); err != nil || !slices.Equal(s.Refs, []string{"refs/pr/7"}) {
			t.Errorf("found %+v, %v", s, err)
		}
		if err := checkCache(e.CacheDir); err != nil {
			t.Error(err)
		}
	}
}

// TestMirror pulls from a hub whose list of files has names only: hashes and sizes come from headers, which
// are checked like everything else.
func TestMirror(t *testing.T) {
	hub, e, n := start(t)
	hub.ListNamesOnly()
	hub.RequireToken(someModel, "hf_secret")
	e.Token = "hf_secret"
	checkSnapshot(t, mustPull(t, e, n), someFiles(), slices.Clone(neededOfSome))
	for _, r := range hub.Requests() {
		if r.Host == hub.CDN && (r.Method == http.MethodHead || r.Authorization != "") {
			t.Errorf("the content network got %+v", r)
		}
	}
	for what, change := range map[string]func(http.Header){
		"no hash":               func(h http.Header) { h.Del("X-Linked-Etag"); h.Del("ETag") },
		"a hash that is a path": func(h http.Header) { h.Set("X-Linked-Etag", `"../../../x"`) },
		"no size":               func(h http.Header) { h.Del("X-Linked-Size") },
		"a negative size":       func(h http.Header) { h.Set("X-Linked-Size", "-1") },
		"another commit":        func(h http.Header) { h.Set("X-Repo-Commit", strings.Repeat("e", 40)) },
	} {
		hub, e, n := start(t)
		hub.ListNamesOnly()
		hub.Handle(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if r.Method == http.MethodHead && strings.HasSuffix(r.URL.Path, weightsFile) {
				w = &changedHeader{w, change}
			}
			next.ServeHTTP(w, r)
		})
		if _, err := newPuller(t, e, Options{}).Pull(t.Context(), n); err == nil {
			t.Errorf("%s: no error", what)
		}
		if err := checkCache(e.CacheDir); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// changedHeader changes the header of a response before it is sent.
type changedHeader struct {
	http.ResponseWriter
	change func(http.Header)
}

func (c *changedHeader) WriteHeader(status int) {
	c.change(c.Header())
	c.ResponseWriter.WriteHeader(status)
}

// TestTokenStaysAtHome: the token is sent to the endpoint and never to the server that it redirects to.
func TestTokenStaysAtHome(t *testing.T) {
	hub, e, n := start(t)
	hub.RequireToken(someModel, "hf_secret")
	e.Token = "hf_secret"
	mustPull(t, e, n)
	seen := map[string]bool{}
	for _, r := range hub.Requests() {
		seen[r.Host] = true
		if want := map[bool]string{true: "Bearer hf_secret"}[r.Host == hub.URL]; r.Authorization != want {
			t.Errorf("%s%s has the authorization %q, want %q", r.Host, r.Path, r.Authorization, want)
		}
	}
	if !seen[hub.URL] || !seen[hub.CDN] {
		t.Errorf("requests went to %v, want the hub and the content network", seen)
	}
}

// TestResume: a pull that breaks at every percent goes on from there, and a later pull goes on from what an
// earlier one has left.
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

// TestInterrupted: a pull that is cancelled in the middle leaves nothing that looks whole, and the next one
// asks only for the rest.
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

// TestTwoPullers: two at once download every file once, and both end with all of it.
func TestTwoPullers(t *testing.T) {
	hub, e, n := start(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			s, err := newPuller(t, e, Options{}).Pull(t.Context(), n)
			if err != nil {
				t.Error(err)
				return
			}
			checkSnapshot(t, s, someFiles(), slices.Clone(neededOfSome))
		})
	}
	wg.Wait()
	from := map[string]int{}
	for _, r := range hub.Requests() {
		if r.Host == hub.CDN {
			from[r.Path]++
		}
	}
	for path, times := range from {
		if times != 1 {
			t.Errorf("%s was downloaded %d times", path, times)
		}
	}
	if len(from) != 2 {
		t.Errorf("downloaded %v, want the two large files", from)
	}
	if err := checkCache(e.CacheDir); err != nil {
		t.Error(err)
	}
}

// TestWithoutLinks: where symbolic links cannot be made, the files of a snapshot are there all the same.
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

// TestSpace: a download that does not fit is refused before it begins, in words that say what to do.
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

// TestProgress: it never goes back without a reason, and ends with all bytes and files.
func TestProgress(t *testing.T) {
	_, e, n := start(t)
	var last Progress
	p := newPuller(t, e, Options{Progress: func(now Progress) {
		if now.BytesDone < last.BytesDone || now.FilesDone < last.FilesDone || now.BytesDone > now.Bytes {
			t.Errorf("%+v follows %+v", now, last)
		}
		last = now
	}})
	if _, err := p.Pull(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	if last.FilesDone != 5 || last.Files != 5 || last.BytesDone != last.Bytes || last.BytesKept != 0 || last.Bytes == 0 {
		t.Errorf("it ends with %+v", last)
	}
	last = Progress{}
	if _, err := p.Pull(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	if last.BytesKept != last.Bytes || last.FilesDone != 5 {
		t.Errorf("a second pull ends with %+v, want all bytes kept", last)
	}
}
