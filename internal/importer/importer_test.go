package importer

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/backend/catalog"
	"github.com/crossrank/crossrank/internal/definition"
	"github.com/crossrank/crossrank/internal/strictyaml"
)

// write makes a file of the Python project, and gives its path.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// left gives the lines and keys of what was not carried over.
func left(r Result) []string {
	var out []string
	for _, e := range r.Left {
		out = append(out, fmt.Sprintf("%s:%d %s", filepath.Base(e.File), e.Line, e.Key))
	}
	return out
}

// TestImport has one idea per case: what a file says, what the definition says, and what is named.
func TestImport(t *testing.T) {
	// What takes the place of mps and its precision of 4 bits in this build.
	metal, bits4 := catalog.Native, "int8"
	if gpu, _ := catalog.Find(catalog.WebGPU); gpu.Missing() == "" {
		metal, bits4 = catalog.WebGPU, "fp16"
	}
	for _, c := range []struct {
		name string
		in   string
		want map[string]string // settings of the definition; "" is a default
		left []string
	}{
		{"nothing", "", map[string]string{
			"name": "e", "model": usualModel, "server.deadline": "1m", "batching.enabled": "true", "experiment.batch_sizes": "[32]",
		}, nil},
		{"a name that is one of a file", "name: 02_backend\ndescription: d e\n",
			map[string]string{"name": "02_backend", "description": "d e"}, nil},
		{"a name that is not", "name: 2x MPS (fp16)\n",
			map[string]string{"name": "e", "description": "2x MPS (fp16)"}, []string{"e.yaml:1 name"}},
		{"a name among the experiment's keys", "experiment:\n  name: tokens\n  description: d\n",
			map[string]string{"name": "tokens", "description": "d"}, nil},
		{"two names", "name: a\nexperiment:\n  name: b\n", map[string]string{"name": "a"}, nil},
		{"a precision without a name", "model:\n  quantized: true\n", nil, []string{"e.yaml:2 model.quantized"}},
		{"a model on the CPU", "model:\n  name: a/b\n  backend: pytorch\n  device: cpu\n  max_length: 200\n", map[string]string{
			"model": "a/b", "model_pool.instances[0].backend": "native", "model_pool.instances[0].max_length": "200"},
			[]string{"e.yaml:3 model.backend"}},
		{"a device that is not here", "model:\n  backend: mps\n  device: mps\n",
			map[string]string{"model_pool.instances[0].backend": metal}, []string{"e.yaml:2 model.backend", "e.yaml:3 model.device"}},
		{"a precision that is here", "model:\n  quantized: true\n  quantization_mode: int8\n",
			map[string]string{"model_pool.instances[0].quantization": "int8"}, nil},
		{"half precision", "model_pool:\n  instances:\n    - use_fp16: true\n",
			map[string]string{"model_pool.instances[0].quantization": "fp16"}, nil},
		{"a precision that decides over others", "model_pool:\n  instances:\n    - use_fp16: true\n      quantization: int8\n      quantization_bits: 16\n",
			map[string]string{"model_pool.instances[0].quantization": "int8"}, nil},
		{"bits of a precision", "model:\n  backend: mlx\n  mlx:\n    bits: 4\n", map[string]string{"model_pool.instances[0].quantization": bits4},
			[]string{"e.yaml:2 model.backend", "e.yaml:4 model.mlx.bits"}},
		{"several backends in several precisions", "model:\n  backend: [mps, mlx]\n  mps:\n    fp16: true\n  mlx:\n    bits: 4\n", nil,
			[]string{"e.yaml:2 model.backend", "e.yaml:6 model.mlx.bits"}},
		{"sections of other backends", "model:\n  device: cpu\n  mps:\n    fp16: true\n  onnx:\n    optimize: true\n", nil, nil},
		{"the model beside a pool", "model:\n  backend: mps\nmodel_pool:\n  instances:\n    - name: c/d\n", map[string]string{"model": "c/d"}, nil},
		{"equal instances", "model_pool:\n  instances:\n    - max_length: 9\n    - max_length: 9\n  routing_strategy: least_busy\n", map[string]string{
			"model_pool.instances[0].replicas": "2", "model_pool.routing": "least_busy"}, nil},
		{"instances of two models", "model_pool:\n  instances:\n    - name: a/b\n    - name: c/d\n", map[string]string{
			"model_pool.instances[0].model": "a/b", "model_pool.instances[1].model": "c/d"}, nil},
		{"compilation that is off", "model_pool:\n  instances:\n    - compile_model: false\n      compile_mode: default\n      compile: false\n", nil, nil},
		{"compilation that is on", "model_pool:\n  instances:\n    - compile_model: true\n      compile_mode: default\n", nil,
			[]string{"e.yaml:3 model_pool.instances[0].compile_model", "e.yaml:4 model_pool.instances[0].compile_mode"}},
		{"batching", "batching:\n  enabled: true\n  max_batch_size: 96\n  timeout_ms: 50.0\n  length_aware_batching: true\n  sequence_packing: false\n",
			map[string]string{"batching.max_batch_size": "96", "batching.timeout_ms": "50", "batching.length_aware": "true",
				"batching.packing": "false"}, nil},
		{"batching that is off", "batching:\n  enabled: false\n  max_batch_size: 96\n  timeout_ms: 50\n", map[string]string{
			"batching.enabled": "false", "batching.max_batch_size": "0", "batching.timeout_ms": "0"}, nil},
		{"the scheduler", "scheduler:\n  enable_length_aware_batching: false\n  enable_stage_timing: true\n",
			map[string]string{"batching.length_aware": "false"}, nil},
		{"tokenizers", "tokenizer_pool:\n  enabled: true\n  num_workers: 4\n  model_name: ''\n  tokenizers_parallelism: false\n",
			map[string]string{"tokenizer_pool.workers": "4"}, nil},
		{"no tokenizers", "tokenizer_pool:\n  enabled: false\n  num_workers: 4\n",
			map[string]string{"tokenizer_pool.workers": "0"}, []string{"e.yaml:2 tokenizer_pool.enabled"}},
		{"a tokenizer of its own", "tokenizer_pool:\n  model_name: e/f\n", nil, []string{"e.yaml:2 tokenizer_pool.model_name"}},
		{"the pipeline", "pipeline:\n  enabled: true\n  mode: tokenization_only\n", map[string]string{"pipeline.mode": "tokenization_only"}, nil},
		{"a load by number", "experiment:\n  batch_sizes: [8, 16]\n  concurrency_levels: 4\n  benchmark_requests: 150\n  warmup_iterations: 3\n",
			map[string]string{"experiment.batch_sizes": "[8, 16]", "experiment.concurrency_levels": "[4]",
				"experiment.benchmark_requests": "150", "experiment.warmup": "3"}, nil},
		{"a load by time", "experiment:\n  benchmark_duration_s: 90\n  benchmark_requests: 150\n  prefill_requests: 7\n  warmup_iterations: 3\n",
			map[string]string{"experiment.duration": "1m30s", "experiment.benchmark_requests": "0", "experiment.warmup": "7"},
			[]string{"e.yaml:5 experiment.warmup_iterations"}},
		{"a sweep", "batching:\n  timeout_ms: [5, 10.5]\nmodel_pool:\n  instances:\n    - quantization: [fp32, fp16, int8]\n", map[string]string{
			"batching.timeout_ms": "[5, 10.5]", "model_pool.instances[0].quantization": "[fp32, fp16, int8]"},
			nil},
		{"files of defaults", "defaults:\n  - override /batching: default\n  - override /server: large\n", nil,
			[]string{"e.yaml:3 defaults[1].override /server"}},
		{"screenshots", "screenshot:\n  enabled: true\n  output_dir: x\n", nil,
			[]string{"e.yaml:2 screenshot.enabled", "e.yaml:3 screenshot.output_dir"}},
		{"no screenshots", "screenshot:\n  enabled: false\n  output_dir: x\n", nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := Import(write(t, "e.yaml", c.in))
			if err != nil {
				t.Fatal(err)
			}
			sweep, err := definition.ParseSweep("out.yaml", r.Definition)
			if err != nil {
				t.Fatalf("%v in\n%s", err, r.Definition)
			}
			got := map[string]string{}
			for _, k := range sweep.Keys() {
				got[k.Path] = k.Value
			}
			for key, want := range c.want {
				if got[key] != want {
					t.Errorf("%s is %s, want %s, in\n%s", key, got[key], want, r.Definition)
				}
			}
			if !slices.Equal(left(r), c.left) {
				t.Errorf("not carried over: got %q, want %q", left(r), c.left)
			}
			for _, e := range r.Left {
				if short := fmt.Sprintf("#   e.yaml:%d: %s: %s\n", e.Line, e.Key, e.Msg); !strings.Contains(string(r.Definition), short) {
					t.Errorf("the definition has no comment %q", short)
				}
			}
		})
	}
}

