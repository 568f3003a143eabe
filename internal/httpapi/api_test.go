package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/edge"
	"github.com/crossrank/crossrank/internal/scorertest"
)

// scorer answers with the fake's scores, fixed timings, and keeps the last request.
type scorer struct {
	err  error
	last *crossrank.Request
}

func (s *scorer) Score(_ context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	s.last = req
	if s.err != nil {
		return nil, s.err
	}
	resp := &crossrank.Response{
		Model:     "m",
		ScoreType: crossrank.Probability,
		Usage:     crossrank.Usage{Tokens: 10 * len(req.Pairs), TruncatedTokens: 3, PaddedTokens: 12 * len(req.Pairs)},
		Timing: crossrank.Timing{
			Tokenize: 1500 * time.Microsecond, Queue: 2 * time.Millisecond, Compute: 30 * time.Millisecond,
			Total: 33500 * time.Microsecond,
		},
	}
	if req.Raw {
		resp.ScoreType = crossrank.Logit
	}
	for _, p := range req.Pairs {
		score := scorertest.Logit(p)
		if !req.Raw {
			score = crossrank.Sigmoid(score)
		}
		resp.Scores = append(resp.Scores, score)
	}
	return resp, nil
}

func newAPI(s crossrank.Scorer) *API {
	return New(Config{
		Scorer: s,
		Info: func() crossrank.Info {
			return crossrank.Info{
				Model: "m", Weights: "sha256:00ff", Backend: "native", Device: "cpu", Tier: "avx2", Threads: 2,
				Quantization: "fp32", MaxLength: 512, ScoreType: crossrank.Probability, Layers: 6, Hidden: 384,
				Parameters: 22713601, VocabSize: 30522, Version: "v1.2.3",
			}
		},
		Ready: func() bool { return true },
		History: func(since time.Time) any {
			return map[string]any{"interval_ms": 500, "since": since.UTC(), "samples": []int{}}
		},
		Limits:    edge.Limits{Documents: 4, DocumentBytes: 100, QueryBytes: 50},
		BodyBytes: 1000,
		Capacity:  Capacity{Connections: 4096, BatchTokens: 16384, Tokenizers: 2},
		Log:       slog.New(slog.DiscardHandler),
	})
}

// post sends a body as JSON and gives the reply.
func post(api http.Handler, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	api.ServeHTTP(w, r)
	return w
}

// checkError holds that a reply is a whole error body, and gives it.
func checkError(t *testing.T, w *httptest.ResponseRecorder) errorBody {
	t.Helper()
	var body errorBody
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatalf("status %d: the error is not JSON: %q", w.Code, w.Body)
	}
	if body.Error == "" || body.ErrorType == "" || body.Code == "" || body.RequestID == "" {
		t.Errorf("the error %q lacks something", w.Body)
	}
	if id := w.Header().Get("X-Request-Id"); id != body.RequestID {
		t.Errorf("request id %q in the header, %q in the body", id, body.RequestID)
	}
	return body
}

func TestHTTPRules(t *testing.T) {
	good := `{"query":"q","texts":["a"]}`
	tests := []struct {
		name, method, path string
		header             http.Header
		body               string
		status             int
		allow              string
	}{
		{"no such path", "GET", "/nothing", nil, "", 404, ""},
		{"no such path under one", "POST", "/rerank/", nil, good, 404, ""},
		{"a path that climbs", "GET", "/info/../health", nil, "", 404, ""},
		{"GET where POST belongs", "GET", "/rerank", nil, "", 405, "POST"},
		{"DELETE", "DELETE", "/v1/score", nil, "", 405, "POST"},
		{"POST where GET belongs", "POST", "/info", nil, "", 405, "GET"},
		{"HEAD", "HEAD", "/health", nil, "", 200, ""},
		{"HEAD where POST belongs", "HEAD", "/rerank", nil, "", 405, "POST"},
		{"no type", "POST", "/rerank", http.Header{}, good, 415, ""},
		{"a form", "POST", "/rerank", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, good, 415, ""},
		{"plain text", "POST", "/rerank", http.Header{"Content-Type": {"text/plain"}}, good, 415, ""},
		{"a broken type", "POST", "/rerank", http.Header{"Content-Type": {"application/json; ="}}, good, 415, ""},
		{"JSON with a charset", "POST", "/rerank",
			http.Header{"Content-Type": {"application/json; charset=utf-8"}}, good, 200, ""},
		{"JSON of a kind", "POST", "/rerank", http.Header{"Content-Type": {"application/vnd.api+json"}}, good, 200, ""},
		{"compressed", "POST", "/rerank",
			http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"gzip"}}, good, 415, ""},
		{"not compressed and saying so", "POST", "/rerank",
			http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"identity"}}, good, 200, ""},
		{"a time that is none", "GET", "/api/history?since=yesterday", nil, "", 422, ""},
		{"a time", "GET", "/api/history?since=2026-01-02T03:04:05.678Z", nil, "", 200, ""},
		{"a time in milliseconds", "GET", "/api/history?since=1767323045678", nil, "", 200, ""},
		{"a broken query", "GET", "/api/history?since=%zz", nil, "", 200, ""},
	}
	api := newAPI(&scorer{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(tt.method, tt.path, strings.NewReader(tt.body))
			r.Header = tt.header
			if r.Header == nil {
				r.Header = http.Header{"Content-Type": {"application/json"}}
			}
			w := httptest.NewRecorder()
			api.ServeHTTP(w, r)
			if w.Code != tt.status || w.Header().Get("Allow") != tt.allow {
				t.Errorf("got %d, Allow %q, want %d, %q: %s", w.Code, w.Header().Get("Allow"), tt.status, tt.allow, w.Body)
			}
			if w.Code >= 400 {
				checkError(t, w)
			}
		})
	}
}

