// Package dashboard is the live page of a server and the small API under it.
//
// The page (assets) is embedded in the program and loads nothing from other hosts. It draws what
// [metrics.Recorder] has kept since the server started, whether or not anyone looked, and then
// follows a stream of server-sent events, one per sample:
//
//	GET  /                the page
//	GET  /api/snapshot    the state of the moment
//	GET  /api/stream      server-sent events, one per sample, with the snapshot beside it
//	POST /api/reset       counts and histories start over
//	POST /api/experiment  a runner on this machine reports the progress of its experiment
//	GET  /metrics         the same counts for Prometheus, or in JSON as the Python project has them
//	GET  /reset           as POST /api/reset, for clients of the Python project
//
// The page also uses /api/history, /rerank and /info of the HTTP edge.
//
// Viewers never slow the server: their number is bounded, and one that does not keep up is dropped.
package dashboard

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/metrics"
)

// DefaultViewers is how many may follow the stream at once.
const DefaultViewers = 64

// Config says what is shown. Recorder, Info and Ready are required; the functions are called from
// many goroutines.
type Config struct {
	Recorder *metrics.Recorder
	Info     func() crossrank.Info
	Ready    func() bool             // whether requests are taken now
	Models   func() []crossrank.Info // all that are served; nil means the one of Info

	NoMetrics bool // do not serve /metrics and /reset, and show no playground: operators have their own address

	Viewers    int           // of the stream at once; default 64
	WriteGrace time.Duration // how long one event may take to be written; default 5 s
}

// Dashboard answers what belongs to the page. It is safe for concurrent use.
type Dashboard struct {
	cfg     Config
	routes  map[string]route
	viewers atomic.Int64

	ending  chan struct{} // closed by Close
	end     sync.Once
	started time.Time

	mu       sync.Mutex  // guards what follows
	event    []byte      // the last, which all viewers share
	made     time.Time   // of its sample
	progress *experiment // as its runner reported it last; nil without one
	reported time.Time   // when that was
}

type route struct {
	method string
	serve  http.HandlerFunc
}

//go:embed assets
var assets embed.FS

// policy lets the page load what this server has, and nothing else: no inline code, no other host,
// no frame around it.
const policy = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"

// New makes a Dashboard. Close it before its server shuts down: streams last until then.
func New(cfg Config) *Dashboard {
	if cfg.Viewers == 0 {
		cfg.Viewers = DefaultViewers
	}
	if cfg.WriteGrace == 0 {
		cfg.WriteGrace = 5 * time.Second
	}
	d := &Dashboard{
		cfg:     cfg,
		ending:  make(chan struct{}),
		started: time.Now(),
	}
	d.routes = map[string]route{
		"/":               {http.MethodGet, asset("index.html")},
		"/api/snapshot":   {http.MethodGet, d.snapshot},
		"/api/stream":     {http.MethodGet, d.stream},
		"/api/reset":      {http.MethodPost, d.reset},
		"/api/experiment": {http.MethodPost, d.reportExperiment},
	}
	if !cfg.NoMetrics {
		handler := cfg.Recorder.Handler(metrics.Served{Info: cfg.Info, Ready: cfg.Ready})
		d.routes["/metrics"] = route{http.MethodGet, handler.ServeHTTP}
		d.routes["/reset"] = route{http.MethodGet, ResetHandler(cfg.Recorder)}
	}
	files, err := assets.ReadDir("assets")
	if err != nil {
		panic(err) // they are in the program
	}
	for _, f := range files {
		d.routes["/assets/"+f.Name()] = route{http.MethodGet, asset(f.Name())}
	}
	return d
}

// Close sends viewers the news that the server drains, and ends their streams. It may be called
// more than once.
func (d *Dashboard) Close() { d.end.Do(func() { close(d.ending) }) }

// Around answers what belongs to the page and leaves the rest to next.
func (d *Dashboard) Around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rt, ok := d.routes[r.URL.Path]
		if !ok || r.URL.Path == "/" && r.Method == http.MethodPost { // a scoring route of the API
			next.ServeHTTP(w, r)
			return
		}
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", policy)
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if r.Method != rt.method && !(r.Method == http.MethodHead && rt.method == http.MethodGet) {
			h.Set("Allow", rt.method)
			refuse(w, http.StatusMethodNotAllowed, crossrank.InvalidArgument, "use "+rt.method+" here")
			return
		}
		rt.serve(w, r)
	})
}

var types = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
}

// asset serves an embedded file, or says that the browser has it already.
func asset(name string) http.HandlerFunc {
	content, err := assets.ReadFile("assets/" + name)
	if err != nil {
		panic(err) // it is in the program
	}
	sum := sha256.Sum256(content)
	tag := `"` + hex.EncodeToString(sum[:8]) + `"`
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", tag)
		w.Header().Set("Cache-Control", "no-cache") // the browser may keep it but must ask
		if strings.Contains(r.Header.Get("If-None-Match"), tag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("Content-Type", types[path.Ext(name)])
		_, _ = w.Write(content) // a caller that has left gets no error
	}
}

// reply writes v as JSON.
func reply(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "the state could not be written as JSON", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // a caller that has left gets no error
}

// refuse words a failure as the rest of the HTTP API does.
func refuse(w http.ResponseWriter, status int, code crossrank.Code, message string) {
	reply(w, status, struct {
		Error string         `json:"error"`
		Code  crossrank.Code `json:"code"`
	}{message, code})
}
