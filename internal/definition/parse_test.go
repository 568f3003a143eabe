package definition

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank/internal/config"
	"github.com/crossrank/crossrank/internal/strictyaml"
)

const full = `
name: 01_engine_fp32
description: The native engine, fp32
model: builtin:minilm-l6
model_pool:
  instances:
    - {backend: native, device: cpu, quantization: fp32, max_length: 512, threads: 2}
  routing: least_busy
tokenizer_pool: {workers: 2}
batching: {enabled: true, max_batch_size: 64, max_batch_tokens: 16384, timeout_ms: 1.5, length_aware: false, packing: true,
  preferred_batch_size: [8, 16], max_queue_age_ms: 200, max_queued_tokens: 5000}
pipeline: {mode: full}
cache: {max_bytes: 1000, coalesce: true}
server: {grpc_addr: "127.0.0.1:0", http_addr: "[::1]:0", insecure_no_auth: true}
data: {path: pairs.jsonl, seed: 7}
experiment:
  batch_sizes: [32, 64]
  concurrency_levels: [1]
  benchmark_requests: 20
  warmup: 0
  arrival: {process: closed}
  repeats: 1
`

func TestParseReadsEveryKey(t *testing.T) {
	s, err := Parse("a.yaml", []byte(full))
	if err != nil {
		t.Fatal(err)
	}
	want := Settings{
		Name: "01_engine_fp32", Description: "The native engine, fp32",
		Settings: config.Settings{
			Model: "builtin:minilm-l6",
			ModelPool: config.ModelPool{Routing: "least_busy", Instances: []config.Instance{
				{Backend: "native", Device: "cpu", Quantization: "fp32", MaxLength: 512, Threads: 2, Replicas: 1}}},
			TokenizerPool: config.TokenizerPool{Workers: 2},
			Batching: config.Batching{Enabled: true, MaxPairs: 64, MaxTokens: 16384, TimeoutMS: 1.5, Packing: true,
				PreferredPairs: []int{8, 16}, MaxQueueAgeMS: 200, MaxQueuedTokens: 5000},
			Pipeline: config.Pipeline{Mode: "full"},
			Cache:    config.Cache{MaxBytes: 1000, Coalesce: true},
			Server:   config.Default().Server,
		},
		Data: Data{Path: "pairs.jsonl", Seed: 7},
		Experiment: Experiment{BatchSizes: []int{32, 64}, ConcurrencyLevels: []int{1}, BenchmarkRequests: 20,
			Arrival: Arrival{Process: "closed"}, Repeats: 1},
	}
	want.Server.GRPCAddr, want.Server.HTTPAddr, want.Server.InsecureNoAuth = "127.0.0.1:0", "[::1]:0", true
	if got := plain(s); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if why := config.Unsupported(s.Settings); len(why) > 0 {
		t.Errorf("unsupported: %q", why)
	}
}

// plain is s without where its values came from.
func plain(s Settings) Settings {
	s.Origins = strictyaml.Origins{}
	return s
}

func TestParseDefaults(t *testing.T) {
	for _, text := range []string{"", "# only a comment\n", "---\n", "null\n", "experiment:\n  # all of it is commented out\n"} {
		s, err := Parse("a.yaml", []byte(text))
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if got := plain(s); !reflect.DeepEqual(got, plain(Default())) {
			t.Errorf("%q: got %+v", text, got)
		}
	}
	d := Default()
	if !d.Data.Synthetic || d.Experiment.BenchmarkRequests != 100 || len(d.ModelPool.Instances) != 1 {
		t.Errorf("defaults that depend on others: %+v", d)
	}
	s, err := Parse("a.yaml", []byte("experiment: {duration: 90s}"))
	if err != nil || s.Experiment.BenchmarkRequests != 0 || time.Duration(s.Experiment.Duration) != 90*time.Second {
		t.Errorf("a duration in place of requests: %+v, %v", s.Experiment, err)
	}
}

