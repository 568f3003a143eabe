package server

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/scorertest"
)

// get asks for a URL and gives the status and the body of the answer.
func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	all, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(all)
}

func TestAdminAddress(t *testing.T) {
	tests := []struct {
		name  string
		cfg   Config
		pprof int
	}{
		{"metrics alone", Config{}, http.StatusNotFound},
		{"profiles too", Config{Pprof: true}, http.StatusOK},
		{"a server that asks for keys", Config{APIKeys: []string{strings.Repeat("0", 64)}}, http.StatusNotFound},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.cfg.AdminAddr = "127.0.0.1:0"
			r := start(t, &scorertest.Fake{}, tt.cfg)
			admin := "http://" + r.AdminAddr()
			if status, body := get(t, admin+"/metrics"); status != http.StatusOK || !strings.Contains(body, "crossrank_requests_in_flight") {
				t.Errorf("/metrics: got %d, %.100q", status, body)
			}
			if status, body := get(t, admin+"/reset"); status != http.StatusOK || !strings.Contains(body, `"reset"`) {
				t.Errorf("/reset: got %d, %.100q", status, body)
			}
			for _, path := range []string{"/debug/pprof/", "/debug/pprof/goroutine?debug=1", "/debug/pprof/cmdline"} {
				if status, _ := get(t, admin+path); status != tt.pprof {
					t.Errorf("%s: got %d, want %d", path, status, tt.pprof)
				}
			}
			if status, _ := get(t, admin+"/rerank"); status != http.StatusNotFound {
				t.Errorf("/rerank on the admin address: got %d", status)
			}
			want := http.StatusNotFound
			if tt.cfg.APIKeys != nil {
				want = http.StatusUnauthorized
			}
			for _, path := range []string{"/metrics", "/reset", "/debug/pprof/"} {
				if status := r.status(t, path); status != want {
					t.Errorf("%s on the public address: got %d, want %d", path, status, want)
				}
			}
			if err := r.stop(); err != nil {
				t.Error(err)
			}
			if _, err := http.Get(admin + "/metrics"); err == nil {
				t.Error("the admin address answers after the server's end")
			}
		})
	}
}

func TestAdminAddressIsRefused(t *testing.T) {
	tests := []struct {
		name string
		cfg  Config
		want string
	}{
		{"where others reach it", Config{AdminAddr: "0.0.0.0:0"}, "use 127.0.0.1"},
		{"even if that is allowed elsewhere", Config{AdminAddr: ":0", AllowPublic: true}, "use 127.0.0.1"},
		{"where it cannot be", Config{AdminAddr: "127.0.0.1:x"}, "server.admin_addr"},
		{"profiles without an address", Config{Pprof: true}, "server.admin_addr"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.cfg.HTTPAddr = "127.0.0.1:0"
			s, err := Listen(tt.cfg)
			if err == nil {
				s.Close()
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error that says %q", err, tt.want)
			}
		})
	}
}
