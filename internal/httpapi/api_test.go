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

// scorer answers with the fake's scores, fixed timings, and keeps the last request. It need not
// compute a passage that is "remembered".
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
		resp.Truncated = append(resp.Truncated, max(0, len(p.Passage)-25))
		if p.Passage == "remembered" {
			resp.Usage.Tokens -= 10
			resp.Usage.PaddedTokens -= 12
			resp.Usage.CachedTokens += 10
		}
	}
	scorertest.Omit(resp.Scores, req.TopN)
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
		History: func(since time.Time, _ time.Duration) any {
			return map[string]any{"interval_ms": 500, "since": since.UTC(), "samples": []int{}}
		},
		Tokenize:  tokenize,
		Limits:    edge.Limits{Documents: 4, DocumentBytes: 100, QueryBytes: 50},
		BodyBytes: 1000,
		Capacity:  Capacity{Connections: 4096, BatchTokens: 16384, Tokenizers: 2},
		Log:       slog.New(slog.DiscardHandler),
	})
}

// tokenize makes a token of every byte.
func tokenize(_, text string, special bool) (tokens []Token) {
	for _, b := range []byte(text) {
		tokens = append(tokens, Token{ID: int32(b), Text: string(rune(b))})
	}
	if special {
		tokens = append(append([]Token{{ID: 1, Text: "[CLS]", Special: true}}, tokens...), Token{ID: 2, Text: "[SEP]", Special: true})
	}
	return tokens
}

// post sends a body as JSON and gives the reply.
func post(api http.Handler, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	api.ServeHTTP(w, r)
	return w
}

// said is what any dialect's error says.
type said struct {
	Error     string
	ErrorType string
	own
}

