// Package hubtest is a small Hugging Face hub on the loopback interface, for tests of what
// downloads from one.
//
// [New] starts it, [Server.Add] gives it a model. It answers as the real hub does: the list of
// files with their hashes, small files from the hub itself behind a relative redirect, large ones
// behind a redirect to a second server in the role of the content network, ranges, and errors with
// the hub's codes. What goes wrong is up to [Server.Handle], which sees each request first.
package hubtest

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// Server is the fake hub. It is safe for concurrent use.
type Server struct {
	URL string // of the hub: the value for HF_ENDPOINT
	CDN string // where large files are

	hub, cdn *httptest.Server

	mu       sync.Mutex
	models   map[string]*model
	blobs    map[string][]byte // of large files, by hash
	bare     bool              // lists have names only
	handle   func(http.ResponseWriter, *http.Request, http.Handler)
	requests []Request
}

// Request is what a server remembers of a request.
type Request struct {
	Host, Method, Path, Range, Authorization string
}

type model struct {
	files   map[string][]byte
	commits map[string]string // by branch
	token   string            // required to read it; empty if anybody may
}

// LargeBytes is the size at which a file is large, and comes from the content network.
const LargeBytes = 1000

// New starts a hub without models.
func New() *Server {
	s := &Server{models: map[string]*model{}, blobs: map[string][]byte{}}
	s.hub = httptest.NewServer(s.recorded(http.HandlerFunc(s.serveHub)))
	s.cdn = httptest.NewServer(s.recorded(http.HandlerFunc(s.serveCDN)))
	s.URL, s.CDN = s.hub.URL, s.cdn.URL
	return s
}

// Close stops both servers.
func (s *Server) Close() {
	s.hub.CloseClientConnections()
	s.cdn.CloseClientConnections()
	s.hub.Close()
	s.cdn.Close()
}

// Add puts a model on the hub, or a new commit of it on its branch main, and returns the commit.
func (s *Server) Add(name string, files map[string][]byte) (commit string) {
	sum := sha1.New()
	for _, file := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(sum, "%s %d\n", file, len(files[file]))
		sum.Write(files[file])
	}
	commit = hex.EncodeToString(sum.Sum(nil))
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.models[name]
	if m == nil {
		m = &model{commits: map[string]string{}}
		s.models[name] = m
	}
	m.files, m.commits["main"] = files, commit
	for _, content := range files {
		if len(content) >= LargeBytes {
			s.blobs[Hash(content)] = content
		}
	}
	return commit
}

// Branch gives the newest commit of a model another name: a branch or a tag.
func (s *Server) Branch(name, branch string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.models[name]
	m.commits[branch] = m.commits["main"]
}

// AddDir puts the files of a directory on the hub as a model.
func (s *Server) AddDir(name, dir string) (commit string, err error) {
	files := map[string][]byte{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		if files[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
			return "", err
		}
	}
	return s.Add(name, files), nil
}

// RequireToken closes a model to requests without this token.
func (s *Server) RequireToken(name, token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.models[name].token = token
}

// ListNamesOnly has lists of files leave out hashes and sizes, as some mirrors do.
func (s *Server) ListNamesOnly() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bare = true
}

// Handle has every request of both servers go through f, which may answer it, spoil it, or pass it
// on to next. nil ends that.
func (s *Server) Handle(f func(w http.ResponseWriter, r *http.Request, next http.Handler)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handle = f
}

// Requests gives the requests since it was last called.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.requests
	s.requests = nil
	return all
}

// Hash names a file's content as the hub does: by SHA-256 if it is large, else as Git does.
func Hash(content []byte) string {
	if len(content) >= LargeBytes {
		sum := sha256.Sum256(content)
		return hex.EncodeToString(sum[:])
	}
	return gitHash(content)
}

func gitHash(content []byte) string {
	sum := sha1.Sum(append(fmt.Appendf(nil, "blob %d\x00", len(content)), content...))
	return hex.EncodeToString(sum[:])
}

