// Package httpapi translates between the JSON dialects of HTTP rerank APIs and a
// [crossrank.Scorer], and does nothing else.
//
// A request passes through it in one direction. The route is found (this file). The body is read
// strictly (body.go, object.go, fields.go). The keys that all dialects share become a
// [crossrank.Request] (options.go, documents.go, ranking.go). The scorer answers. The reply takes
// the form of a dialect, which the route and the keys of the body choose (routes.go, choose.go):
// rankings in rerank.go and a file for each dialect, scores in score.go and predict.go. Every
// failure becomes one error body in the dialect of the route (errors.go, dialect.go). The API has a
// description for programs (openapi.json) and a page for people (docs.go). Listeners, the server's
// deadline and draining belong to package server.
package httpapi

import (
	"bytes"
	"cmp"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/defaults"
	"github.com/crossrank/crossrank/internal/edge"
)

// API is the HTTP handler. It is safe for concurrent use.
type API struct {
	cfg     Config
	started time.Time
	routes  map[string]route
	page    page
}

type route struct {
	method  string
	dialect *dialect // of its errors
	serve   func(x *exchange) error
	choose  choice // nil: the dialect is always the same
}

// exchange is one request and its reply.
type exchange struct {
	w       http.ResponseWriter
	r       *http.Request
	id      string
	route   string // the path of its route; "" = none
	dialect *dialect
	choose  choice
	arrived time.Time
	caller  string            // the digest of its API key, or else its connection
	held    *edge.Reservation // its body, then its reply
	scored  bool              // the scorer has answered
}

// New makes the handler.
func New(cfg Config) *API {
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	cfg.BodyBytes = cmp.Or(cfg.BodyBytes, defaults.MessageBytes)
	cfg.Deadline = cmp.Or(cfg.Deadline, defaults.Deadline)
	cfg.Limits = cfg.Limits.OrDefaults()
	if cfg.Models == nil {
		cfg.Models = func() []crossrank.Info { return []crossrank.Info{cfg.Info()} }
	}
	if cfg.Resolve == nil {
		cfg.Resolve = edge.ByName(cfg.Models)
	}
	a := &API{cfg: cfg, started: time.Now(), page: newPage()}
	a.routes = a.serverRoutes()
	maps.Copy(a.routes, a.scoringRoutes())
	return a
}

// ServeHTTP answers one request. A panic in it fails only that request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := a.newExchange(w, r)
	defer x.held.Release() // after the reply is written, or failed
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			panic(p)
		default: // nothing is written yet: replies are complete before their first byte is
			a.fail(x, &edge.Panic{Value: p, Stack: debug.Stack()})
		}
	}()
	if err := a.dispatch(x); err != nil {
		a.fail(x, err)
	}
}

func (a *API) newExchange(w http.ResponseWriter, r *http.Request) *exchange {
	id := edge.RequestID(r.Header.Get(edge.RequestIDHeader))
	w.Header().Set(edge.RequestIDHeader, id)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	return &exchange{w: w, r: r, id: id, dialect: tei, arrived: time.Now(), caller: r.RemoteAddr, held: a.cfg.Budget.Reserve()}
}

// Route is the path of a request for scores or tokens, and "" for others. It is a name for traces.
func (a *API) Route(r *http.Request) string {
	if path, rt := a.find(r.URL.Path); rt.method == http.MethodPost && r.Method == http.MethodPost {
		return path
	}
	return ""
}

// find gives the route of a path, and its name, which is "" where there is none.
func (a *API) find(path string) (name string, rt route) {
	if rt, ok := a.routes[path]; ok {
		return path, rt
	}
	for name, rt := range a.routes {
		if prefix, _, ok := strings.Cut(name, "{"); ok && len(path) > len(prefix) && strings.HasPrefix(path, prefix) {
			return name, rt
		}
	}
	return "", route{}
}

// public are the paths of health probes, which need no key. All other paths need one, including
// unknown ones.
var public = map[string]bool{
	"/health": true, "/readyz": true, "/livez": true, "/ping": true, "/.well-known/ready": true, "/.well-known/live": true,
}

func (a *API) dispatch(x *exchange) error {
	name, rt := a.find(x.r.URL.Path)
	x.route = name
	if name != "" {
		x.dialect, x.choose = rt.dialect, rt.choose
	}
	if a.cfg.Authorize != nil && !public[x.r.URL.Path] {
		headers := edge.Authorization(x.r.Header)
		if err := a.cfg.Authorize(headers); err != nil {
			return err
		}
		x.caller = edge.Caller(headers)
	}
	if name == "" {
		return a.anywhere(x)
	}
	isHead := x.r.Method == http.MethodHead && rt.method == http.MethodGet
	if x.r.Method != rt.method && !isHead {
		x.w.Header().Set("Allow", rt.method)
		return refuse(http.StatusMethodNotAllowed, "use %s here", rt.method)
	}
	return rt.serve(x)
}

// reply writes v as JSON with status 200. An error means that nothing was written.
//
// A reply stays in memory for as long as its reader takes, so it replaces the body in the request's
// reservation. A reply that does not fit, because it is larger than the body, is refused. Small
// ones are not counted, so that health probes are answered while the budget is full.
func (x *exchange) reply(v any) error {
	text, err := encode(v)
	if err != nil {
		return err
	}
	size := int64(len(text))
	if size <= smallReply {
		size = 0
	}
	if err := x.held.Resize(size); err != nil {
		if x.scored {
			return edge.AfterScoring(err)
		}
		return err
	}
	write(x.w, http.StatusOK, "application/json", text)
	return nil
}

// smallReply is the size of replies, in bytes, that cost no more than their connection.
const smallReply = 4 << 10

func encode(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return buf.Bytes(), err
}

func write(w http.ResponseWriter, status int, kind string, body []byte) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // there is nobody to report its error to
}
