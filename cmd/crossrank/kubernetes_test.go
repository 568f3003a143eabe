package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

// kubernetesSchemas is the module that holds the schemas of Kubernetes as files.
const (
	kubernetesSchemas = "sigs.k8s.io/kubectl-validate@v0.0.4"
	kubernetesVersion = "1.30"
)

// customKinds have no schema in Kubernetes itself. test/helm holds those of operators against
// theirs.
var customKinds = map[string]bool{
	"kustomize.config.k8s.io/v1beta1/Kustomization": true,
	"monitoring.coreos.com/v1/ServiceMonitor":       true,
	"keda.sh/v1alpha1/ScaledObject":                 true,
}

// TestKubernetesSchemas holds each manifest against the schema of its kind, unknown fields
// included.
func TestKubernetesSchemas(t *testing.T) {
	dir := schemaDir(t)
	checked := 0
	for file, documents := range manifests(t) {
		for _, d := range documents {
			kind := fmt.Sprintf("%v/%v", d["apiVersion"], d["kind"])
			if customKinds[kind] {
				continue
			}
			if err := validate(dir, kind, d); err != nil {
				t.Errorf("%s: %s: %v", file, kind, err)
			}
			d["spec"] = map[string]any{"unknown": 1}
			if err := validate(dir, kind, d); err == nil && kind != "v1/ServiceAccount" && kind != "v1/ConfigMap" {
				t.Errorf("%s: %s is valid with an unknown field", file, kind)
			}
			checked++
		}
	}
	if checked < 9 {
		t.Errorf("only %d manifests were checked", checked)
	}
}

// schemaDir downloads the schemas from the module proxy, unless they are there.
func schemaDir(t *testing.T) string {
	t.Helper()
	cmd := exec.Command("go", "mod", "download", "-json", kubernetesSchemas)
	cmd.Dir = t.TempDir()
	out, err := cmd.Output()
	var module struct{ Dir string }
	if err == nil {
		err = json.Unmarshal(out, &module)
	}
	if err != nil || module.Dir == "" {
		t.Skipf("the schemas of Kubernetes cannot be had: %v", err)
	}
	return filepath.Join(module.Dir, "pkg", "openapiclient", "builtins", kubernetesVersion)
}

// manifests are the documents of each file of deploy/kubernetes, as JSON would give them.
func manifests(t *testing.T) map[string][]map[string]any {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(deploy, "kubernetes", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no manifests, %v", err)
	}
	all := map[string][]map[string]any{}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		d := yaml.NewDecoder(f)
		for {
			var document any
			err := d.Decode(&document)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			text, err := json.Marshal(document)
			if err != nil {
				t.Fatal(err)
			}
			var m map[string]any
			if err := json.Unmarshal(text, &m); err != nil {
				t.Fatal(err)
			}
			all[filepath.Base(name)] = append(all[filepath.Base(name)], m)
		}
		f.Close()
	}
	return all
}

// validate checks a document by the schema of its kind, in which no field may be unknown.
func validate(dir, kind string, document map[string]any) error {
	parts := strings.Split(kind, "/")
	file := filepath.Join(dir, "apis", filepath.Join(parts[:len(parts)-1]...)+".json")
	if len(parts) == 2 {
		file = filepath.Join(dir, "api", parts[0]+".json")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var api map[string]any
	if err := json.Unmarshal(text, &api); err != nil {
		return err
	}
	schemas, ok := api["components"].(map[string]any)["schemas"].(map[string]any)
	if !ok {
		return fmt.Errorf("%s has no schemas", file)
	}
	name := ""
	for key, s := range schemas {
		schema := s.(map[string]any)
		forbidUnknown(schema)
		if strings.HasSuffix(key, "."+parts[len(parts)-2]+"."+parts[len(parts)-1]) && schema["x-kubernetes-group-version-kind"] != nil {
			name = key
		}
	}
	if name == "" {
		return fmt.Errorf("there is no such kind in Kubernetes %s", kubernetesVersion)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("api.json", api); err != nil {
		return err
	}
	schema, err := c.Compile("api.json#/components/schemas/" + url.PathEscape(name))
	if err != nil {
		return err
	}
	return schema.Validate(document)
}

// forbidUnknown makes unknown members of an object an error, unless the schema says what they are.
func forbidUnknown(schema map[string]any) {
	delete(schema, "default") // of OpenAPI, in forms that JSON Schema does not know
	if schema["properties"] != nil && schema["additionalProperties"] == nil {
		schema["additionalProperties"] = false
	}
}

// TestKubernetesRules holds what no schema says: pods without privileges, probes, and the arguments
// and settings that this program has.
func TestKubernetesRules(t *testing.T) {
	pods := 0
	for file, documents := range manifests(t) {
		for _, d := range documents {
			template := dig(d, "spec", "template", "spec")
			if template == nil {
				continue
			}
			pods++
			if dig(template, "securityContext", "runAsNonRoot") != true || template.(map[string]any)["automountServiceAccountToken"] != false {
				t.Errorf("%s: the pod may run as root, or has a token", file)
			}
			for _, c := range containers(template) {
				if dig(c, "securityContext", "readOnlyRootFilesystem") != true || dig(c, "securityContext", "allowPrivilegeEscalation") != false {
					t.Errorf("%s: container %v is not locked", file, dig(c, "name"))
				}
				checkArguments(t, file, c)
			}
		}
	}
	if pods != 2 {
		t.Errorf("%d pods were checked, want those of the server and of a job", pods)
	}
}

func containers(pod any) (all []any) {
	for _, key := range []string{"initContainers", "containers"} {
		if list, ok := dig(pod, key).([]any); ok {
			all = append(all, list...)
		}
	}
	return all
}

// checkArguments has the program itself read the flags of a container.
func checkArguments(t *testing.T, file string, container any) {
	t.Helper()
	var args []string
	for _, a := range dig(container, "args").([]any) {
		args = append(args, strings.ReplaceAll(a.(string), "$(JOB_COMPLETION_INDEX)", "3"))
	}
	cmd, rest, err := newRootCommand().Find(args)
	if err == nil {
		err = cmd.ParseFlags(rest)
	}
	if err != nil {
		t.Errorf("%s: crossrank %s: %v", file, strings.Join(args, " "), err)
	}
}

// dig follows keys into a document; nil if there is no such value.
func dig(v any, keys ...string) any {
	for _, key := range keys {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[key]
	}
	return v
}

// TestKubernetesSettings: the program accepts the settings of the server, and the init container
// downloads their model.
func TestKubernetesSettings(t *testing.T) {
	for _, d := range manifests(t)["server.yaml"] {
		text, ok := dig(d, "data", "server.yaml").(string)
		if !ok {
			continue
		}
		file := filepath.Join(t.TempDir(), "server.yaml")
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		var out, stderr strings.Builder
		if code := run(t.Context(), []string{"config", "show", "--config", file}, strings.NewReader(""), &out, &stderr); code != 0 {
			t.Errorf("the settings are refused: %s", &stderr)
		}
		model := regexp.MustCompile(`(?m)^model: (\S+)`).FindStringSubmatch(text)
		for _, other := range manifests(t)["server.yaml"] {
			for _, c := range containers(dig(other, "spec", "template", "spec")) {
				args, _ := dig(c, "args").([]any)
				if args[0] == "pull" && (model == nil || args[1] != model[1]) {
					t.Errorf("the pod downloads %v, the settings name %v", args[1], model)
				}
			}
		}
		return
	}
	t.Error("there are no settings")
}
