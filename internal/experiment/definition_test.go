package experiment

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/backend/catalog"
	"github.com/crossrank/crossrank/internal/config"
	"github.com/crossrank/crossrank/internal/definition"
)

// missing is why this build does not have a backend.
func missing(name string) string {
	b, _ := catalog.Find(name)
	return b.Missing()
}

// TestShippedDefinitions reads the project's own experiments.
func TestShippedDefinitions(t *testing.T) {
	dir := filepath.Join("..", "..", "experiments")
	defs, err := Folder{Path: dir}.List()
	if err != nil {
		t.Fatal(err)
	}
	needs := map[string]string{
		"01_engine_fp32": "", "02_backend_mps": missing("webgpu"), "03_engine_int8": "", "04_backend_onnx": missing("onnx"),
		"05_batch_size": "", "06_concurrency": "", "07_multi_model_pool": "", "08a_batching_on_off": "", "08b_batching_delay": "",
		"08c_batching_size": "", "09_padding": "", "10_quantization": "", "11_max_length": "", "12_instances_threads": "",
		"13_queue_stress": "", "14_pipeline_stages": "", "15_tokenizer_workers": "", "16_production": "",
	}
	for _, d := range defs {
		if d.Err != nil {
			t.Errorf("%s cannot be read: %v", d.File, d.Err)
			continue
		}
		if want := strings.TrimSuffix(filepath.Base(d.File), ".yaml"); d.Sweep.Base().Name != want {
			t.Errorf("%s is named %q; results are easier to find when it is %q", d.File, d.Sweep.Base().Name, want)
		}
		if d.Sweep.Base().Description == "" || len(Configurations(d.Sweep)) == 0 {
			t.Errorf("%s lacks a description or measures nothing", d.File)
		}
		if want, ok := needs[d.Sweep.Base().Name]; ok {
			got := strings.Join(d.Needs, "; ")
			if (want == "") != (got == "") || !strings.Contains(got, want) {
				t.Errorf("%s needs %q, want %q", d.File, got, want)
			}
			delete(needs, d.Sweep.Base().Name)
		}
	}
	if len(needs) > 0 {
		t.Errorf("missing: %v", needs)
	}
}

func TestListTellsBadFilesApart(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"b.yaml": "name: b\nbatchin: {}\n", "a.yml": "name: a\n", "notes.txt": "name: x\n", "c.yaml.d/x": "",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	defs, err := Folder{Path: dir}.List()
	if err != nil || len(defs) != 2 {
		t.Fatalf("got %d definitions and %v, want 2", len(defs), err)
	}
	if defs[0].Err != nil || defs[0].Sweep.Base().Name != "a" {
		t.Errorf("a.yml gave %+v", defs[0])
	}
	if defs[1].Err == nil || !strings.Contains(defs[1].Err.Error(), "b.yaml:2: batchin") {
		t.Errorf("b.yaml gave %v, want an error with its line", defs[1].Err)
	}
	if _, err := (Folder{Path: filepath.Join(dir, "absent")}).List(); err == nil {
		t.Error("a folder that is missing was listed")
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "05_batch.yaml")
	if err := os.WriteFile(file, []byte("name: x\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ how, name, want string }{
		{"by its path", file, file},
		{"by its bare name", "05_batch", file},
		{"by its file's name", "05_batch.yaml", file},
	} {
		if got, err := (Folder{Path: dir}).Load(test.name); err != nil || got.File != test.want {
			t.Errorf("%s: got %q and %v, want %q", test.how, got.File, err, test.want)
		}
	}
	for _, name := range []string{"06_none", filepath.Join(dir, "06.yaml"), ""} {
		if got, err := (Folder{Path: dir}).Load(name); err == nil || !strings.Contains(err.Error(), "which has 05_batch") {
			t.Errorf("%q gave %q and %v, want an error that lists the experiments", name, got.File, err)
		}
	}
}

func TestServerSettingsAreAServers(t *testing.T) {
	s, err := definition.Parse("x", []byte(`
name: x
model: "a \"quoted\" path/<&>/ü"
model_pool: {instances: [{threads: 3, max_length: 128}]}
tokenizer_pool: {workers: 2}
batching: {max_batch_size: 16, timeout_ms: 2.5, length_aware: false}
pipeline: {mode: full}
cache: {max_bytes: 1000}
server: {deadline: 5m, limits: {documents: 2000}}
data: {seed: 9}
experiment: {warmup: 1}
`))
	if err != nil {
		t.Fatal(err)
	}
	text, err := config.Encode(s.Settings)
	if err != nil {
		t.Fatal(err)
	}
	got, err := config.Parse("x", text)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := serverPart(definition.Settings{Settings: got}), serverPart(s); !reflect.DeepEqual(got, want) {
		t.Errorf("the server reads %+v, want what was asked: %+v", got, want)
	}
	if got.Cache.Coalesce {
		t.Error("the server joins pairs that are in flight, which an experiment does only where it says so")
	}
}
