package definition

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/strictyaml"
)

func TestSweepMakesAGrid(t *testing.T) {
	sw, err := ParseSweep("f", []byte(`
name: x
model_pool: {instances: [{threads: [1, 2], quantization: fp32}]}
batching: {timeout_ms: [0, 5, 20]}
experiment: {batch_sizes: [8, 16]}
`))
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"model_pool.instances[0].threads", "batching.timeout_ms"}; !slices.Equal(sw.Axes, want) {
		t.Errorf("axes %q, want %q", sw.Axes, want)
	}
	var got []string
	for _, v := range sw.Variants {
		got = append(got, fmt.Sprintf("%d/%g %s/%s", v.Settings.Primary().Threads, v.Settings.Batching.TimeoutMS, v.Set[0].Value, v.Set[1].Value))
		if len(v.Settings.Experiment.BatchSizes) != 2 {
			t.Errorf("a list of the schema was swept: %v", v.Settings.Experiment.BatchSizes)
		}
	}
	if want := []string{"1/0 1/0", "1/5 1/5", "1/20 1/20", "2/0 2/0", "2/5 2/5", "2/20 2/20"}; !slices.Equal(got, want) {
		t.Errorf("variants %q, want %q", got, want)
	}
	for _, key := range sw.Keys() {
		want := map[string]string{"name": "x", "batching.timeout_ms": "[0, 5, 20]", "model_pool.instances[0].threads": "[1, 2]",
			"experiment.batch_sizes": "[8, 16]"}[key.Path]
		if want != "" && key.Value != want {
			t.Errorf("%s is shown as %s, want %s", key.Path, key.Value, want)
		}
	}
	// The variants share nothing that one could change for another.
	sw.Variants[0].Settings.ModelPool.Instances[0].Threads = 99
	if sw.Variants[1].Settings.Primary().Threads != 1 {
		t.Error("two variants share their instances")
	}
}

func TestSweepErrors(t *testing.T) {
	for _, c := range []struct{ what, text, want string }{
		{"an element of the wrong type", "tokenizer_pool:\n  workers: [1, many]", "f:2: tokenizer_pool.workers: needs a whole number, not \"many\""},
		{"an element out of range", "tokenizer_pool: {workers: [1, -1]}", "f:1: tokenizer_pool.workers: is -1, but must be at least 0"},
		{"a key that names the files", "name: [a, b]", "f:1: name: is a list, but cannot be swept"},
		{"a key of the server's", "server: {grpc_addr: [a, b]}", "f:1: server.grpc_addr: is a list, but cannot be swept"},
		{"the data, which every point shares", "data: {seed: [1, 2]}", "f:1: data.seed: is a list, but cannot be swept"},
		{"no element", "model: []", "f:1: model: is an empty list"},
		{"an element twice", "batching: {packing: [true, false, true]}", "batching.packing: has true twice"},
		{"a list in the list", "model: [[a]]", "needs plain values in its list, not a list"},
		{"too large a grid", "tokenizer_pool: {workers: [" + numbers(101) + "]}\nbatching: {max_batch_size: [" + numbers(101) + "]}", "more than 10000 combinations"},
	} {
		if _, err := ParseSweep("f", []byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.what, err, c.want)
		}
	}
}

func numbers(n int) string {
	words := make([]string, n)
	for i := range words {
		words[i] = fmt.Sprint(i)
	}
	return strings.Join(words, ", ")
}

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func TestExtends(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"common/base.yaml": "name: base\nmodel: m\nbatching: {max_batch_size: 7, packing: false}\nexperiment: {benchmark_requests: 5, warmup: 1}\n",
		"mid.yaml":         "extends: common/base.yaml\nbatching: {max_batch_size: 9}\ndata: {seed: 3}\n",
		"top.yaml":         "extends: mid.yaml\nname: top\nexperiment:\n  duration: 5s\ndata: {path: x.jsonl}\n",
		"around.yaml":      "extends: back.yaml\n",
		"back.yaml":        "extends: around.yaml\n",
		"inherits.yaml":    "extends: common/bad.yaml\nname: x\n",
		"common/bad.yaml":  "model: m\nbatching: {max_batch_sise: 7}\n",
		"number.yaml":      "extends: 7\n",
		"twice.yaml":       "extends: mid.yaml\nname: a\nname: b\n",
		"deep.yaml":        "data: {extends: x}\n",
	})
	sw, err := LoadSweep(nil, filepath.Join(dir, "top.yaml"))
	s := sw.Base()
	if err != nil {
		t.Fatal(err)
	}
	if s.Name != "top" || s.Model != "m" || s.Batching.MaxPairs != 9 || s.Batching.Packing || s.Data.Path != "x.jsonl" || s.Data.Seed != 3 ||
		s.Experiment.Warmup != 1 || s.Experiment.Duration == 0 || s.Experiment.BenchmarkRequests != 0 {
		t.Errorf("merged into %+v", s)
	}
	if got := s.Place("batching.packing"); !strings.Contains(got, "base.yaml:3)") {
		t.Errorf("an inherited key is said to be at %q", got)
	}
	for _, c := range []struct{ file, want string }{
		{"around.yaml", "goes around"},
		{"inherits.yaml", "bad.yaml:2: batching.max_batch_sise: unknown key; did you mean max_batch_size?"},
		{"number.yaml", "needs the name of a settings file"},
		{"twice.yaml", "twice.yaml:3: name: is given twice"},
		{"deep.yaml", "stands at the top of a file only"},
	} {
		if _, err := LoadSweep(nil, filepath.Join(dir, c.file)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.file, err, c.want)
		}
	}
}

// FuzzSweep: any definition of an experiment is an error, or combinations
// that are within the bound, each of which has a value for every axis and can be written and read
// again.
func FuzzSweep(f *testing.F) {
	for _, seed := range []string{
		"", "name: x", "model: [a, b]\nbatching: {max_batch_size: [1, 2, 3]}", "model: []", "model: [[a]]", "model: [a, a]",
		"model_pool: {instances: [{threads: [1, 2]}, {quantization: [fp32, int8]}]}", "experiment: {concurrency_levels: [1, 2]}",
		"extends: other.yaml", "extends: [a, b]", "a: &a [1]\nmodel: *a", "model: [null, 1, {}]", "data: {seed: [1, 2, x]}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if bytes.Contains(data, []byte("extends")) {
			return // what it reads is no business of the bytes here
		}
		sw, err := ParseSweep("f", data)
		if err != nil {
			return
		}
		if n := len(sw.Variants); n < 1 || n > 10_000 || n > 1 && len(sw.Axes) == 0 {
			t.Fatalf("%d combinations of %d axes", n, len(sw.Axes))
		}
		for _, v := range sw.Variants[:min(len(sw.Variants), 20)] {
			if len(v.Set) != len(sw.Axes) {
				t.Errorf("%d values for %d axes", len(v.Set), len(sw.Axes))
			}
			_ = Faults(v.Settings)
			out, err := strictyaml.Encode(v.Settings)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Parse("g", out); err != nil {
				t.Errorf("its own encoding: %v\n%s", err, out)
			}
		}
	})
}