// TestNamesOfFiles has experiments without a name that could name files.
func TestNamesOfFiles(t *testing.T) {
	long := strings.Repeat("x", 120)
	for file, want := range map[string]string{
		"05a sizes (mps).yaml": "05a_sizes_mps_", "_tmp.v2.yml": "tmp.v2", "…": "experiment", long: long[:100],
	} {
		for _, name := range []string{"", "name: _2x MPS\n", "name: " + long + "\n"} {
			r, err := Import(write(t, file, name))
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(r.Definition), "\nname: "+want+"\n") {
				t.Errorf("%s with %q: want the name %s in\n%s", file, name, want, r.Definition)
			}
		}
	}
}

// TestBase has an experiment and what all of its folder have in common.
func TestBase(t *testing.T) {
	path := write(t, "e.yaml", "batching:\n  enabled: true\nserver:\n  port: 2\n")
	base := "batching:\n  enabled: false\n  timeout_ms: 7\nserver:\n  host: h\n  port: 1\n"
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), baseFile), []byte(base), 0o666); err != nil {
		t.Fatal(err)
	}
	r, err := Import(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"e.yaml:4 server.port", baseFile + ":5 server.host"}; !slices.Equal(left(r), want) {
		t.Errorf("not carried over: got %q, want %q", left(r), want)
	}
	if text := string(r.Definition); !strings.Contains(text, "enabled: true") || !strings.Contains(text, "timeout_ms: 7") {
		t.Errorf("got\n%s", text)
	}
}

