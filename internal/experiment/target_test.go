package experiment

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/definition"
	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/scorertest"
)

// foreignServer is a server with the API of Text Embeddings Inference that the experiment did not
// start.
type foreignServer struct {
	*httptest.Server
	calls atomic.Int64
	model atomic.Value
	key   string
}

func newForeignServer(t *testing.T) *foreignServer {
	s := &foreignServer{}
	s.model.Store("BAAI/bge-reranker-base")
	mux := http.NewServeMux()
	mux.HandleFunc("GET /info", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"model_id":%q,"model_sha":"2cfc","model_dtype":"float32","max_input_length":512,"version":"1.9.3"}`, s.model.Load())
	})
	mux.HandleFunc("POST /rerank", func(w http.ResponseWriter, r *http.Request) {
		s.calls.Add(1)
		if s.key != "" && r.Header.Get("Authorization") != "Bearer "+s.key {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		var in struct {
			Query string
			Texts []string
		}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			t.Error(err)
		}
		scores := make([]float32, len(in.Texts))
		for i, text := range in.Texts {
			scores[i] = crossrank.Sigmoid(scorertest.Logit(crossrank.Pair{Query: in.Query, Passage: text}))
		}
		w.Header().Set("X-Compute-Tokens", "77")
		w.Header().Set("X-Inference-Time", "3")
		var out []map[string]any
		for _, ranked := range crossrank.Order(scores, 0) {
			out = append(out, map[string]any{"index": ranked.Index, "score": ranked.Score})
		}
		json.NewEncoder(w).Encode(out)
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func targetSweep(t *testing.T, address, more string) definition.Sweep {
	t.Helper()
	sw, err := definition.ParseSweep("x.yaml", []byte("name: elsewhere\ntarget:\n  address: "+address+"\n"+more))
	if err != nil {
		t.Fatal(err)
	}
	return sw
}

const foreignDefinition = `  dialect: tei
data: {seed: 3, one_query: true}
experiment: {batch_sizes: [4, 8], benchmark_requests: 10, warmup: 1, repeats: 2}
`

func TestTargetIsMeasuredAsItIs(t *testing.T) {
	s := newForeignServer(t)
	s.key = "secret"
	t.Setenv("TARGET_KEY", " secret\n")
	dir := t.TempDir()
	sw := targetSweep(t, s.URL, "  api_key_env: TARGET_KEY\n"+foreignDefinition)
	if n := Processes(sw); n != 0 {
		t.Errorf("%d server processes, want none", n)
	}
	out, err := Run(t.Context(), Options{Sweep: sw, Dir: dir, Program: "/nowhere"})
	if err != nil || out.Partial || out.Measured != 4 || out.Failed > 0 || out.Log != "" {
		t.Fatalf("got %+v, %v", out, err)
	}
	if n := s.calls.Load(); n != 4*11 {
		t.Errorf("the server was called %d times, want once a request, 44", n)
	}
	res, err := results.ReadFile(out.Results)
	if err != nil {
		t.Fatal(err)
	}
	run := res.Run
	want := crossrank.Info{Model: "BAAI/bge-reranker-base", Weights: "revision 2cfc", Quantization: "fp32", MaxLength: 512, Version: "1.9.3"}
	if run.Target != s.URL || run.Dialect != "tei" || !run.ExternalServer || run.Model != want || run.Data.Name != "synthetic, seed 3, one query a request" {
		t.Errorf("the run says %+v", run)
	}
	var settings map[string]any
	if err := json.Unmarshal(run.Settings, &settings); err != nil || settings["batching"] != nil || settings["model"] != nil || settings["target"] == nil {
		t.Errorf("the settings are %s, want only those that were in effect", run.Settings)
	}
	if strings.Contains(string(run.Settings), "secret") {
		t.Errorf("the settings show the key: %s", run.Settings)
	}
	for _, m := range res.Configurations {
		if len(m.Samples) > 0 || len(m.Requests) != 10 || m.Configuration.Process != 0 {
			t.Errorf("%s: %d samples, %d requests of process %d", m.Configuration.Name(), len(m.Samples), len(m.Requests), m.Configuration.Process)
		}
		if r := m.Requests[0]; r.Tokens != 77 || r.Compute != 3*time.Millisecond {
			t.Errorf("%s: %+v lacks what the server reported", m.Configuration.Name(), r)
		}
	}
	files, _ := os.ReadDir(dir)
	if len(files) != 1 {
		t.Errorf("it left %v, want the results alone", files)
	}
}

func TestTargetIsTakenUpAgain(t *testing.T) {
	s := newForeignServer(t)
	opts := Options{Sweep: targetSweep(t, s.URL, foreignDefinition), Dir: t.TempDir(), Resume: true}
	if _, err := Run(t.Context(), opts); err != nil {
		t.Fatal(err)
	}
	before := s.calls.Load()
	if out, err := Run(t.Context(), opts); err != nil || out.Kept != 4 || s.calls.Load() != before {
		t.Errorf("again: %+v, %v, %d calls more", out, err, s.calls.Load()-before)
	}
	opts.Sweep = targetSweep(t, s.URL, strings.Replace(foreignDefinition, "[4, 8]", "[4, 8, 2]", 1))
	s.model.Store("another")
	if _, err := Run(t.Context(), opts); err == nil || !strings.Contains(err.Error(), "another model") {
		t.Errorf("with another model: got %v, want that it is refused", err)
	}
	opts.Sweep = targetSweep(t, newForeignServer(t).URL, foreignDefinition)
	if _, err := Run(t.Context(), opts); err == nil || !strings.Contains(err.Error(), "another target") {
		t.Errorf("another server: got %v, want that it is refused", err)
	}
}

func TestTargetsThatCannotBe(t *testing.T) {
	for _, tt := range []struct{ name, address, more, says string }{
		{"a key that is not there", "http://127.0.0.1:1", "  api_key_env: NO_SUCH_KEY_HERE\n", "NO_SUCH_KEY_HERE"},
		{"no port", "http://127.0.0.1", "", "has no port"},
		{"the wrong protocol", "grpc://127.0.0.1:1", "  dialect: tei\n", "needs HTTP"},
		{"settings of a server", "http://127.0.0.1:1", "batching: {packing: true}\n", "batching (line 4): belongs to a server"},
		{"several queries a request", "http://127.0.0.1:1", "  dialect: jina\n", "pair 2 of the synthetic data; set data.one_query"},
		{"rankings of several queries", "grpc://127.0.0.1:1", "data: {top_n: 3}\n", "data.top_n is for one query per request, but requests of 32 pairs have several"},
		{"nobody there", "http://127.0.0.1:1", "  dialect: tei\ndata: {one_query: true}\n", "asking the target for its model"},
	} {
		dir := t.TempDir()
		out, err := Run(t.Context(), Options{Sweep: targetSweep(t, tt.address, tt.more), Dir: dir})
		if err == nil || !strings.Contains(err.Error(), tt.says) || out.Results != "" {
			t.Errorf("%s: got %+v, %v; want an error that says %q", tt.name, out, err, tt.says)
		}
		if files, _ := filepath.Glob(filepath.Join(dir, "*")); len(files) > 0 {
			t.Errorf("%s: it left %v", tt.name, files)
		}
	}
}

func TestDialectsOfTheSchema(t *testing.T) {
	for _, d := range client.Dialects() {
		if _, err := definition.ParseSweep("x", []byte("target: {address: 'http://127.0.0.1:1', dialect: "+string(d)+"}")); err != nil {
			t.Error(err)
		}
	}
}

func TestOneQuery(t *testing.T) {
	fake := &scorertest.Fake{}
	pairs := []crossrank.Pair{{Query: "a", Passage: "1"}, {Query: "b", Passage: "2"}, {Query: "c", Passage: "3"}}
	before := slices.Clone(pairs)
	resp, err := Sending(fake, definition.Data{OneQuery: true}).Score(t.Context(), &crossrank.Request{Pairs: pairs, Raw: true})
	if err != nil || !slices.Equal(pairs, before) || !fake.Last().Raw {
		t.Fatalf("got %v, the pairs are now %v", err, pairs)
	}
	for i, p := range pairs {
		if want := scorertest.Logit(crossrank.Pair{Query: "a", Passage: p.Passage}); resp.Scores[i] != want {
			t.Errorf("score %d is %v, want %v, for the first query", i, resp.Scores[i], want)
		}
	}
	if at := SeveralQueries(pairs, 2); at != 2 {
		t.Errorf("several queries at pair %d, want 2", at)
	}
	if at := SeveralQueries([]crossrank.Pair{{Query: "a"}, {Query: "a"}, {Query: "b"}}, 2); at != 0 {
		t.Errorf("several queries at pair %d, want nowhere", at)
	}
}
