package dashboard

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/metrics"
	"github.com/crossrank/crossrank/internal/scorertest"
	"github.com/crossrank/crossrank/internal/state"
)

// shown is a dashboard on its own server, over a recorder that runs.
type shown struct {
	*Dashboard
	*httptest.Server
	recorder *metrics.Recorder
	scorer   crossrank.Scorer
	ready    atomic.Bool
}

func show(t *testing.T, cfg Config) *shown {
	t.Helper()
	s := &shown{recorder: metrics.New(metrics.Options{Interval: 10 * time.Millisecond})}
	s.scorer = s.recorder.Observe(&scorertest.Fake{})
	s.ready.Store(true)
	cfg.Recorder, cfg.Info, cfg.Ready = s.recorder, (&scorertest.Fake{}).Info, s.ready.Load
	s.Dashboard = New(cfg)
	s.Server = httptest.NewServer(s.Around(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
	})))
	ctx, cancel := context.WithCancel(context.Background())
	var sampler sync.WaitGroup
	sampler.Go(func() { s.recorder.Run(ctx) })
	t.Cleanup(func() {
		s.Dashboard.Close()
		s.Server.Close()
		cancel()
		sampler.Wait()
	})
	return s
}

func (s *shown) do(t *testing.T, method, path string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	if host := req.Header.Get("Host"); host != "" {
		req.Host = host
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func TestRoutes(t *testing.T) {
	s := show(t, Config{})
	for _, c := range []struct {
		method, path string
		status       int
		kind         string
	}{
		{"GET", "/", 200, "text/html; charset=utf-8"},
		{"HEAD", "/", 200, "text/html; charset=utf-8"},
		{"GET", "/assets/app.js", 200, "text/javascript; charset=utf-8"},
		{"GET", "/assets/chart.js", 200, "text/javascript; charset=utf-8"},
		{"GET", "/assets/style.css", 200, "text/css; charset=utf-8"},
		{"GET", "/assets/icon.svg", 200, "image/svg+xml"},
		{"GET", "/api/snapshot", 200, "application/json"},
		{"GET", "/metrics", 200, "text/plain"},
		{"POST", "/", http.StatusTeapot, ""}, // of the API, which scores there
		{"PUT", "/", 405, "application/json"},
		{"GET", "/api/reset", 405, "application/json"},
		{"GET", "/assets/../dashboard.go", 418, ""},
		{"GET", "/elsewhere", 418, ""},
	} {
		resp, _ := s.do(t, c.method, c.path)
		if kind := resp.Header.Get("Content-Type"); resp.StatusCode != c.status || !strings.HasPrefix(kind, c.kind) {
			t.Errorf("%s %s: got %d and %q, want %d and %q", c.method, c.path, resp.StatusCode, kind, c.status, c.kind)
		}
		if c.status == 200 && !strings.Contains(resp.Header.Get("Content-Security-Policy"), "default-src 'self'") {
			t.Errorf("%s %s: there is no policy", c.method, c.path)
		}
	}
	first, _ := s.do(t, "GET", "/assets/app.js")
	again, body := s.do(t, "GET", "/assets/app.js", "If-None-Match", first.Header.Get("ETag"))
	if again.StatusCode != http.StatusNotModified || body != "" {
		t.Errorf("asked again for what it has: got %d", again.StatusCode)
	}
}

// TestNothingIsInline looks for what the policy forbids, and for other hosts.
func TestNothingIsInline(t *testing.T) {
	files, err := assets.ReadDir("assets")
	if err != nil {
		t.Fatal(err)
	}
	forbidden := regexp.MustCompile(`(?i)\sstyle=|<style|\son[a-z]+=|javascript:|<script(?:[^>]*)>[^<]|setAttribute\("style|innerHTML|\beval\(|url\(|@import`)
	host := regexp.MustCompile(`(?:https?:)?//[a-z0-9-]+\.[a-z0-9.-]+`)
	for _, f := range files {
		text, err := assets.ReadFile("assets/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		if found := forbidden.Find(text); found != nil {
			t.Errorf("%s has %q, which the policy forbids or which is not safe", f.Name(), found)
		}
		for _, h := range host.FindAllString(string(text), -1) {
			if h != "http://www.w3.org" { // the name of SVG, which is never requested
				t.Errorf("%s names another host: %s", f.Name(), h)
			}
		}
	}
}

func TestSnapshot(t *testing.T) {
	s := show(t, Config{})
	read := func() (got snapshot) {
		_, body := s.do(t, "GET", "/api/snapshot")
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := read(); got.State != "ready" || got.Latency != nil || got.Queue != nil || got.Info.Model != "fake" || got.IntervalMS != 10 {
		t.Errorf("before the first request: got %+v", got)
	}
	for range 3 {
		if _, err := s.scorer.Score(t.Context(), &crossrank.Request{Pairs: make([]crossrank.Pair, 2)}); err != nil {
			t.Fatal(err)
		}
	}
	s.recorder.Refused(metrics.HTTP, crossrank.NotFound)
	if got := read(); got.Requests != 3 || got.Pairs != 6 || got.Latency.Count != 3 || got.Stages == nil ||
		got.Codes[crossrank.OK] != 3 || got.Refused["http"][crossrank.NotFound] != 1 || got.State != "busy" {
		t.Errorf("after 3 requests of 2 pairs: got %+v", got)
	}
	s.ready.Store(false)
	if got := read(); got.State != "starting" {
		t.Errorf("not ready: got state %q", got.State)
	}
	s.Dashboard.Close()
	if got := read(); got.State != "draining" {
		t.Errorf("closed: got state %q", got.State)
	}
}

func TestSnapshotShowsSeveralModels(t *testing.T) {
	models := []crossrank.Info{{Model: "a"}}
	s := show(t, Config{Models: func() []crossrank.Info { return models }})
	var got snapshot
	for _, want := range []int{0, 2} { // info describes the one model
		_, body := s.do(t, "GET", "/api/snapshot")
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Fatal(err)
		}
		if len(got.Models) != want {
			t.Errorf("serving %d: got models %+v, want %d", len(models), got.Models, want)
		}
		models = append(models, crossrank.Info{Model: "b"})
	}
}

func TestSnapshotShowsInstances(t *testing.T) {
	recorder := metrics.New(metrics.Options{Gauges: metrics.Gauges{Instances: func() []state.Instance {
		return []state.Instance{
			{Name: "0", State: "ready", Threads: 2, QueuedPairs: 3, QueuedTokens: 4, RunningPairs: 5, RunningTokens: 6,
				Batches: 7, Pairs: 8, Tokens: 9, Failures: 10, Busy: 11 * time.Second, Speed: 12},
			{Name: "1", State: "ready"},
		}
	}}})
	d := New(Config{Recorder: recorder, Info: (&scorertest.Fake{}).Info, Ready: func() bool { return true }})
	got := d.newSnapshot(recorder.Snapshot())
	text, err := json.Marshal(got.Instances)
	if err != nil {
		t.Fatal(err)
	}
	const want = `[{"name":"0","state":"ready","batches":7,"pairs":8,"tokens":9,"busy_s":11,"queued_tokens":4,"threads":2,` +
		`"queued_pairs":3,"running_pairs":5,"running_tokens":6,"failures":10,"tokens_per_second":12},` +
		`{"name":"1","state":"ready","batches":0,"pairs":0,"tokens":0,"busy_s":0,"queued_tokens":0,"threads":0,` +
		`"queued_pairs":0,"running_pairs":0,"running_tokens":0,"failures":0,"tokens_per_second":null}]`
	if string(text) != want {
		t.Errorf("got %s\nwant %s", text, want)
	}
	if total := got.Total; total == nil || total.Name != "all" || total.Pairs != 8 || *total.TokensPerSecond != 12 {
		t.Errorf("got a total of %+v, want the sum of both instances", total)
	}
	if total := newTotal([]state.Instance{{Name: "0"}}); total != nil {
		t.Errorf("got a total of %+v of one instance, want none", total)
	}
}

func TestSnapshotShowsReusedScores(t *testing.T) {
	counts := state.Cache{}
	recorder := metrics.New(metrics.Options{Gauges: metrics.Gauges{Cache: func() state.Cache { return counts }}})
	d := New(Config{Recorder: recorder, Info: (&scorertest.Fake{}).Info, Ready: func() bool { return true }, NoMetrics: true})
	if got := d.newSnapshot(recorder.Snapshot()); got.Cache != nil || got.Metrics || got.Playground {
		t.Errorf("with nothing reused, and what operators have elsewhere: got %+v, %v, %v", got.Cache, got.Metrics, got.Playground)
	}
	counts = state.Cache{Hits: 3, Coalesced: 2, Misses: 5, Evictions: 1, Scores: 4, Bytes: 300, MaxBytes: 1000}
	if got, want := d.newSnapshot(recorder.Snapshot()).Cache, (cache{Hits: 3, Coalesced: 2, Misses: 5, Bytes: 300, Evictions: 1, Scores: 4, MaxBytes: 1000}); got == nil || *got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	answer := httptest.NewRecorder()
	d.Around(http.NotFoundHandler()).ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	if answer.Code != http.StatusNotFound {
		t.Errorf("/metrics is answered with %d", answer.Code)
	}
}

// Models that compute what pairs begin with for every pair have null, not 0.
func TestSnapshotShowsPrefixes(t *testing.T) {
	counts := state.Prefixes{}
	recorder := metrics.New(metrics.Options{Gauges: metrics.Gauges{Prefixes: func() state.Prefixes { return counts }}})
	d := New(Config{Recorder: recorder, Info: (&scorertest.Fake{}).Info, Ready: func() bool { return true }})
	if got := d.newSnapshot(recorder.Snapshot()).Prefixes; got != nil {
		t.Errorf("of a model that shares nothing: got %+v", got)
	}
	counts = state.Prefixes{Hits: 3, Misses: 5, Tokens: 70, Kept: 4, Bytes: 300, MaxBytes: 1000}
	want := prefixes{Hits: 3, Misses: 5, SharedTokens: 70, Kept: 4, Bytes: 300, MaxBytes: 1000}
	if got := d.newSnapshot(recorder.Snapshot()).Prefixes; got == nil || *got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestReset(t *testing.T) {
	s := show(t, Config{})
	if _, err := s.scorer.Score(t.Context(), &crossrank.Request{Pairs: make([]crossrank.Pair, 1)}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		header []string
		status int
	}{
		{"without the header", nil, 403},
		{"from another site", []string{ResetHeader, "yes", "Origin", "http://elsewhere.example"}, 403},
		{"from another site, as the browser says", []string{ResetHeader, "yes", "Sec-Fetch-Site", "cross-site"}, 403},
		{"from an unknown page", []string{ResetHeader, "yes", "Origin", "null"}, 403},
		{"from a site whose name was made to mean this machine", []string{ResetHeader, "yes", "Host", "elsewhere.example:8080",
			"Origin", "http://elsewhere.example:8080", "Sec-Fetch-Site", "same-origin"}, 403},
	} {
		if resp, _ := s.do(t, "POST", "/api/reset", c.header...); resp.StatusCode != c.status || s.recorder.Snapshot().Requests != 1 {
			t.Errorf("%s: got status %d and %d requests left, want %d and 1", c.name, resp.StatusCode, s.recorder.Snapshot().Requests, c.status)
		}
	}
	resp, _ := s.do(t, "POST", "/api/reset", ResetHeader, "yes", "Origin", s.URL, "Sec-Fetch-Site", "same-origin")
	if got := s.recorder.Snapshot().Requests; resp.StatusCode != 200 || got != 0 {
		t.Errorf("from the page: got status %d and %d requests left, want 200 and 0", resp.StatusCode, got)
	}
}

// TestResetOfThePythonProject resets as its clients do, which is by GET and without a header.
func TestResetOfThePythonProject(t *testing.T) {
	s := show(t, Config{})
	for _, c := range []struct {
		name   string
		method string
		header []string
		status int
	}{
		{"from another site", "GET", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"from a page of this server, which has its own way", "GET", []string{"Sec-Fetch-Site", "same-origin"}, 403},
		{"with an origin", "GET", []string{"Origin", "http://elsewhere.example"}, 403},
		{"from a browser that does not say where it comes from", "GET", []string{"User-Agent", "Mozilla/5.0"}, 403},
		{"by HEAD", "HEAD", nil, 405},
		{"by POST", "POST", nil, 405},
		{"from a program", "GET", []string{"User-Agent", "python-requests/2.32"}, 200},
		{"by hand in a browser", "GET", []string{"User-Agent", "Mozilla/5.0", "Sec-Fetch-Site", "none"}, 200},
	} {
		if _, err := s.scorer.Score(t.Context(), &crossrank.Request{Pairs: make([]crossrank.Pair, 1)}); err != nil {
			t.Fatal(err)
		}
		resp, body := s.do(t, c.method, "/reset", c.header...)
		if left := s.recorder.Snapshot().Requests; resp.StatusCode != c.status || (left == 0) != (c.status == 200) {
			t.Errorf("%s: got status %d and %d requests left, want %d", c.name, resp.StatusCode, left, c.status)
		}
		if want := "{\"status\":\"reset\"}\n"; c.status == 200 && body != want {
			t.Errorf("%s: got %q, want %q", c.name, body, want)
		}
	}
}

// follow opens a stream.
func (s *shown) follow(t *testing.T) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", s.URL+"/api/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}

func TestStream(t *testing.T) {
	s := show(t, Config{})
	resp := s.follow(t)
	if kind := resp.Header.Get("Content-Type"); kind != "text/event-stream" {
		t.Fatalf("got %q", kind)
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	events, last := 0, time.Time{}
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			if lines.Text() == "event: draining" {
				break
			}
			continue
		}
		var got struct {
			Sample   state.Sample
			Snapshot snapshot
		}
		if err := json.Unmarshal([]byte(data), &got); err != nil {
			t.Fatalf("%v: %s", err, data)
		}
		if got.Sample.Time.Before(last) || got.Snapshot.Info.Model != "fake" {
			t.Errorf("event %d: got %+v", events, got)
		}
		last = got.Sample.Time
		if events++; events == 5 {
			s.Dashboard.Close()
		}
	}
	if events < 5 {
		t.Errorf("the stream ended after %d events: %v", events, lines.Err())
	}
	for lines.Scan() { // ends, or the test hangs
	}
}

func TestViewersAreBounded(t *testing.T) {
	s := show(t, Config{Viewers: 2})
	first := s.follow(t)
	s.follow(t)
	if resp := s.follow(t); resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
		t.Errorf("a third viewer: got status %d", resp.StatusCode)
	}
	first.Body.Close()
	waitFor(t, "the first viewer's place", func() bool { return s.viewers.Load() == 1 })
	if resp := s.follow(t); resp.StatusCode != http.StatusOK {
		t.Errorf("after one has left: got status %d", resp.StatusCode)
	}
}

// TestSlowViewersAreDropped follows a stream without reading it, until the buffers on the way are
// full.
func TestSlowViewersAreDropped(t *testing.T) {
	s := show(t, Config{WriteGrace: 50 * time.Millisecond})
	s.mu.Lock() // one event of a size that fills buffers soon
	s.made, s.event = time.Now().Add(time.Hour), []byte(": "+strings.Repeat("x", 1<<20)+"\n\n")
	s.mu.Unlock()
	slow := s.follow(t)
	waitFor(t, "the slow viewer to be dropped", func() bool { return s.viewers.Load() == 0 })
	if _, err := s.scorer.Score(t.Context(), &crossrank.Request{Pairs: make([]crossrank.Pair, 1)}); err != nil {
		t.Errorf("a request meanwhile: %v", err)
	}
	if n, err := io.Copy(io.Discard, slow.Body); err == nil {
		t.Errorf("the stream ended well after %d bytes, want it cut off", n)
	}
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	const patience = 3 * time.Minute // ends a wait for what never comes
	for began := time.Now(); !ok(); time.Sleep(time.Millisecond) {
		if time.Since(began) > patience {
			t.Fatalf("waited %v for %s", patience, what)
		}
	}
}
