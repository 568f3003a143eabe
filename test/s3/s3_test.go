// Package s3 tests jobs whose inputs and output are on S3-compatible storage. It is a module of its
// own, so that the storage server is no dependency of the program.
package s3

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

const model = "builtin:minilm-l6"

// storage is a server of S3 with one bucket, data, that counts requests and fails the first upload.
type storage struct {
	backend gofakes3.Backend
	handler http.Handler // of the server, before requests are counted
	server  *httptest.Server

	mu      sync.Mutex
	failed  bool
	uploads int             // parts of multipart uploads
	keys    map[string]bool // access keys of requests
}

func newStorage(t *testing.T) *storage {
	t.Helper()
	s := &storage{backend: s3mem.New(), keys: map[string]bool{}}
	if err := s.backend.CreateBucket("data"); err != nil {
		t.Fatal(err)
	}
	s.handler = gofakes3.New(s.backend, gofakes3.WithAutoBucket(false)).Server()
	s.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.refuse(r) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		s.handler.ServeHTTP(w, r)
	}))
	t.Cleanup(s.server.Close)
	return s
}

func (s *storage) refuse(r *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, credential, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	key, _, _ := strings.Cut(credential, "/")
	s.keys[key] = true
	if r.URL.Query().Has("partNumber") {
		s.uploads++
	}
	first := !s.failed && r.Method == http.MethodPut && strings.Contains(r.URL.Path, "part-")
	s.failed = s.failed || first
	return first
}

// object is the content of an object.
func (s *storage) object(t *testing.T, key string) []byte {
	t.Helper()
	o, err := s.backend.GetObject("data", key, nil)
	if err != nil {
		t.Fatalf("%s: %v", key, err)
	}
	defer o.Contents.Close()
	text, err := io.ReadAll(o.Contents)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (s *storage) put(t *testing.T, key string, text []byte) {
	t.Helper()
	reply := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPut, "/data/"+key, bytes.NewReader(text))
	r.Header.Set("Content-Length", strconv.Itoa(len(text)))
	s.handler.ServeHTTP(reply, r)
	if reply.Code != http.StatusOK {
		t.Fatalf("putting %s: %d, %s", key, reply.Code, reply.Body)
	}
}

// crossrank is the program under test.
var crossrank string

func TestMain(m *testing.M) { os.Exit(withProgram(m.Run)) }

// withProgram builds the program for run.
func withProgram(run func() int) int {
	dir, err := os.MkdirTemp("", "crossrank-s3-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	crossrank = filepath.Join(dir, "crossrank")
	build := exec.Command("go", "build", "-o", crossrank, "./cmd/crossrank")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		log.Printf("building the program: %v\n%s", err, out)
		return 1
	}
	return run()
}

// call runs the program; fails says whether it must fail.
func call(t *testing.T, fails bool, args ...string) (stdout []byte, stderr string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), crossrank, args...)
	var out, messages bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &messages
	if err := cmd.Run(); (err != nil) != fails {
		t.Fatalf("crossrank %q: %v\n%s", args, err, &messages)
	}
	return out.Bytes(), messages.String()
}

func pairs(n, ballast int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, `{"id": "%d%s", "query": "query %d", "passage": "passage %d"}`+"\n", i, strings.Repeat("x", ballast), i%3, i)
	}
	return b.Bytes()
}

// TestJob runs a job from S3 to S3: its output is that of one process on files, a refused upload is
// repeated, a large part goes in several uploads, and another input under the same name is found.
func TestJob(t *testing.T) {
	s := newStorage(t)
	t.Setenv("AWS_ENDPOINT_URL", s.server.URL)
	t.Setenv("AWS_REGION", "us-east-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "from-environment")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	text := pairs(40, 0)
	file := filepath.Join(t.TempDir(), "pairs.jsonl")
	if err := os.WriteFile(file, text, 0o666); err != nil {
		t.Fatal(err)
	}
	s.put(t, "in/pairs.jsonl", text)

	want, _ := call(t, false, "score", "-m", model, "-i", file)
	call(t, false, "job", "submit", "-m", model, "-i", "s3://data/in/pairs.jsonl", "-o", "s3://data/out", "--shard-rows", "15")
	call(t, false, "job", "work", "s3://data/out")
	got := append(append(s.object(t, "out/part-000000.jsonl"), s.object(t, "out/part-000001.jsonl")...), s.object(t, "out/part-000002.jsonl")...)
	if !bytes.Equal(got, want) || !s.failed {
		t.Errorf("the output differs from that of one process, or no upload was refused (%v)", s.failed)
	}
	status, _ := call(t, false, "job", "status", "s3://data/out")
	if !strings.Contains(string(status), "3 of 3 finished") {
		t.Errorf("the status is %s", status)
	}

	s.put(t, "in/large.jsonl", pairs(100, 200_000)) // 20 MB, more than the first upload may have
	call(t, false, "job", "submit", "-m", model, "-i", "s3://data/in/large.jsonl", "-o", "s3://data/large", "--keep", "id")
	call(t, false, "job", "work", "s3://data/large")
	if size := len(s.object(t, "large/part-000000.jsonl")); s.uploads < 2 || size < 20_000_000 {
		t.Errorf("a part of %d bytes went in %d uploads", size, s.uploads)
	}

	call(t, false, "job", "submit", "-m", model, "-i", "s3://data/in/pairs.jsonl", "-o", "s3://data/other")
	s.put(t, "in/pairs.jsonl", bytes.Replace(text, []byte("passage 7"), []byte("passage 8"), 1))
	if _, message := call(t, true, "job", "work", "s3://data/other"); !strings.Contains(message, "has changed since the job was submitted") {
		t.Errorf("with another input: %s", message)
	}
	call(t, false, "job", "cancel", "s3://data/other")
	if len(s.keys) != 1 || !s.keys["from-environment"] {
		t.Errorf("requests had the keys %v", s.keys)
	}
}

// TestCredentials takes them from the shared file and its profile.
func TestCredentials(t *testing.T) {
	s := newStorage(t)
	file := filepath.Join(t.TempDir(), "credentials")
	text := "[default]\naws_access_key_id = wrong\naws_secret_access_key = x\n[mine]\naws_access_key_id = from-profile\naws_secret_access_key = y\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_ENDPOINT_URL", s.server.URL)
	t.Setenv("AWS_REGION", "us-east-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file)
	t.Setenv("AWS_PROFILE", "mine")
	s.put(t, "in/pairs.jsonl", pairs(3, 0))
	call(t, false, "job", "submit", "-m", model, "-i", "s3://data/in/pairs.jsonl", "-o", "s3://data/out")
	if len(s.keys) != 1 || !s.keys["from-profile"] {
		t.Errorf("requests had the keys %v", s.keys)
	}
	if _, message := call(t, true, "job", "work", "s3://data/nothing"); !strings.Contains(message, "s3://data/nothing/ holds no job") {
		t.Errorf("an empty folder: %s", message)
	}
}
