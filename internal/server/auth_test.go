package server

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/scorertest"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
)

// Canaries: words that must never be seen again once they were sent.
const (
	goodKey  = "canary-good-3f1c9a7be2d84f60"
	wrongKey = "canary-wrong-77e0ad1c55b94e2f"
)

func digest(key string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(key))) }

func TestAPIKeys(t *testing.T) {
	fake := &scorertest.Fake{}
	r := start(t, fake, Config{APIKeys: []string{digest("somebody else's key"), "sha256:" + digest(goodKey)}})
	for name, target := range r.targets() {
		if _, err := dialWith(t, target, client.Options{APIKey: goodKey}).Score(t.Context(), request("q")); err != nil {
			t.Errorf("%s, the key: %v", name, err)
		}
		calls := fake.Calls()
		for _, key := range []string{"", wrongKey, goodKey[:len(goodKey)-1], goodKey + "x", digest(goodKey)} {
			c := dialWith(t, target, client.Options{APIKey: key})
			_, err := c.Score(t.Context(), request("q"))
			if crossrank.CodeOf(err) != crossrank.Unauthenticated {
				t.Errorf("%s, key %q: got %v, want Unauthenticated", name, key, err)
			}
			if _, err := c.Info(t.Context()); crossrank.CodeOf(err) != crossrank.Unauthenticated {
				t.Errorf("%s, info with key %q: got %v, want Unauthenticated", name, key, err)
			}
			if err != nil && strings.Contains(err.Error(), "canary") {
				t.Errorf("%s: the error repeats the key: %v", name, err)
			}
		}
		if fake.Calls() != calls {
			t.Errorf("%s: requests without the key reached the scorer", name)
		}
	}
}

// TestWhatNeedsNoKey goes around the clients: probes come in, nothing else does.
func TestWhatNeedsNoKey(t *testing.T) {
	r := start(t, &scorertest.Fake{}, Config{APIKeys: []string{digest(goodKey)}})
	for _, path := range []string{"/health", "/livez", "/readyz"} {
		if got := r.status(t, path); got != http.StatusOK {
			t.Errorf("%s: status %d, want 200", path, got)
		}
	}
	for _, path := range []string{"/", "/info", "/metrics", "/api/history", "/api/snapshot", "/api/stream", "/nowhere"} {
		if got := r.status(t, path); got != http.StatusUnauthorized {
			t.Errorf("%s: status %d, want 401", path, got)
		}
	}
	conn := r.connect(t)
	if _, err := healthpb.NewHealthClient(conn).Check(t.Context(), &healthpb.HealthCheckRequest{}); err != nil {
		t.Errorf("health: %v", err)
	}
	for name, ctx := range map[string]metadata.MD{
		"no key":   {},
		"two keys": metadata.Pairs("authorization", "Bearer "+goodKey, "authorization", "Bearer "+goodKey),
	} {
		stream, err := reflectionpb.NewServerReflectionClient(conn).
			ServerReflectionInfo(metadata.NewOutgoingContext(t.Context(), ctx))
		if err == nil {
			_, err = stream.Recv()
		}
		if status.Code(err) != codes.Unauthenticated {
			t.Errorf("reflection with %s: got %v, want UNAUTHENTICATED", name, err)
		}
	}
}

// TestBrowsersLogIn: where the page asks for a key, a browser sends it as a password, but not on
// behalf of another site.
func TestBrowsersLogIn(t *testing.T) {
	r := start(t, &scorertest.Fake{}, Config{APIKeys: []string{digest(goodKey)}})
	for _, tt := range []struct {
		name, method, path, password, site string
		want                               int
	}{
		{"the page", http.MethodGet, "/", goodKey, "none", http.StatusOK},
		{"its data", http.MethodGet, "/api/history", goodKey, "same-origin", http.StatusOK},
		{"a wrong password", http.MethodGet, "/", wrongKey, "none", http.StatusUnauthorized},
		{"another site's form", http.MethodPost, "/rerank", goodKey, "cross-site", http.StatusUnauthorized},
	} {
		req, err := http.NewRequest(tt.method, "http://"+r.HTTPAddr()+tt.path, strings.NewReader(`{"query": "q", "texts": ["a"]}`))
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth("anybody", tt.password)
		req.Header.Set("Sec-Fetch-Site", tt.site)
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != tt.want {
			t.Errorf("%s: status %d, want %d", tt.name, resp.StatusCode, tt.want)
		}
	}
}

