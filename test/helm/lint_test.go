package helm

import (
	"os"
	"path/filepath"
	"testing"

	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
	"sigs.k8s.io/yaml"
)

// full is a value for each that the chart has.
var full = map[string]any{
	"image":               "registry.example/other@sha256:0000000000000000000000000000000000000000000000000000000000000000",
	"model":               "BAAI/bge-reranker-v2-m3",
	"settings":            map[string]any{"batching": map[string]any{"max_batch_size": 64}, "model_pool": map[string]any{"instances": []any{map[string]any{"quantization": "int8"}}}},
	"apiKeysSecret":       "digests",
	"tokenSecret":         "hub",
	"resources":           map[string]any{"requests": map[string]any{"cpu": "16", "memory": "4Gi"}, "limits": map[string]any{"memory": "8Gi"}},
	"autoscaling":         "queue",
	"minReplicas":         3,
	"maxReplicas":         30,
	"storage":             "100Gi",
	"storageClass":        "nfs",
	"accessMode":          "ReadWriteOnce",
	"clientLabels":        map[string]any{"team": "search"},
	"monitoringNamespace": "observability",
	"serviceMonitor":      true,
	"prometheus":          "https://prometheus.example:9443",
	"nodeSelector":        map[string]any{"kubernetes.io/arch": "amd64"},
	"tolerations":         []any{map[string]any{"key": "dedicated", "operator": "Exists", "effect": "NoSchedule"}},
}

// TestFull: the values above are all.
func TestFull(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(chart, "values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var values map[string]any
	if err := yaml.Unmarshal(text, &values); err != nil {
		t.Fatal(err)
	}
	for name := range values {
		if full[name] == nil {
			t.Errorf("there is no value for %s", name)
		}
	}
}

// TestLint does what helm lint does, whose warnings are errors here.
func TestLint(t *testing.T) {
	for name, values := range map[string]map[string]any{
		"the chart's own values": {}, "all other values": full,
		"no autoscaling": {"autoscaling": "none"}, "by the use of CPU": {"autoscaling": "cpu"},
	} {
		for _, m := range lint.All(chart, values, "search", true).Messages {
			if m.Severity > support.InfoSev {
				t.Errorf("%s: %v", name, m)
			}
		}
	}
	if lint.All(chart, map[string]any{"autoscaling": "sometimes"}, "search", true).HighestSeverity < support.ErrorSev {
		t.Error("a value that the chart does not have is no error")
	}
}
