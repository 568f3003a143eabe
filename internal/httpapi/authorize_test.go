package httpapi

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/scorertest"
)

// TestAuthorize asks every kind of path with and without a key. Only probes come in without one.
func TestAuthorize(t *testing.T) {
	fake := &scorertest.Fake{}
	api := New(Config{
		Scorer: fake,
		Info:   fake.Info,
		Ready:  func() bool { return true },
		Authorize: func(headers []string) error {
			if slices.Equal(headers, []string{"Bearer good"}) {
				return nil
			}
			return crossrank.Errorf(crossrank.Unauthenticated, "give a key")
		},
	})
	ask := func(method, path, body string, headers ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Header["Content-Type"] = []string{"application/json"}
		if len(headers) > 0 {
			r.Header["Authorization"] = headers
		}
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r)
		return w
	}
	const rerank = `{"query": "q", "texts": ["a"]}`
	tests := []struct {
		name, method, path, body string
		open                     bool
	}{
		{"health", http.MethodGet, "/health", "", true},
		{"liveness", http.MethodGet, "/livez", "", true},
		{"readiness", http.MethodGet, "/readyz", "", true},
		{"scoring", http.MethodPost, "/rerank", rerank, false},
		{"what is served", http.MethodGet, "/info", "", false},
		{"a path that is none", http.MethodGet, "/nowhere", "", false},
		{"health, as if below it", http.MethodGet, "/health/../info", "", false},
		{"health, misspelled", http.MethodGet, "/Health", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := ask(tt.method, tt.path, tt.body)
			if tt.open {
				if w.Code != http.StatusOK {
					t.Errorf("without a key: status %d, want 200", w.Code)
				}
				return
			}
			var said errorBody
			if err := json.Unmarshal(w.Body.Bytes(), &said); err != nil || w.Code != http.StatusUnauthorized ||
				said.Code != crossrank.Unauthenticated || said.RequestID == "" || w.Header().Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("without a key: status %d, %v: %s", w.Code, w.Header(), w.Body)
			}
			if w := ask(tt.method, tt.path, tt.body, "Bearer good"); w.Code == http.StatusUnauthorized {
				t.Errorf("with a key: %s", w.Body)
			}
			if w := ask(tt.method, tt.path, tt.body, "Bearer good", "Bearer good"); w.Code != http.StatusUnauthorized {
				t.Errorf("with two headers: status %d, want 401", w.Code)
			}
		})
	}
}
