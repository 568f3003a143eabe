package config

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestSet(t *testing.T) {
	s, err := Parse("a.yaml", []byte("server:\n  deadline: 5s\n  grpc: {streams: 7}\nmodel_pool: {instances: [{threads: 2}]}"))
	if err != nil {
		t.Fatal(err)
	}
	before := s
	a, b := strings.Repeat("a", 64), "sha256:"+strings.Repeat("B", 64)
	for path, text := range map[string]string{
		"server.deadline":                 "1m30s",
		"server.http_addr":                "",
		"server.api_keys":                 a + ", " + b,
		"model":                           "07",
		"batching.enabled":                "false",
		"batching.timeout_ms":             "2.5",
		"batching.preferred_batch_size":   "1,2,3",
		"model_pool.instances[0].threads": "9",
	} {
		if err := s.Set(path, text, "flag --x"); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	if time.Duration(s.Server.Deadline) != 90*time.Second || s.Server.HTTPAddr != "" || s.Model != "07" ||
		s.Batching.Enabled || s.Batching.TimeoutMS != 2.5 || s.ModelPool.Instances[0].Threads != 9 ||
		!slices.Equal(s.Server.APIKeys, []string{a, b}) || !slices.Equal(s.Batching.PreferredPairs, []int{1, 2, 3}) {
		t.Errorf("got %+v", s)
	}
	if before.ModelPool.Instances[0].Threads != 2 || before.Origin("server.deadline") != "a.yaml:2" {
		t.Errorf("a copy from before changed too: %+v", before)
	}
	for path, want := range map[string]string{
		"server.deadline":     "flag --x",
		"server.grpc.streams": "a.yaml:3",
		"server.connections":  "default",
	} {
		if got := s.Origin(path); got != want {
			t.Errorf("%s is from %q, want %q", path, got, want)
		}
	}
}

func TestSetRefuses(t *testing.T) {
	tests := []struct{ path, text, want string }{
		{"server.deadline", "30", "flag --x: server.deadline: needs a duration with a unit"},
		{"server.deadline", "-1s", "must be longer than 0"},
		{"server.connections", "0", "server.connections: is 0, but must be at least 1"},
		{"server.connections", "many", `needs a whole number, not "many"`},
		{"server.connections", "", "has no value"},
		{"server.insecure_no_auth", "yes", "needs true or false"},
		{"server.grpc_addr", "localhost", "is not host:port"},
		{"server.api_keys", "my-secret-key", "server.api_keys[0]: is not the SHA-256 of a key"},
		{"server.api_keys_file", "", "is empty"},
		{"server.otlp_endpoint", "collector:4317", "is not the URL of a collector"},
		{"server.grpc", "x", "is a section"},
		{"server.nothing", "x", "unknown setting"},
		{"server.deadline.x", "x", "unknown setting"},
		{"model_pool.instances[3].threads", "1", "no such element"},
		{"model_pool.instances[x].threads", "1", "no such element"},
	}
	for _, tt := range tests {
		s := Default()
		err := s.Set(tt.path, tt.text, "flag --x")
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s = %q: got %v, want %q", tt.path, tt.text, err, tt.want)
		}
		if err != nil && tt.path == "server.api_keys" && strings.Contains(err.Error(), "my-secret-key") {
			t.Errorf("the error repeats what may be a key: %v", err)
		}
	}
}

func TestSetFromEnvironment(t *testing.T) {
	s := Default()
	err := s.SetFromEnvironment([]string{
		"PATH=/bin", "CROSSRANK_CPU=avx2", "CROSSRANK_SERVER_GRPC_STREAMS=9", "CROSSRANK_SERVER_HTTP_ADDR=",
		"CROSSRANK_MODEL=m=n", "CROSSRANK_BATCHING_TIMEOUT_MS=2", "CROSSRANK_SERVER_TLS_CERT=a b.pem",
	})
	if err != nil {
		t.Fatal(err)
	}
	if s.Server.GRPC.Streams != 9 || s.Server.HTTPAddr != "" || s.Model != "m=n" || s.Batching.TimeoutMS != 2 ||
		s.Server.TLS.Cert != "a b.pem" || s.Origin("server.grpc.streams") != "environment CROSSRANK_SERVER_GRPC_STREAMS" {
		t.Errorf("got %+v", s)
	}
	for variable, want := range map[string]string{
		"CROSSRANK_SERVER_CONECTIONS=5":     "did you mean CROSSRANK_SERVER_CONNECTIONS?",
		"CROSSRANK_SERVER_WHATEVER=5":       "environment CROSSRANK_SERVER_WHATEVER: is no setting",
		"CROSSRANK_SERVER_DEADLINE=soon":    "environment CROSSRANK_SERVER_DEADLINE: server.deadline: needs a duration",
		"CROSSRANK_SERVER_GRPC=5":           "is no setting",
		"CROSSRANK_BATCHING_MAX_BATCHES=12": "is no setting",
	} {
		s := Default()
		if err := s.SetFromEnvironment([]string{variable}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", variable, err, want)
		}
	}
	s = Default()
	if err := s.SetFromEnvironment([]string{"CROSSRANK_EXPERIMENT_WARMUP=5"}); err != nil || !reflect.DeepEqual(s, Default()) {
		t.Errorf("a definition's key in the environment: %v, %+v", err, s)
	}
}

