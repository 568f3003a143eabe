package httpapi

import (
	"bytes"
	"compress/gzip"
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/edge"
)

type scorerFunc func(context.Context, *crossrank.Request) (*crossrank.Response, error)

func (f scorerFunc) Score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	return f(ctx, req)
}

// TestBodiesShareABudget: what a body holds is taken as it comes, unpacked bytes too, and given
// back however it ends.
func TestBodiesShareABudget(t *testing.T) {
	gzipped := func(s string) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Write([]byte(s))
		z.Close()
		return b.String()
	}
	fits := `{"query":"q","texts":["` + strings.Repeat("x", 40<<10) + `"]}`
	large := `{"query":"q","texts":["` + strings.Repeat("x", 90<<10) + `"]}`
	tests := []struct {
		name, body string
		length     int64 // that the header says; 0 means the true one
		packed     bool
		status     int
		held       int // bytes of the budget while the scorer has it
	}{
		{"a body that fits", fits, 0, false, 200, len(fits)},
		{"one of unknown length", fits, -1, false, 200, len(fits)},
		{"a packed one", gzipped(fits), 0, true, 200, len(fits) + len(gzipped(fits))},
		{"one for which there is no room", large, 0, false, 429, 0},
		{"one for which there turns out to be none", large, -1, false, 429, 0},
		{"one that is too large once unpacked", gzipped(large), 0, true, 429, 0},
		{"one that is wrong", fits[:1000], 0, false, 400, 0},
		{"one that ends the scorer", strings.Replace(fits, `"q"`, `"panic"`, 1), 0, false, 424, len(fits) + 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			budget := edge.NewBudget(100 << 10)
			held := int64(0)
			api := New(Config{Budget: budget, Scorer: scorerFunc(func(_ context.Context, req *crossrank.Request) (*crossrank.Response, error) {
				held = budget.Used()
				if req.Pairs[0].Query == "panic" {
					panic("a hole")
				}
				return &crossrank.Response{Scores: make([]float32, len(req.Pairs)), ScoreType: crossrank.Logit}, nil
			}), Info: func() crossrank.Info { return crossrank.Info{Model: "m"} }})
			r := httptest.NewRequest("POST", "/rerank", strings.NewReader(tt.body))
			r.Header.Set("Content-Type", "application/json")
			if tt.packed {
				r.Header.Set("Content-Encoding", "gzip")
			}
			if tt.length != 0 {
				r.ContentLength = tt.length
			}
			w := httptest.NewRecorder()
			api.ServeHTTP(w, r)
			if w.Code != tt.status {
				t.Errorf("status %d, want %d: %s", w.Code, tt.status, w.Body)
			}
			if refused := tt.status == 429; refused != (w.Header().Get("Retry-After") == "1") {
				t.Errorf("Retry-After is %q", w.Header().Get("Retry-After"))
			}
			if held != int64(tt.held) || budget.Used() != 0 {
				t.Errorf("%d bytes were held, and %d are afterwards; want %d and 0", held, budget.Used(), tt.held)
			}
		})
	}
}

// TestRepliesShareTheBudget: a reply is counted while it is written, whatever it answers, and one
// that does not fit is refused.
func TestRepliesShareTheBudget(t *testing.T) {
	for _, tt := range []struct {
		size, status int
	}{{50 << 10, 200}, {80 << 10, 429}} {
		budget := edge.NewBudget(100 << 10)
		api := New(Config{Budget: budget, Ready: func() bool { return true },
			Info:    func() crossrank.Info { return crossrank.Info{} },
			History: func(time.Time, time.Duration) any { return strings.Repeat("x", tt.size) }})
		w := &countingWriter{ResponseRecorder: httptest.NewRecorder(), budget: budget}
		api.ServeHTTP(w, httptest.NewRequest("GET", "/api/history", nil))
		if w.Code != tt.status || w.Code == 200 && w.held < int64(tt.size) || budget.Used() != 0 {
			t.Errorf("a reply of %d bytes: status %d, %d bytes held while it was written, %d afterwards; want %d",
				tt.size, w.Code, w.held, budget.Used(), tt.status)
		}
	}
}

// TestProbesNeedNoBudget: while requests fill the budget, probes are answered.
func TestProbesNeedNoBudget(t *testing.T) {
	budget := edge.NewBudget(1 << 10)
	if err := budget.Reserve().Grow(1 << 10); err != nil {
		t.Fatal(err)
	}
	api := New(Config{Budget: budget, Ready: func() bool { return true }, Info: func() crossrank.Info { return crossrank.Info{} }})
	for _, path := range []string{"/livez", "/readyz", "/health", "/info", "/v1/models", "/docs", "/openapi.json"} {
		w := httptest.NewRecorder()
		api.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != 200 {
			t.Errorf("%s: status %d: %.100s", path, w.Code, w.Body)
		}
	}
}

// countingWriter notes what a budget holds while a reply is written.
type countingWriter struct {
	*httptest.ResponseRecorder
	budget *edge.Budget
	held   int64
}

func (w *countingWriter) Write(p []byte) (int, error) {
	w.held = w.budget.Used()
	return w.ResponseRecorder.Write(p)
}
