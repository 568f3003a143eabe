// Package httpapi translates between the JSON dialects of HTTP rerank APIs and a [crossrank.Scorer], and does nothing
// else.
//
// A request goes one way through it: the route is found (this file), the body is read strictly (body.go), a dialect
// turns it into a [crossrank.Request] (rerank.go for Text Embeddings Inference, score.go for vLLM), the scorer answers,
// and the dialect words the reply. Every failure, wherever it arises, becomes one error body (errors.go). What surrounds
// a request (listeners, deadlines, draining) is the server's business.
package httpapi

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/edge"
)

// Config says what is served. Scorer, Info, Ready and History are needed; the functions are called from many goroutines.
type Config struct {
	Scorer  crossrank.Scorer
	Info    func() crossrank.Info
	Models  func() []crossrank.Info // all that Scorer serves, by name; default the one of Info
	Ready   func() bool
	History func(since time.Time) any // the samples taken after since, as a value that encoding/json can write

	// Authorize judges every request but those for health by its Authorization headers; nil lets everybody in.
	Authorize func(headers []string) error

	Limits    edge.Limits
	BodyBytes int64        // of a request's body; default 8 MiB
	Capacity  Capacity     // told to callers, not enforced here
	Log       *slog.Logger // of faults that callers are not told; default slog.Default()
}

// Capacity is what GET /info tells of the server around the model.
type Capacity struct {
	Connections int // requests that can be open at once
	BatchTokens int // tokens of one batch
	Tokenizers  int // tokenizations at once
}

// API is the HTTP handler. It is safe for concurrent use.
type API struct {
	cfg    Config
	routes map[string]route
}

type route struct {
	method string
	serve  func(w http.ResponseWriter, r *http.Request) error
}

// New makes the handler.
func New(cfg Config) *API {
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.BodyBytes == 0 {
		cfg.BodyBytes = 8 << 20
	}
	cfg.Limits = cfg.Limits.OrDefaults()
	if cfg.Models == nil {
		cfg.Models = func() []crossrank.Info { return []crossrank.Info{cfg.Info()} }
	}
	a := &API{cfg: cfg}
	a.routes = map[string]route{
		"/health":      {http.MethodGet, a.ready},
		"/readyz":      {http.MethodGet, a.ready},
		"/livez":       {http.MethodGet, a.live},
		"/info":        {http.MethodGet, a.info},
		"/rerank":      {http.MethodPost, a.rerank},
		"/score":       {http.MethodPost, a.score},
		"/v1/score":    {http.MethodPost, a.score},
		"/api/history": {http.MethodGet, a.history},
	}
	return a
}

// ServeHTTP answers one request. A panic below it is the failure of that request alone.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := edge.RequestID(r.Header.Get(edge.RequestIDHeader))
	w.Header().Set(edge.RequestIDHeader, id)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			panic(p)
		default: // nothing is written yet: replies are complete before their first byte is
			a.fail(w, r, id, &edge.Panic{Value: p, Stack: debug.Stack()})
		}
	}()
	if err := a.dispatch(w, r); err != nil {
		a.fail(w, r, id, err)
	}
}

// public are the paths that probes ask, which have no key. Whatever is not named here needs one, paths that lead nowhere
// included.
var public = map[string]bool{"/health": true, "/readyz": true, "/livez": true}

func (a *API) dispatch(w http.ResponseWriter, r *http.Request) error {
	if a.cfg.Authorize != nil && !public[r.URL.Path] {
		if err := a.cfg.Authorize(r.Header["Authorization"]); err != nil {
			return err
		}
	}
	rt, ok := a.routes[r.URL.Path]
	if !ok {
		return refuse(http.StatusNotFound, "there is nothing at this path; see GET /info, POST /rerank, POST /score")
	}
	isHead := r.Method == http.MethodHead && rt.method == http.MethodGet
	if r.Method != rt.method && !isHead {
		w.Header().Set("Allow", rt.method)
		return refuse(http.StatusMethodNotAllowed, "use %s here", rt.method)
	}
	return rt.serve(w, r)
}

// reply writes v as JSON. An error means that nothing was written.
func reply(w http.ResponseWriter, status int, v any) error {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(buf.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(buf.Bytes()) // a caller who left cannot be told so
	return nil
}
