package server

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/metrics"
	"github.com/crossrank/crossrank/internal/scorertest"
)

// scrape reads /metrics as series and their values.
func (r *running) scrape(t *testing.T) map[string]float64 {
	t.Helper()
	resp, err := http.Get("http://" + r.HTTPAddr() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	out := map[string]float64{}
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		i := strings.LastIndexByte(lines.Text(), ' ')
		if i < 0 || strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		if v, err := strconv.ParseFloat(lines.Text()[i+1:], 64); err == nil {
			out[lines.Text()[:i]] = v
		}
	}
	return out
}

// TestCountersAgree sends requests of all kinds over both edges and compares what Prometheus sees
// with what their senders saw: to the last one.
func TestCountersAgree(t *testing.T) {
	const callers, each = 8, 100
	fake := &scorertest.Fake{Fault: func(req *crossrank.Request) error {
		if req.Pairs[0].Query == "busy" {
			return crossrank.Errorf(crossrank.Overloaded, "full")
		}
		return nil
	}}
	cfg := Config{}
	cfg.Limits.Documents = 3
	r := start(t, fake, cfg)

	var mu sync.Mutex
	sent := map[string]int{} // by what became of them: a code of the scorer, or an edge and its code
	pairs := 0
	var wg sync.WaitGroup
	for caller := range callers {
		edge, target := "http", "http://"+r.HTTPAddr()
		if caller%2 == 0 {
			edge, target = "grpc", "grpc://"+r.GRPCAddr()
		}
		c := dial(t, target)
		wg.Go(func() {
			for i := range each {
				req := &crossrank.Request{Pairs: make([]crossrank.Pair, 1+i%4)} // four are too many
				if i%5 == 0 {
					req.Pairs[0].Query = "busy"
				}
				resp, err := c.Score(t.Context(), req)
				outcome := string(crossrank.CodeOf(err))
				if crossrank.CodeOf(err) == crossrank.TooLarge {
					outcome = edge + " " + outcome
				}
				mu.Lock()
				sent[outcome]++
				if err == nil {
					pairs += len(resp.Scores)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()

	got := r.scrape(t)
	for series, want := range map[string]int{
		`crossrank_requests_total{code="ok"}`:                               sent["ok"],
		`crossrank_requests_total{code="overloaded"}`:                       sent["overloaded"],
		`crossrank_requests_total{code="internal"}`:                         0,
		`crossrank_requests_total{code="canceled"}`:                         0,
		`crossrank_edge_refusals_total{code="too_large",edge="http"}`:       sent["http too_large"],
		`crossrank_edge_refusals_total{code="too_large",edge="grpc"}`:       sent["grpc too_large"],
		`crossrank_edge_refusals_total{code="overloaded",edge="http"}`:      0,
		`crossrank_pairs_total`:                                             pairs,
		`crossrank_request_duration_seconds_count`:                          sent["ok"],
		`crossrank_request_duration_seconds_bucket{le="+Inf"}`:              sent["ok"],
		`crossrank_stage_duration_seconds_count{stage="compute"}`:           sent["ok"],
		`crossrank_request_pairs_sum`:                                       pairs,
		`crossrank_requests_in_flight`:                                      0,
		`crossrank_ready`:                                                   1,
		`crossrank_edge_refusals_total{code="unauthenticated",edge="http"}`: 0,
	} {
		if v, ok := got[series]; !ok || int(v) != want {
			t.Errorf("%s: got %v, want %d", series, v, want)
		}
	}
	if total := sent["ok"] + sent["overloaded"] + sent["http too_large"] + sent["grpc too_large"]; total != callers*each {
		t.Errorf("of %d requests %d ended as they should: %v", callers*each, total, sent)
	}
}

// TestStreamsEndWithTheServer holds that a viewer does not hold up the drain.
func TestStreamsEndWithTheServer(t *testing.T) {
	r := start(t, &scorertest.Fake{}, Config{DrainGrace: patience})
	resp, err := http.Get("http://" + r.HTTPAddr() + "/api/stream")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	stopped := make(chan error, 1)
	go func() { stopped <- r.stop() }()
	select {
	case err := <-stopped:
		if err != nil {
			t.Errorf("stopping with a viewer: %v", err)
		}
	case <-time.After(patience / 2):
		t.Error("the viewer holds up the drain")
	}
	text, _ := io.ReadAll(resp.Body)
	if events := strings.SplitAfter(string(text), "\n\n"); len(events) < 2 || !strings.HasPrefix(events[len(events)-2], "event: draining\n") {
		t.Errorf("the viewer was not told of the end: %q", text[max(0, len(text)-100):])
	}
}

// TestBrowserLogin opens the page of a server that asks for keys.
func TestBrowserLogin(t *testing.T) {
	opened := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Header.Get("Authorization")) })
	for _, c := range []struct {
		name, path, user, password, bearer string
		status                             int
		reply                              string
	}{
		{"the page without anything", "/", "", "", "", 401, ""},
		{"the API without anything", "/info", "", "", "", 200, ""},
		{"with a password", "/info", "any", "a:key", "", 200, "Bearer a:key"},
		{"with a token", "/", "", "", "Bearer k", 200, "Bearer k"},
	} {
		w, req := httptest.NewRecorder(), httptest.NewRequest("GET", c.path, nil)
		if c.password != "" {
			req.SetBasicAuth(c.user, c.password)
		}
		if c.bearer != "" {
			req.Header.Set("Authorization", c.bearer)
		}
		browserLogin(opened).ServeHTTP(w, req)
		asked := strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Basic ")
		if w.Code != c.status || asked != (c.status == 401) || !asked && w.Body.String() != c.reply {
			t.Errorf("%s: got %d, asked to log in: %v, and %q; want %d and %q", c.name, w.Code, asked, w.Body, c.status, c.reply)
		}
	}
}

// BenchmarkBatchOne measures requests of one pair over gRPC to a model that costs nothing, and what
// part of that time is the recorder's.
func BenchmarkBatchOne(b *testing.B) {
	srv, err := Listen(Config{GRPCAddr: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	fake := &scorertest.Fake{}
	ctx, cancel := context.WithCancel(b.Context())
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := srv.Run(ctx, Backend{Scorer: fake, Info: fake.Info, Recorder: metrics.New(metrics.Options{})}); err != nil {
			b.Error(err)
		}
	})
	c, err := client.Dial("grpc://"+srv.GRPCAddr(), client.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { c.Close(); cancel(); serving.Wait() }()
	req := request("q")
	for b.Loop() {
		if _, err := c.Score(b.Context(), req); err != nil {
			b.Fatal(err)
		}
	}
	whole := b.Elapsed() / time.Duration(b.N)

	const n = 200_000
	resp, _ := (&scorertest.Fake{}).Score(b.Context(), req)
	plain := scorerFunc(func(context.Context, *crossrank.Request) (*crossrank.Response, error) { return resp, nil })
	took := func(s crossrank.Scorer) time.Duration {
		began := time.Now()
		for range n {
			s.Score(b.Context(), req)
		}
		return time.Since(began) / n
	}
	recorded := took(metrics.New(metrics.Options{}).Observe(plain)) - took(plain)
	b.ReportMetric(float64(recorded), "recorder-ns/op")
	b.ReportMetric(100*float64(recorded)/float64(whole), "recorder-%")
}