func (s *Server) recorded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.requests = append(s.requests, Request{
			"http://" + r.Host, r.Method, r.URL.Path, r.Header.Get("Range"), r.Header.Get("Authorization"),
		})
		handle := s.handle
		s.mu.Unlock()
		if handle != nil {
			handle(w, r, next)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// serveHub answers /api/models/NAME/revision/REVISION, /NAME/resolve/REVISION/FILE, and the address
// that the latter redirects to for small files.
func (s *Server) serveHub(w http.ResponseWriter, r *http.Request) {
	if rest, ok := strings.CutPrefix(r.URL.Path, "/api/models/"); ok {
		name, revision, _ := strings.Cut(rest, "/revision/")
		if m, commit := s.find(w, r, name, revision); m != nil {
			s.serveList(w, name, commit, m.files)
		}
		return
	}
	path, cached := strings.CutPrefix(r.URL.Path, "/api/resolve-cache/models/")
	name, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/resolve/")
	revision, file, _ := strings.Cut(rest, "/")
	m, commit := s.find(w, r, name, revision)
	if m == nil {
		return
	}
	content, ok := m.files[file]
	if !ok {
		refuse(w, http.StatusNotFound, "EntryNotFound", "Entry not found")
		return
	}
	h := w.Header()
	h.Set("X-Repo-Commit", commit)
	switch hash := Hash(content); {
	case len(content) >= LargeBytes:
		h.Set("X-Linked-Etag", `"`+hash+`"`)
		h.Set("X-Linked-Size", fmt.Sprint(len(content)))
		http.Redirect(w, r, s.CDN+"/"+hash+"?Signature=secret", http.StatusFound)
	case !cached:
		h.Set("ETag", `"`+hash+`"`)
		to := url.URL{Path: fmt.Sprintf("/api/resolve-cache/models/%s/resolve/%s/%s", name, commit, file)}
		http.Redirect(w, r, to.EscapedPath(), http.StatusTemporaryRedirect)
	default:
		h.Set("ETag", `"`+hash+`"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	}
}

// find gives a model and the commit that a revision means, or refuses.
func (s *Server) find(w http.ResponseWriter, r *http.Request, name, revision string) (*model, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.models[name]
	switch {
	case m == nil && r.Header.Get("Authorization") == "":
		refuse(w, http.StatusUnauthorized, "RepoNotFound", "Invalid username or password.")
		return nil, ""
	case m == nil:
		refuse(w, http.StatusNotFound, "RepoNotFound", "Repository not found")
		return nil, ""
	case m.token != "" && r.Header.Get("Authorization") != "Bearer "+m.token:
		refuse(w, http.StatusForbidden, "GatedRepo", "Access to model "+name+" is restricted.")
		return nil, ""
	}
	for branch, commit := range m.commits {
		if revision == branch || revision == commit {
			return m, commit
		}
	}
	refuse(w, http.StatusNotFound, "RevisionNotFound", "Invalid rev id: "+revision)
	return nil, ""
}

func (s *Server) serveList(w http.ResponseWriter, name, commit string, files map[string][]byte) {
	s.mu.Lock()
	bare := s.bare
	s.mu.Unlock()
	var siblings []map[string]any
	for _, file := range slices.Sorted(maps.Keys(files)) {
		content := files[file]
		one := map[string]any{"rfilename": file, "size": len(content), "blobId": gitHash(content)}
		if len(content) >= LargeBytes {
			one["lfs"] = map[string]any{"sha256": Hash(content), "size": len(content), "pointerSize": 134}
		}
		if bare {
			one = map[string]any{"rfilename": file}
		}
		siblings = append(siblings, one)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	body := map[string]any{"id": name, "modelId": name, "sha": commit, "siblings": siblings, "private": false}
	if err := json.NewEncoder(w).Encode(body); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// serveCDN answers /HASH.
func (s *Server) serveCDN(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	content, ok := s.blobs[strings.TrimPrefix(r.URL.Path, "/")]
	s.mu.Unlock()
	if !ok || r.URL.Query().Get("Signature") == "" {
		http.Error(w, "no signature", http.StatusForbidden)
		return
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("X-Error-Code", code)
	w.Header().Set("X-Error-Message", message)
	http.Error(w, message, status)
}
