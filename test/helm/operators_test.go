package helm

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// kindFile is where a kind of an operator is defined: a file of a module.
type kindFile struct{ module, file string }

const keda = "github.com/kedacore/keda/v2@v2.21.0"

// operatorKinds are the kinds of operators. The modules are no dependencies of this one: of 7 MB,
// two files are read.
var operatorKinds = map[string]kindFile{
	"ServiceMonitor": {"github.com/prometheus-operator/prometheus-operator@v0.85.0",
		"example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml"},
	"ScaledObject": {keda, "config/crd/bases/keda.sh_scaledobjects.yaml"},
}

// TestOperatorSchemas: the schemas accept the chart's manifests, and refuse what an operator would
// not understand.
func TestOperatorSchemas(t *testing.T) {
	texts, err := render("fleet", full)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, file, old, new string }{
		{"as it is", "monitor.yaml", "", ""},
		{"a port by a wrong name", "monitor.yaml", "port: http", "ports: http"},
		{"an interval without a unit", "monitor.yaml", "interval: 5s", "interval: 5"},
		{"no selector", "monitor.yaml", "selector:", "jobLabels:"},
		{"unknown metadata", "monitor.yaml", "metadata:\n", "metadata:\n  label: {}\n"},
		{"another version", "monitor.yaml", "coreos.com/v1", "coreos.com/v2"},
		{"as it is", "keda.yaml", "", ""},
		{"a limit by a wrong name", "keda.yaml", "maxReplicaCount", "maxReplicas"},
		{"a number as text", "keda.yaml", "cooldownPeriod: 300", "cooldownPeriod: \"300\""},
		{"metadata that is no text", "keda.yaml", `threshold: "50"`, "threshold: 50"},
		{"a trigger's key that it does not have", "keda.yaml", "serverAddress:", "address:"},
		{"another kind of trigger", "keda.yaml", "type: prometheus", "type: kafka"},
	} {
		text := strings.Replace(texts[test.file], test.old, test.new, 1)
		if test.old != "" && text == texts[test.file] {
			t.Errorf("%s: %s has no %q", test.name, test.file, test.old)
		}
		err := validate(t, text)
		if errors.Is(err, errNoModule) {
			t.Skip(err)
		}
		if (err == nil) != (test.old == "") {
			t.Errorf("%s: %s: %v", test.file, test.name, err)
		}
	}
}

// validate holds a manifest of an operator's kind against the schema of the operator, in which no
// field may be unknown.
func validate(t *testing.T, text string) error {
	t.Helper()
	var typed struct {
		metav1.TypeMeta
		Metadata metav1.ObjectMeta `json:"metadata"`
		Spec     any               `json:"spec"`
	}
	if err := yaml.UnmarshalStrict([]byte(text), &typed); err != nil {
		return err
	}
	kind, ok := operatorKinds[typed.Kind]
	if !ok {
		return fmt.Errorf("there is no type for %s", typed.Kind)
	}
	schema, err := kind.schema(t, typed.APIVersion)
	if err != nil {
		return err
	}
	var document any
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		return err
	}
	if err := schema.Validate(document); err != nil {
		return err
	}
	if typed.Kind == "ScaledObject" {
		return checkTriggers(t, document)
	}
	return nil
}

// schema is that of a version of the kind.
func (k kindFile) schema(t *testing.T, apiVersion string) (*jsonschema.Schema, error) {
	t.Helper()
	dir, err := moduleDir(t, k.module)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(dir, k.file))
	if err != nil {
		return nil, err
	}
	var definition struct {
		Spec struct {
			Group    string
			Versions []struct {
				Name   string
				Schema struct{ OpenAPIV3Schema map[string]any }
			}
		}
	}
	if err := yaml.Unmarshal(text, &definition); err != nil {
		return nil, err
	}
	for _, v := range definition.Spec.Versions {
		if definition.Spec.Group+"/"+v.Name != apiVersion {
			continue
		}
		forbidUnknown(v.Schema.OpenAPIV3Schema)
		c := jsonschema.NewCompiler()
		if err := c.AddResource("kind.json", v.Schema.OpenAPIV3Schema); err != nil {
			return nil, err
		}
		return c.Compile("kind.json")
	}
	return nil, fmt.Errorf("%s has no version %s", k.file, apiVersion)
}