// TestRefused are files that are not converted.
func TestRefused(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"an unknown key", "experiment:\n  batch_size: [1]\n", "e.yaml:2: experiment.batch_size: unknown key; did you mean batch_sizes?"},
		{"an unknown backend", "model:\n  backend: mpx\n", "e.yaml:2: model.backend: is \"mpx\", which is not one of"},
		{"a value of another kind", "batching:\n  timeout_ms: soon\n", "e.yaml:2: batching.timeout_ms: needs a number"},
		{"instances that would disagree", "model_pool:\n  instances:\n    - max_length: 9\n    - max_length: 10\n",
			"settings that cannot stand together here: model_pool.instances[1].max_length"},
		{"a value that is out of range here", "experiment:\n  concurrency_levels: [9999]\n", "experiment.concurrency_levels"},
		{"a list", "- 1\n", "e.yaml:1: a settings file is a mapping"},
	} {
		if _, err := Import(write(t, "e.yaml", c.in)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error with %q", c.name, err, c.want)
		}
	}
}

// silent are the keys that are neither carried over nor named if they stand alone with these
// values, because they have no effect in the original or say what is so here in any case.
var silent = []string{
	"screenshot.output_dir=x", "screenshot.enabled=false", "scheduler.enable_stage_timing=true", "pipeline.enabled=true",
	"tokenizer_pool.enabled=true", "tokenizer_pool.tokenizers_parallelism=false",
	"model.device=cpu", "model_pool.instances[0].device=cpu",
	"model.compile=false", "model.quantized=false", "model.quantization_mode=int8",
	"model.mps.fp16=true", "model.mps.fp16=false", "model.mps.compile=true", "model.mps.compile=false",
	"model.mlx.bits=8", "model.mlx.group_size=8", "model.onnx.optimize=true", "model.onnx.optimize=false", "model.onnx.use_gpu=true",
	"model.onnx.use_gpu=false", "model.compiled.mode=full", "model.compiled.fp16=true", "model.compiled.fp16=false",
	"model_pool.instances[0].compile=false", "model_pool.instances[0].compile_model=false", "model_pool.instances[0].compile_mode=x",
	"model_pool.instances[0].quantization_bits=8", "model_pool.instances[0].onnx_optimize=true",
	"model_pool.instances[0].onnx_optimize=false", "model_pool.instances[0].onnx_use_coreml=true",
	"model_pool.instances[0].onnx_use_coreml=false",
}