// TestKeysLeaveNoTrace uses keys in every way and then looks for them wherever the server tells of
// itself.
func TestKeysLeaveNoTrace(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keys")
	write(t, file, digest(goodKey))
	r := start(t, &scorertest.Fake{Fault: func(req *crossrank.Request) error {
		if req.Pairs[0].Query == "panic" {
			panic("a hole in the program")
		}
		return nil
	}}, Config{APIKeysFile: file, lookAgain: 10 * time.Millisecond})
	for _, target := range r.targets() {
		for _, key := range []string{goodKey, wrongKey} {
			for _, query := range []string{"q", "panic"} {
				_, _ = dialWith(t, target, client.Options{APIKey: key}).Score(t.Context(), request(query))
			}
		}
	}
	write(t, file, wrongKey) // a key where its digest belongs
	r.waitForLog(t, "the previous ones stay in use")

	var seen strings.Builder
	for _, path := range []string{"/metrics", "/api/history", "/info", "/api/snapshot"} {
		req, err := http.NewRequest(http.MethodGet, "http://"+r.HTTPAddr()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+goodKey)
		resp, err := http.DefaultClient.Do(req)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %v, %v", path, resp, err)
		}
		io.Copy(&seen, resp.Body)
		resp.Body.Close()
	}
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	seen.WriteString(r.log.String())
	if !strings.Contains(seen.String(), "a hole in the program") {
		t.Errorf("the log lacks the panic, so that this test looked at nothing:\n%s", &seen)
	}
	for _, secret := range []string{goodKey, wrongKey, digest(goodKey), "canary"} {
		if at := strings.Index(seen.String(), secret); at >= 0 {
			t.Errorf("%q is told: …%s…", secret, seen.String()[max(0, at-200):at+20])
		}
	}
}

// TestKeysAreReloaded replaces the file of keys under load: whoever has a key that is in both files
// notices nothing.
func TestKeysAreReloaded(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keys")
	write(t, file, digest("old-key")+"\n"+digest(goodKey))
	r := start(t, &scorertest.Fake{}, Config{APIKeysFile: file, lookAgain: 5 * time.Millisecond})
	works := func(target, key string) bool {
		_, err := dialWith(t, target, client.Options{APIKey: key}).Score(t.Context(), request("q"))
		if err != nil && crossrank.CodeOf(err) != crossrank.Unauthenticated {
			t.Fatal(err)
		}
		return err == nil
	}
	stop := r.steadyCallers(t, client.Options{APIKey: goodKey})
	defer stop()

	write(t, file, "# rotated\n"+digest("new-key")+"  -\n"+digest(goodKey))
	r.waitForLog(t, "files reloaded")
	for name, target := range r.targets() {
		if !works(target, "new-key") || works(target, "old-key") {
			t.Errorf("%s: the new key does not work, or the old one still does", name)
		}
	}
	for _, broken := range []string{"no digest", ""} {
		write(t, file, broken)
		r.waitForLog(t, "the previous ones stay in use")
		if !works(r.targets()["HTTP"], "new-key") {
			t.Errorf("a file that holds %q replaced the keys", broken)
		}
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	r.waitForLog(t, "no such file")
	if !works(r.targets()["gRPC"], "new-key") {
		t.Error("a file that is gone replaced the keys")
	}
}

// TestAKeyAllowsPublicAddresses binds every interface, which takes a key, a client authority or the
// word for it.
func TestAKeyAllowsPublicAddresses(t *testing.T) {
	r := &running{log: &lockedBuffer{}}
	s, err := Listen(Config{HTTPAddr: "0.0.0.0:0", APIKeys: []string{digest(goodKey)}, Log: r.logger()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if !strings.Contains(r.log.String(), "unencrypted") {
		t.Errorf("keys in the clear go without a warning: %s", r.log)
	}
	for name, cfg := range map[string]Config{
		"a key that is no digest": {APIKeys: []string{goodKey}},
		"an empty file of keys":   {APIKeysFile: os.DevNull},
		"a file that is not":      {APIKeysFile: filepath.Join(t.TempDir(), "keys")},
	} {
		cfg.HTTPAddr = "0.0.0.0:0"
		s, err := Listen(cfg)
		if err == nil {
			s.Close()
			t.Errorf("%s: it listens", name)
		} else if strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: the error repeats the key: %v", name, err)
		}
	}
}

// write replaces a file as a whole, as tools that rotate secrets do.
func write(t *testing.T, file, text string) {
	t.Helper()
	next := file + ".next"
	if err := os.WriteFile(next, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, file); err != nil {
		t.Fatal(err)
	}
}
