package config

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/backend/catalog"
	"github.com/crossrank/crossrank/internal/strictyaml"
)

// faults are the errors about what is unsupported.
func faults(s Settings) (all []string) {
	for _, f := range Unsupported(s) {
		all = append(all, s.Locate(f).Error())
	}
	return all
}

func TestUnsupported(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"model_pool: {instances: [{backend: mps, device: mps}]}", "f:1: model_pool.instances[0].backend: mps needs the Metal backend, which this build does not have"},
		{"model_pool: {instances: [{max_length: 2}]}", "instances[0].max_length: is 2; a pair has at least the 3 tokens"},
		{"model_pool: {instances: [{device: cuda}]}", "device: the native backend runs on cpu"},
		{"batching: {preferred_batch_size: [8, 4]}", "f:1: batching.preferred_batch_size: is [8 4]; list the sizes in ascending order"},
		{"batching: {preferred_batch_size: [4, 4]}", "each once"},
		{"batching:\n  preferred_batch_size: [4, 9]\n  max_batch_size: 8", "f:2: batching.preferred_batch_size: has 9, but batching.max_batch_size is 8"},
		{"batching: {preferred_batch_size: [4], enabled: false}", "has no meaning where batching.enabled is false"},
	} {
		s, err := Parse("f", []byte(c.text))
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if why := faults(s); len(why) != 1 || !strings.Contains(why[0], c.want) {
			t.Errorf("%s: got %q, want %q", c.text, why, c.want)
		}
	}
	for _, text := range []string{
		"model_pool: {instances: [{quantization: fp16}]}", "model_pool: {instances: [{quantization: bf16}]}",
		"model_pool: {instances: [{replicas: 2}, {threads: 3}], routing: smart_idle}", "pipeline: {mode: inference_only}",
		"batching: {packing: false}", "batching: {preferred_batch_size: [4, 8], timeout_ms: 5, max_batch_size: 8}",
	} {
		s, err := Parse("f", []byte(text))
		if why := Unsupported(s); err != nil || why != nil {
			t.Errorf("%s: got %q, %v, want it supported", text, why, err)
		}
	}
	if why := Unsupported(Default()); why != nil {
		t.Errorf("the defaults: %q", why)
	}
}

func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.yaml")
	if _, err := Load(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	if err := os.WriteFile(path, []byte("model: x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if s, err := Load(path); err != nil || s.Model != "x" {
		t.Errorf("got %q, %v", s.Model, err)
	}
	if _, err := Load(t.TempDir()); err == nil {
		t.Error("a folder: no error")
	}
}

// TestParseRefusesDefinitions has a server refuse the sections of an experiment's definition, and
// accept its name and description.
func TestParseRefusesDefinitions(t *testing.T) {
	_, err := Parse("f", []byte("model: x\ndata: {path: y}\nexperiment:\n  warmup: 1\ntarget: {dialect: tei}"))
	for _, want := range []string{
		"f:5: target: belongs to an experiment's definition", "f:2: data: belongs", "f:3: experiment: belongs",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	named, err := Parse("f", []byte("name: mine\ndescription: of the shop"))
	if err != nil {
		t.Fatal(err)
	}
	named.Origins = strictyaml.Origins{}
	if !reflect.DeepEqual(named, Default()) {
		t.Errorf("a name changes settings: %+v", named)
	}
}

func TestLargestRequestsNeedRoom(t *testing.T) {
	s, err := Parse("f", []byte("server:\n  request_bytes: 4194304\n  grpc: {message_bytes: 3145728}\n  http: {body_bytes: 3145729}"))
	if err != nil {
		t.Fatal(err)
	}
	why := faults(s)
	if len(why) != 1 || !strings.HasPrefix(why[0], "f:4: server.http.body_bytes: is 3145729, but must be at most 3145728") {
		t.Errorf("got %q", why)
	}
}

func TestPrimary(t *testing.T) {
	s, err := Parse("f", []byte("model: a\nmodel_pool: {instances: [{threads: 3}]}"))
	if err != nil {
		t.Fatal(err)
	}
	if in := s.Primary(); in.Model != "a" || in.Threads != 3 {
		t.Errorf("inherits: %+v", in)
	}
	s, err = Parse("f", []byte("model: a\nmodel_pool: {instances: [{model: b}]}"))
	if err != nil {
		t.Fatal(err)
	}
	if in := s.Primary(); in.Model != "b" {
		t.Errorf("its own: %+v", in)
	}
	if in := s.WithModel("c").Primary(); in.Model != "c" || s.Primary().Model != "b" {
		t.Errorf("with a flag: %+v, and the original %+v", in, s.Primary())
	}
}

// TestBackends checks that the schema allows exactly the backends that have a name.
func TestBackends(t *testing.T) {
	field, _ := reflect.TypeFor[Instance]().FieldByName("Backend")
	var names []string
	for _, b := range catalog.All {
		names = append(names, b.Name)
	}
	if got, want := field.Tag.Get("oneof"), strings.Join(names, ","); got != want {
		t.Errorf("the schema has the backends %s, want %s", got, want)
	}
}

// TestInstancesAgree refuses instances of one model with different scores, not those of different
// models.
func TestInstancesAgree(t *testing.T) {
	for text, want := range map[string]string{
		"model_pool: {instances: [{}, {quantization: int8}]}":                      "instances[1].quantization: is int8, but instances[0] of the same model has auto",
		"model_pool: {instances: [{max_length: 64}, {model: x}, {max_length: 9}]}": "instances[2].max_length: is 9, but instances[0] of the same model has 64",
		"model_pool: {instances: [{}, {threads: 2, replicas: 3}]}":                 "",
		"model_pool: {instances: [{model: x}, {model: y, quantization: int8}]}":    "",
	} {
		s, err := Parse("f", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(faults(s), "\n"); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}