// forbidUnknown makes unknown members an error, in a schema and those within it, except where the
// schema says that there may be any. Schemas of alternatives only add to that.
func forbidUnknown(schema map[string]any) {
	delete(schema, "default") // in forms that JSON Schema does not know
	properties, _ := schema["properties"].(map[string]any)
	if properties != nil && schema["additionalProperties"] == nil && schema["x-kubernetes-preserve-unknown-fields"] != true {
		schema["additionalProperties"] = false
	}
	within := []any{schema["items"], schema["additionalProperties"]}
	for _, property := range properties {
		within = append(within, property)
	}
	for _, one := range within {
		if inner, ok := one.(map[string]any); ok {
			forbidUnknown(inner)
		}
	}
}

// checkTriggers holds the metadata of triggers against the keys that KEDA reads. Its schema says
// only that they are texts, and a wrong one is noticed when the trigger does not work.
func checkTriggers(t *testing.T, document any) error {
	t.Helper()
	keys, err := prometheusKeys(t)
	if err != nil {
		return err
	}
	var scaled struct {
		Spec struct {
			Triggers []struct {
				Type     string
				Metadata map[string]string
			}
		}
	}
	text, err := json.Marshal(document)
	if err == nil {
		err = json.Unmarshal(text, &scaled)
	}
	if err != nil {
		return err
	}
	for _, trigger := range scaled.Spec.Triggers {
		if trigger.Type != "prometheus" {
			return fmt.Errorf("the keys of triggers of the type %s are not known here", trigger.Type)
		}
		for key := range trigger.Metadata {
			if _, ok := keys[key]; !ok {
				return fmt.Errorf("a trigger has the key %s, which KEDA does not read", key)
			}
		}
		for key, required := range keys {
			if _, ok := trigger.Metadata[key]; required && !ok {
				return fmt.Errorf("a trigger lacks the key %s", key)
			}
		}
	}
	return nil
}

// prometheusKeys are the keys that a trigger of the type prometheus may have, and whether it must.
// They are in the tags of the type that KEDA decodes them into.
func prometheusKeys(t *testing.T) (map[string]bool, error) {
	t.Helper()
	dir, err := moduleDir(t, keda)
	if err != nil {
		return nil, err
	}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, "pkg", "scalers", "prometheus_scaler.go"), nil, 0)
	if err != nil {
		return nil, err
	}
	keys := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.TypeSpec); ok && spec.Name.Name != "prometheusMetadata" {
			return false
		}
		field, ok := n.(*ast.Field)
		if !ok || field.Tag == nil {
			return true
		}
		tag, _ := strconv.Unquote(field.Tag.Value) // the parser has seen that it is a literal
		said := map[string]string{}
		for part := range strings.SplitSeq(reflect.StructTag(tag).Get("keda"), ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
			said[name] = value
		}
		_, optional := said["optional"]
		_, hasDefault := said["default"]
		if said["name"] != "" {
			keys[said["name"]] = !optional && !hasDefault
		}
		return true
	})
	if !keys["query"] {
		return nil, fmt.Errorf("KEDA's keys are read as %v, which cannot be: a query is required", keys)
	}
	return keys, nil
}

// errNoModule is why a schema is not here.
var errNoModule = errors.New("a module cannot be had")

// moduleDir is the directory of a module, which the module proxy serves.
func moduleDir(t *testing.T, module string) (string, error) {
	t.Helper()
	cmd := exec.Command("go", "mod", "download", "-json", module)
	cmd.Dir = t.TempDir() // in no module
	out, err := cmd.Output()
	var found struct{ Dir, Error string }
	if err := errors.Join(json.Unmarshal(out, &found), err); err != nil || found.Dir == "" {
		return "", fmt.Errorf("%w: %s: %v %s", errNoModule, module, err, found.Error)
	}
	return found.Dir, nil
}
