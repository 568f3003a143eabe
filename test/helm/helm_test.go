// Package helm tests the chart of deploy/helm. It is a module of its own, so that Helm is no
// dependency of the program.
package helm

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"sigs.k8s.io/yaml"
)

var (
	chart = filepath.Join("..", "..", "deploy", "helm", "crossrank")
	plain = filepath.Join("..", "..", "deploy", "kubernetes")

	update = flag.Bool("update", false, "write the manifests of deploy/kubernetes from the chart")
)

// render does what helm template does, and returns the text of each template by its name.
func render(release string, values map[string]any) (map[string]string, error) {
	c, err := loader.Load(chart)
	if err != nil {
		return nil, err
	}
	all, err := chartutil.ToRenderValues(c, values, chartutil.ReleaseOptions{Name: release, Namespace: "search", IsInstall: true}, nil)
	if err != nil {
		return nil, err
	}
	texts, err := engine.Render(c, all)
	byName := map[string]string{}
	for name, text := range texts {
		byName[path.Base(name)] = text
	}
	return byName, err
}

// TestPlainManifests: the manifests of deploy/kubernetes are the chart with its own values.
func TestPlainManifests(t *testing.T) {
	for autoscaling, files := range map[string][]string{
		"cpu":   {"server.yaml", "network.yaml", "hpa.yaml", "monitor.yaml"},
		"queue": {"keda.yaml"},
	} {
		texts, err := render("crossrank", map[string]any{"image": "crossrank", "autoscaling": autoscaling, "serviceMonitor": true})
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			file := filepath.Join(plain, name)
			if *update {
				if err := os.WriteFile(file, []byte(texts[name]), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			if got, err := os.ReadFile(file); err != nil || string(got) != texts[name] {
				t.Errorf("%s is not what the chart gives; make manifests writes it (%v)", file, err)
			}
		}
	}
}

// TestValues renders the chart with other values.
func TestValues(t *testing.T) {
	tests := []struct {
		name      string
		values    map[string]any
		file      string
		has, lack []string
	}{
		{"default", nil, "server.yaml", []string{"insecure_no_auth: true", "image: registry.example/crossrank:latest"}, []string{"  replicas:", "HF_TOKEN", "keys"}},
		{"default", nil, "monitor.yaml", nil, []string{"kind"}},
		{"default", nil, "keda.yaml", nil, []string{"kind"}},
		{"API keys", map[string]any{"apiKeysSecret": "digests-of-mine"}, "server.yaml",
			[]string{"api_keys_file: /etc/crossrank-keys/digests", "mountPath: /etc/crossrank-keys", "secretName: digests-of-mine"}, []string{"insecure_no_auth"}},
		{"a token", map[string]any{"tokenSecret": "hub"}, "server.yaml", []string{"secretKeyRef: {name: hub, key: token}"}, nil},
		{"settings", map[string]any{"settings": map[string]any{"batching": map[string]any{"max_batch_size": 64}}}, "server.yaml",
			[]string{"    batching:\n      max_batch_size: 64\n"}, nil},
		{"a model", map[string]any{"model": "a/b"}, "server.yaml", []string{"model: a/b\n", "[pull, a/b]"}, []string{"MiniLM"}},
		{"a fixed number", map[string]any{"autoscaling": "none", "minReplicas": 5}, "server.yaml", []string{"  replicas: 5\n"}, nil},
		{"a fixed number", map[string]any{"autoscaling": "none"}, "hpa.yaml", nil, []string{"kind"}},
		{"by the queue", map[string]any{"autoscaling": "queue", "maxReplicas": 7}, "keda.yaml", []string{"maxReplicaCount: 7", `job="fleet"`}, nil},
		{"storage", map[string]any{"storageClass": "nfs", "accessMode": "ReadWriteOnce"}, "server.yaml",
			[]string{"storageClassName: nfs", "[ReadWriteOnce]"}, nil},
		{"clients", map[string]any{"clientLabels": map[string]any{"crossrank-client": nil, "team": "search"}}, "network.yaml", []string{`{"team":"search"}`}, nil},
		{"all", full, "monitor.yaml", []string{"path: /metrics"}, nil},
		{"nodes", map[string]any{"nodeSelector": map[string]any{"cpu": "amx"}, "tolerations": []any{map[string]any{"operator": "Exists"}}},
			"server.yaml", []string{`nodeSelector: {"cpu":"amx"}`, `tolerations: [{"operator":"Exists"}]`}, nil},
	}
	for _, test := range tests {
		t.Run(test.name+"/"+test.file, func(t *testing.T) {
			texts, err := render("fleet", test.values)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range test.has {
				if !strings.Contains(texts[test.file], want) {
					t.Errorf("%s lacks %q:\n%s", test.file, want, texts[test.file])
				}
			}
			for _, unwanted := range test.lack {
				if strings.Contains(texts[test.file], unwanted) {
					t.Errorf("%s has %q:\n%s", test.file, unwanted, texts[test.file])
				}
			}
			for name, text := range texts {
				if strings.HasSuffix(name, ".yaml") {
					checkTypes(t, name, text)
				}
			}
			checkSettings(t, texts["server.yaml"])
		})
	}
}

// checkTypes holds manifests against the types of Kubernetes, which have no other fields, and those
// of operators against their schemas.
func checkTypes(t *testing.T, file, text string) {
	t.Helper()
	for _, document := range strings.Split(text, "\n---\n") {
		var kind struct {
			Kind     string
			Metadata struct{ Name string }
		}
		if err := yaml.Unmarshal([]byte(document), &kind); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		if kind.Kind != "" && !strings.HasPrefix(kind.Metadata.Name, "fleet") {
			t.Errorf("%s: %s %q does not have the name of the release", file, kind.Kind, kind.Metadata.Name)
		}
		typed, ok := map[string]any{
			"ServiceAccount": &corev1.ServiceAccount{}, "ConfigMap": &corev1.ConfigMap{}, "Service": &corev1.Service{},
			"PersistentVolumeClaim": &corev1.PersistentVolumeClaim{}, "Deployment": &appsv1.Deployment{},
			"PodDisruptionBudget": &policyv1.PodDisruptionBudget{}, "NetworkPolicy": &networkingv1.NetworkPolicy{},
			"HorizontalPodAutoscaler": &autoscalingv2.HorizontalPodAutoscaler{},
		}[kind.Kind]
		if !ok {
			if kind.Kind != "" {
				if err := validate(t, document); err != nil && !errors.Is(err, errNoModule) {
					t.Errorf("%s: %s: %v", file, kind.Kind, err)
				}
			}
			continue
		}
		if err := yaml.UnmarshalStrict([]byte(document), typed); err != nil {
			t.Errorf("%s: %s: %v", file, kind.Kind, err)
		}
	}
}

var settings = regexp.MustCompile(`(?s)\n  server\.yaml: \|\n(.*?)\n---\n`)

// checkSettings has the program read the settings of the server.
func checkSettings(t *testing.T, text string) {
	t.Helper()
	found := settings.FindStringSubmatch(text)
	if found == nil {
		t.Fatal("there are no settings")
	}
	file := filepath.Join(t.TempDir(), "server.yaml")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll("\n"+found[1], "\n    ", "\n")), 0o666); err != nil {
		t.Fatal(err)
	}
	show := exec.Command("go", "run", "./cmd/crossrank", "config", "show", "--config", file)
	show.Dir = filepath.Join("..", "..")
	if out, err := show.CombinedOutput(); err != nil {
		t.Errorf("the program refuses the settings: %v\n%s", err, out)
	}
}

// TestRefusedValues: a value that the chart does not have, or cannot honour, is refused by name.
func TestRefusedValues(t *testing.T) {
	for name, values := range map[string]map[string]any{
		"replicas":     {"replicas": 3},
		"autoscaling":  {"autoscaling": "memory"},
		"minReplicas":  {"minReplicas": 0},
		"model":        {"model": ""},
		"server":       {"settings": map[string]any{"server": map[string]any{"http_addr": ":1"}}},
		"cpu":          {"resources": map[string]any{"cpu": 1}},
		"clientLabels": {"clientLabels": map[string]any{"crossrank-client": nil}},
	} {
		if _, err := render("fleet", values); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v: %v, want an error that names %s", values, err, name)
		}
	}
}
