package hub

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestAddresses pulls a branch with slashes and files whose names must be escaped, from an endpoint
// with a path.
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

// TestMirror pulls from a hub whose list of files has names only: hashes and sizes come from
// headers, which are checked like everything else.
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

// TestTokenStaysAtHome: the token is sent to the endpoint and never to the server that it redirects
// to.
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