// TestEveryKeyIsCarriedOverOrNamed gives each key of the format alone.
func TestEveryKeyIsCarriedOverOrNamed(t *testing.T) {
	empty, err := Import(write(t, "e.yaml", ""))
	if err != nil {
		t.Fatal(err)
	}
	words := map[string]string{"device": "cpu", "backend": "pytorch", "quantization": "int8", "quantization_mode": "int8",
		"mode": "full", "routing_strategy": "smart_idle"}
	format := file{Defaults: []group{{}}, ModelPool: modelPool{Instances: []instance{{}}}}
	for _, k := range strictyaml.Keys(format) {
		values := []string{"8"}
		last := k.Path[strings.LastIndexAny(k.Path, ".")+1:]
		switch {
		case k.Type == "bool":
			values = []string{"true", "false"}
		case k.Type == "string" && words[last] != "":
			values = []string{words[last]}
		case k.Type == "string":
			values = []string{"x"}
		}
		for _, v := range values {
			r, err := Import(write(t, "e.yaml", nested(k.Path, v)))
			if err != nil {
				t.Errorf("%s=%s: %v", k.Path, v, err)
				continue
			}
			seen := len(r.Left) > 0 || !reflect.DeepEqual(r.Definition, empty.Definition)
			if listed := slices.Contains(silent, k.Path+"="+v); seen == listed {
				t.Errorf("%s=%s: carried over or named: %v; listed as silent: %v", k.Path, v, seen, listed)
			}
		}
	}
}

// FuzzImport holds that whatever is converted is a definition that can be read and run.
func FuzzImport(f *testing.F) {
	f.Add([]byte("name: n\nmodel_pool:\n  instances:\n    - {name: 12, backend: [mps, mlx], quantization: [fp32, int4]}\n"))
	f.Add([]byte("model: {name: 1e3, backend: compiled, compiled: {mode: x}}\nbatching: {timeout_ms: [0.5, 2]}\n"))
	f.Add([]byte("experiment: {batch_sizes: [1, 2], benchmark_duration_s: 0.25, prefill_requests: 0}\ndefaults: [{override /server: x}]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		grid, err := schema.ParseGrid("e.yaml", data)
		if err != nil || len(grid.Cells) > 100 {
			return
		}
		r, err := convert("e.yaml", grid)
		if err != nil {
			return
		}
		if _, err := definition.ParseSweep("out.yaml", r.Definition); err != nil {
			t.Errorf("%v in\n%s", err, r.Definition)
		}
	})
}

// nested is YAML with one key.
func nested(path, value string) string {
	var b strings.Builder
	parts := strings.Split(path, ".")
	indent := ""
	for i, part := range parts {
		name, element, list := strings.Cut(part, "[")
		b.WriteString(indent + name + ":")
		if i == len(parts)-1 {
			b.WriteString(" " + value + "\n")
			break
		}
		b.WriteString("\n")
		indent = strings.ReplaceAll(indent, "- ", "  ") + "  "
		if list && element != "" {
			indent += "- "
		}
	}
	return b.String()
}