func TestEveryCodeHasItsStatus(t *testing.T) {
	tests := []struct {
		err    error
		status int
		kind   string
		retry  string
	}{
		{crossrank.Errorf(crossrank.InvalidArgument, "x"), 422, validation, ""},
		{crossrank.Errorf(crossrank.NotFound, "x"), 404, validation, ""},
		{crossrank.Errorf(crossrank.TooLarge, "x"), 413, validation, ""},
		{&crossrank.Error{Code: crossrank.Overloaded, Message: "x", RetryAfter: 1200 * time.Millisecond}, 429, overloaded, "2"},
		{&crossrank.Error{Code: crossrank.Unavailable, Message: "x", RetryAfter: time.Nanosecond}, 503, unhealthy, "1"},
		{crossrank.Errorf(crossrank.DeadlineExceeded, "x"), 504, backend, ""},
		{context.DeadlineExceeded, 504, backend, ""},
		{crossrank.Errorf(crossrank.Canceled, "x"), 499, backend, ""},
		{crossrank.Errorf(crossrank.Internal, "x"), 500, backend, ""},
		{crossrank.Errorf("no_such_code", "x"), 500, backend, ""},
		{io.ErrUnexpectedEOF, 500, backend, ""},
	}
	for _, tt := range tests {
		w := post(newAPI(&scorer{err: tt.err}), "/rerank", `{"query":"q","texts":["a"]}`)
		body := checkError(t, w)
		if w.Code != tt.status || body.ErrorType != tt.kind || w.Header().Get("Retry-After") != tt.retry {
			t.Errorf("%#v: got %d %s, Retry-After %q, want %d %s, %q",
				tt.err, w.Code, body.ErrorType, w.Header().Get("Retry-After"), tt.status, tt.kind, tt.retry)
		}
	}
}

// odd is a scorer that breaks its contract.
type odd func() (*crossrank.Response, error)

func (o odd) Score(context.Context, *crossrank.Request) (*crossrank.Response, error) { return o() }

func TestABrokenScorerIsAFault(t *testing.T) {
	nan := float32(math.NaN())
	for name, s := range map[string]odd{
		"a NaN":           func() (*crossrank.Response, error) { return &crossrank.Response{Scores: []float32{nan}}, nil },
		"no scores":       func() (*crossrank.Response, error) { return &crossrank.Response{}, nil },
		"a panic":         func() (*crossrank.Response, error) { panic("secret") },
		"a secret":        func() (*crossrank.Response, error) { return nil, errors.New("secret") },
		"a nil reference": func() (*crossrank.Response, error) { var e *crossrank.Error; return nil, errors.New(e.Message) },
	} {
		for _, path := range []string{"/rerank", "/score"} {
			w := post(newAPI(s), path, `{"query":"q","texts":["a"],"text_1":"q","text_2":"a"}`)
			if body := checkError(t, w); w.Code != 500 || body.Code != crossrank.Internal || strings.Contains(body.Error, "secret") {
				t.Errorf("%s, %s: got %d %+v, want a 500 that tells nothing", name, path, w.Code, body)
			}
		}
	}
}

func TestNotReady(t *testing.T) {
	api := newAPI(&scorer{})
	api.cfg.Ready = func() bool { return false }
	for path, want := range map[string]int{"/health": 503, "/readyz": 503, "/livez": 200} {
		w := httptest.NewRecorder()
		api.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != want {
			t.Errorf("GET %s: got %d, want %d", path, w.Code, want)
		}
	}
}

func TestRequestIDIsKeptIfSane(t *testing.T) {
	for given, kept := range map[string]bool{"abc-123": true, "": false, "two words": false, strings.Repeat("x", 200): false} {
		r := httptest.NewRequest("GET", "/nothing", nil)
		r.Header.Set("X-Request-Id", given)
		w := httptest.NewRecorder()
		newAPI(&scorer{}).ServeHTTP(w, r)
		if got := checkError(t, w).RequestID; (got == given) != kept {
			t.Errorf("given %q, got %q", given, got)
		}
	}
}