// checkError holds that a reply is a whole error body of one of the dialects, and gives it.
func checkError(t *testing.T, w *httptest.ResponseRecorder) said {
	t.Helper()
	var body struct {
		Error     json.RawMessage `json:"error"`
		ErrorType string          `json:"error_type"`
		Message   string          `json:"message"`
		own
	}
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatalf("status %d: the error is not JSON: %q", w.Code, w.Body)
	}
	out := said{body.Message, body.ErrorType, body.own}
	var object openAIError
	switch {
	case json.Unmarshal(body.Error, &object) == nil && object.Message != "":
		out.Error, out.ErrorType = object.Message, object.Type
		if object.Type != "" && object.Code != w.Code {
			t.Errorf("the error's code is %d with status %d", object.Code, w.Code)
		}
	case body.Error != nil:
		if json.Unmarshal(body.Error, &out.Error) != nil || out.ErrorType == "" {
			t.Errorf("the error %q lacks its type", w.Body)
		}
	}
	if out.Error == "" || out.Code == "" || out.RequestID == "" {
		t.Errorf("the error %q lacks something", w.Body)
	}
	if id := w.Header().Get("X-Request-Id"); id != out.RequestID {
		t.Errorf("request id %q in the header, %q in the body", id, out.RequestID)
	}
	return out
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
		{"no type, of a program", "POST", "/rerank", http.Header{}, good, 200, ""},
		{"no type, of a page of another site", "POST", "/rerank", http.Header{"Origin": {"http://evil.example"}}, good, 415, ""},
		{"no type, of a browser", "POST", "/rerank", http.Header{"Sec-Fetch-Site": {"cross-site"}}, good, 415, ""},
		{"a form", "POST", "/rerank", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, good, 415, ""},
		{"plain text", "POST", "/rerank", http.Header{"Content-Type": {"text/plain"}}, good, 415, ""},
		{"a broken type", "POST", "/rerank", http.Header{"Content-Type": {"application/json; ="}}, good, 415, ""},
		{"JSON with a charset", "POST", "/rerank",
			http.Header{"Content-Type": {"application/json; charset=utf-8"}}, good, 200, ""},
		{"JSON of a kind", "POST", "/rerank", http.Header{"Content-Type": {"application/vnd.api+json"}}, good, 200, ""},
		{"compressed by an unknown program", "POST", "/rerank",
			http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"br"}}, good, 415, ""},
		{"said to be compressed", "POST", "/rerank",
			http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"gzip"}}, good, 400, ""},
		{"not compressed and saying so", "POST", "/rerank",
			http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"identity"}}, good, 200, ""},
		{"a time that is none", "GET", "/api/history?since=yesterday", nil, "", 422, ""},
		{"a time", "GET", "/api/history?since=2026-01-02T03:04:05.678Z", nil, "", 200, ""},
		{"a time in milliseconds", "GET", "/api/history?since=1767323045678", nil, "", 200, ""},
		{"a broken query", "GET", "/api/history?since=%zz", nil, "", 200, ""},
		{"a step", "GET", "/api/history?step=1m", nil, "", 200, ""},
		{"a step in milliseconds", "GET", "/api/history?step=5000", nil, "", 200, ""},
		{"a step that is none", "GET", "/api/history?step=often", nil, "", 422, ""},
		{"a step back", "GET", "/api/history?step=-1s", nil, "", 422, ""},
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
		tei    int
		kind   string // in Text Embeddings Inference's words
		others int    // status for those who do not tell a wrong value from a wrong body
		retry  string
	}{
		{crossrank.Errorf(crossrank.InvalidArgument, "x"), 422, validation, 400, ""},
		{crossrank.Errorf(crossrank.NotFound, "x"), 404, validation, 404, ""},
		{crossrank.Errorf(crossrank.Unauthenticated, "x"), 401, noKey, 401, ""},
		{crossrank.Errorf(crossrank.TooLarge, "x"), 413, validation, 413, ""},
		{&crossrank.Error{Code: crossrank.Overloaded, Message: "x", RetryAfter: 1200 * time.Millisecond}, 429, overloaded, 429, "2"},
		{&crossrank.Error{Code: crossrank.Unavailable, Message: "x", RetryAfter: time.Nanosecond}, 503, unhealthy, 503, "1"},
		{crossrank.Errorf(crossrank.DeadlineExceeded, "x"), 504, backend, 504, ""},
		{context.DeadlineExceeded, 504, backend, 504, ""},
		{crossrank.Errorf(crossrank.Canceled, "x"), 499, backend, 499, ""},
		{crossrank.Errorf(crossrank.Internal, "x"), 424, backend, 500, ""},
		{crossrank.Errorf("no_such_code", "x"), 424, backend, 500, ""},
		{io.ErrUnexpectedEOF, 424, backend, 500, ""},
	}
	const ask = `{"query":"q","documents":["a"],"text_1":"q","text_2":"a"}`
	for _, tt := range tests {
		api := newAPI(&scorer{err: tt.err})
		w := post(api, "/rerank", `{"query":"q","texts":["a"]}`)
		body := checkError(t, w)
		if w.Code != tt.tei || body.ErrorType != tt.kind || w.Header().Get("Retry-After") != tt.retry {
			t.Errorf("%#v: got %d %s, Retry-After %q, want %d %s, %q",
				tt.err, w.Code, body.ErrorType, w.Header().Get("Retry-After"), tt.tei, tt.kind, tt.retry)
		}
		for _, path := range []string{"/rerank", "/reranking", "/v2/rerank", "/score"} {
			w := post(api, path, ask)
			if checkError(t, w); w.Code != tt.others || w.Header().Get("Retry-After") != tt.retry {
				t.Errorf("%#v, %s: got %d, Retry-After %q, want %d, %q", tt.err, path, w.Code, w.Header().Get("Retry-After"), tt.others, tt.retry)
			}
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
		for path, status := range map[string]int{"/rerank": 424, "/score": 500} {
			w := post(newAPI(s), path, `{"query":"q","texts":["a"],"text_1":"q","text_2":"a"}`)
			if body := checkError(t, w); w.Code != status || body.Code != crossrank.Internal || strings.Contains(body.Error, "secret") {
				t.Errorf("%s, %s: got %d %+v, want a %d that tells nothing", name, path, w.Code, body, status)
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