func TestParseErrors(t *testing.T) {
	for _, c := range []struct{ what, text, want string }{
		{"misspelled key", "modle: x", "f.yaml:1: modle: unknown key; did you mean model?"},
		{"misspelled key inside", "a: 1\nbatching:\n  max_batch_sise: 3", "f.yaml:3: batching.max_batch_sise: unknown key; did you mean max_batch_size?"},
		{"key of another section", "threads: 3", "f.yaml:1: threads: unknown key here; it belongs at model_pool.instances[].threads"},
		{"key like nothing", "pipeline: {frobnicate: 3}", "f.yaml:1: pipeline.frobnicate: unknown key; pipeline has mode"},
		{"duplicate key", "model: a\nname: b\nmodel: c", "f.yaml:3: model: is given twice; the first is on line 1"},
		{"extends", "extends: base.yaml", "f.yaml:1: extends: reading what it extends: open base.yaml: no such file"},
		{"merge key", "batching: {<<: {enabled: true}}", "f.yaml:1: batching.<<: YAML merge keys"},
		{"sweep", "tokenizer_pool:\n  workers: [1, 2, 4]", "f.yaml:2: tokenizer_pool.workers: is a list, but takes one value here"},
		{"text for a number", "tokenizer_pool: {workers: many}", `needs a whole number, not "many"`},
		{"quoted number", `tokenizer_pool: {workers: "2"}`, `needs a whole number, not "2"`},
		{"fraction for a whole number", "tokenizer_pool: {workers: 1.5}", `needs a whole number, not "1.5"`},
		{"number over 64 bits", "tokenizer_pool: {workers: 99999999999999999999}", "needs a whole number"},
		{"yes for a boolean", "batching: {enabled: yes}", `needs true or false, not "yes"`},
		{"not a number", "batching: {timeout_ms: .nan}", "needs a number"},
		{"infinite", "batching: {timeout_ms: .inf}", "needs a number"},
		{"one preferred size", "batching: {preferred_batch_size: 8}", "batching.preferred_batch_size: needs a list, such as [1, 2]"},
		{"no preferred size", "batching: {preferred_batch_size: [0]}", "batching.preferred_batch_size[0]: is 0, but must be at least 1"},
		{"negative", "\nbatching: {timeout_ms: -1}", "f.yaml:2: batching.timeout_ms: is -1, but must be at least 0"},
		{"too large", "experiment: {concurrency_levels: [1, 5000]}", "experiment.concurrency_levels[1]: is 5000, but must be at most 4096"},
		{"zero batch", "experiment: {batch_sizes: [0]}", "experiment.batch_sizes[0]: is 0, but must be at least 1"},
		{"empty list", "experiment: {batch_sizes: []}", "is an empty list"},
		{"scalar for a list", "experiment: {batch_sizes: 32}", `needs a list, such as [1, 2], not "32"`},
		{"mapping for a scalar", "model: {a: b}", "model: needs text, not a mapping"},
		{"scalar for a section", "batching: on", `batching: needs a mapping of keys, not "on"`},
		{"no value", "model:", "model: has no value"},
		{"empty model", `model: ""`, "model: is empty"},
		{"unknown word", "pipeline: {mode: ful}", `is "ful", which is not one of full, tokenization_only, inference_only; did you mean full?`},
		{"name that climbs", "name: ../x", "files are named after it"},
		{"address without port", "server: {http_addr: localhost}", "is not host:port"},
		{"address of nothing", `server: {http_addr: " "}`, "is not host:port"},
		{"duration without unit", "experiment: {duration: 60}", "needs a duration with a unit"},
		{"negative duration", "experiment: {duration: -1s}", "must be longer than 0"},
		{"requests and duration", "experiment:\n  benchmark_requests: 5\n  duration: 1s", "f.yaml:3: experiment.duration: cannot stand beside benchmark_requests (line 2)"},
		{"path and synthetic", "data: {path: a, synthetic: true}", "data.synthetic: cannot stand beside path"},
		{"neither path nor synthetic", "data: {synthetic: false}", "data.synthetic: is false, but no path"},
		{"alias", "model: &m x\nname: *m", "f.yaml:2: name: is a YAML alias"},
		{"key that is a list", "[a]: b", "has a key that is a list"},
		{"odd tag", "model: !!binary aGk=", "model: needs text"},
		{"list at the top", "- a", "f.yaml:1: a settings file is a mapping"},
		{"two documents", "model: a\n---\nmodel: b", "f.yaml:2: a second YAML document"},
		{"not YAML", "model: [a", "f.yaml:1: is not YAML"},
		{"tab", "batching:\n\tenabled: true", "f.yaml:2: is not YAML"},
		{"invalid UTF-8", "model: \xff", "is not YAML"},
		{"huge", strings.Repeat("#", 1<<20+1), "too large"},
	} {
		_, err := Parse("f.yaml", []byte(c.text))
		if err == nil {
			t.Errorf("%s: no error", c.what)
			continue
		}
		if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s:\ngot  %v\nwant %v", c.what, err, c.want)
		}
		if e := (*strictyaml.Error)(nil); !errors.As(err, &e) || e.File != "f.yaml" {
			t.Errorf("%s: %v holds no Error that names the file", c.what, err)
		}
	}
}