// TestWithoutSettings removes settings, also misspelled ones, and nothing else.
func TestWithoutSettings(t *testing.T) {
	rest := []string{"PATH=/bin", "CROSSRANK_CPU=avx2", "CROSSRANK_FAKE_SERVER=1"}
	all := append([]string{"CROSSRANK_MODEL=x", "CROSSRANK_BATCHING_TIMEOUT_MS=3", "CROSSRANK_SERVER_CONECTIONS=3"}, rest...)
	if got := WithoutSettings(all); !slices.Equal(got, rest) {
		t.Errorf("got %q, want %q", got, rest)
	}
}

// TestKeys finds every setting with a value that reads back, and holds that those of the server say
// what they mean.
func TestKeys(t *testing.T) {
	s := Default()
	seen := map[string]bool{}
	names := map[string]string{}
	for _, key := range s.Keys() {
		if seen[key.Path] || key.Value == "" {
			t.Errorf("%q comes twice, or has no value", key.Path)
		}
		seen[key.Path] = true
		if strings.HasPrefix(key.Path, "server.") && key.Help == "" {
			t.Errorf("%s does not say what it means", key.Path)
		}
		if name := variables.Name(key.Path); name != "" && names[name] != "" {
			t.Errorf("%s and %s are both %s", key.Path, names[name], name)
		} else {
			names[name] = key.Path
		}
		if strings.Contains(key.Value, "[") || key.Value == `""` || key.Value == "0s" {
			continue
		}
		if err := s.Set(key.Path, key.Value, "x"); err != nil && !strings.Contains(err.Error(), "at least 1") {
			t.Errorf("%s: its own value: %v", key.Path, err)
		}
	}
	for _, want := range []string{"model", "server.grpc.streams", "server.tls.client_ca", "model_pool.instances[0].threads"} {
		if !seen[want] {
			t.Errorf("%s is missing", want)
		}
	}
	s.Server.APIKeys = []string{strings.Repeat("f", 64)}
	for _, key := range s.Keys() {
		if strings.Contains(key.Value, "ffff") {
			t.Errorf("%s shows a digest", key.Path)
		}
	}
}

func TestServerSection(t *testing.T) {
	s, err := Parse("a", []byte(`
server:
  api_keys: [`+strings.Repeat("0", 64)+`]
  api_keys_file: keys
  deadline: 10s
  limits: {documents: 5}
  grpc: {handshake: 3s}
  http: {body_bytes: 2048}
  tls: {cert: c.pem, key: k.pem, client_ca: ca.pem}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := defaultServer()
	want.APIKeys, want.APIKeysFile = []string{strings.Repeat("0", 64)}, "keys"
	want.Deadline, want.Limits.Documents = Duration(10*time.Second), 5
	want.GRPC.Handshake, want.HTTP.BodyBytes = Duration(3*time.Second), 2048
	want.TLS = ServerTLS{Cert: "c.pem", Key: "k.pem", ClientCA: "ca.pem"}
	if !reflect.DeepEqual(s.Server, want) {
		t.Errorf("got %+v\nwant %+v", s.Server, want)
	}
	for text, want := range map[string]string{
		"server: {api_keys: [abc]}":           "a:1: server.api_keys[0]: is not the SHA-256 of a key",
		"server: {grpc: {streems: 5}}":        "did you mean streams?",
		"server: {grpc: {message_bytes: 12}}": "must be at least 1024",
		"server: {deadline: 30}":              "needs a duration with a unit",
		"server: {documents: 30}":             "it belongs at server.limits.documents",
	} {
		if _, err := Parse("a", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}