func TestParseTellsAllFaultsOfAFile(t *testing.T) {
	_, err := Parse("f", []byte("modle: x\ntokenizer_pool: {workers: a}\nnaem: y"))
	if n := strings.Count(err.Error(), "\n") + 1; n != 3 {
		t.Errorf("%d faults, want 3: %v", n, err)
	}
	_, err = Parse("f", []byte("batching: {"+strings.Repeat("x: 1, ", 10000)+"}"))
	if n := strings.Count(err.Error(), "\n") + 1; n != 20 {
		t.Errorf("%d faults, want the first %d", n, 20)
	}
}

// An alias bomb expands to 10^9 elements in a reader that follows aliases.
func TestParseAliasBomb(t *testing.T) {
	var text strings.Builder
	text.WriteString("a: &a [x,x,x,x,x,x,x,x,x,x]\n")
	for c := 'b'; c < 'k'; c++ {
		p := string(c - 1)
		text.WriteString(string(c) + ": &" + string(c) + " [" + strings.Repeat("*"+p+",", 10) + "]\n")
	}
	if _, err := Parse("f", []byte(text.String())); err == nil {
		t.Error("no error")
	}
}

func TestEncodeReadsBack(t *testing.T) {
	for _, text := range []string{"", full, `server: {grpc_addr: "", http_addr: ""}`, "experiment: {duration: 1m30s, arrival: {process: gamma, rate: 3, shape: 0.5}, objective: {percentile: 99, latency_ms: 50}}"} {
		s, err := Parse("a", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		checkReadsBack(t, s)
	}
}

// checkReadsBack encodes settings and wants the same from reading that.
func checkReadsBack(t *testing.T, s Settings) {
	t.Helper()
	out, err := strictyaml.Encode(s)
	if err != nil {
		t.Fatal(err)
	}
	back, err := Parse("g", out)
	if err != nil {
		t.Fatalf("its own encoding: %v\n%s", err, out)
	}
	if !reflect.DeepEqual(plain(back), plain(s)) {
		t.Errorf("got %+v\nwant %+v\nthrough %s", plain(back), plain(s), out)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"", full, "modle: x", "a: &a [*a]", "model: *x", "? [a]\n: b", "model: !!int x", "- a", "a: 1\n---\nb: 2",
		"experiment: {duration: 1s, batch_sizes: [1, null, {}]}", "model_pool: {instances: [null, {threads: 0x10}, 3]}", "batching: {timeout_ms: 1_0e3}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Parse("f", data)
		if err != nil {
			return
		}
		checkReadsBack(t, s)
	})
}
