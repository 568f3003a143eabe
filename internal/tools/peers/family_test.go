//go:build unix

package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestFamilies: the script makes each family, and the flag names them.
func TestFamilies(t *testing.T) {
	script, err := os.ReadFile("make_family.py")
	if err != nil {
		t.Fatal(err)
	}
	for key := range families {
		if !strings.Contains(string(script), "\n    \""+key+"\": (") {
			t.Errorf("make_family.py does not make %s", key)
		}
	}
	if n := strings.Count(string(script), "\": ("); n != len(families) {
		t.Errorf("make_family.py makes %d families, of which %d are known here", n, len(families))
	}
	err = run(t.Context(), []string{"-family", "other"}, new(strings.Builder))
	if err == nil || !strings.Contains(err.Error(), `-family is "other"; want one of bert, deberta,`) {
		t.Errorf("a family that there is not: got %v", err)
	}
}

// TestFamilyIsMeasuredInFP32: of a family, fp32 alone is compared and measured.
func TestFamilyIsMeasuredInFP32(t *testing.T) {
	w, o := stage(t, ours, peers, `1.5\n2\n3\n4\n`, `1.5\n2\n3\n4\n`)
	o.family = "xlmr"
	log := new(strings.Builder)
	q, err := compare(t.Context(), w, o, log)
	if err != nil || q.Pairs != 4 || q.Ours != (closeness{}) || strings.Contains(log.String(), "int8") {
		t.Errorf("got %+v, %v, log %s", q, err, log)
	}
	for _, j := range o.jobs() {
		if j.Precision != "fp32" {
			t.Errorf("%s is measured in %s", j.Name(), j.Precision)
		}
	}
	if o.defaultResults() != filepath.Join("docs", "families", "xlmr.jsonl") || !slices.Equal(o.precisions(), []string{"fp32"}) {
		t.Errorf("results in %s, precisions %v", o.defaultResults(), o.precisions())
	}
}

// TestMakeFamily: the script is run once, and the tokenizer copied beside the model.
func TestMakeFamily(t *testing.T) {
	dir := t.TempDir()
	o := options{family: "deberta", material: dir, python: filepath.Join(dir, "python")}
	engine(t, o.python, `echo "$@" >> `+filepath.Join(dir, "asked")+`; : > "$3/model.onnx"`, "")
	if err := os.Mkdir(filepath.Join(dir, "tokenizers"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "tokenizers", "deberta-v3.json"), []byte("{}"), 0o666); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		w, err := makeFamily(t.Context(), o, dir, new(strings.Builder))
		if err != nil {
			t.Fatal(err)
		}
		if w.model != filepath.Join(dir, "families", "deberta") || !exists(filepath.Join(w.model, "tokenizer.json")) {
			t.Errorf("got %+v", w)
		}
	}
	asked, err := os.ReadFile(filepath.Join(dir, "asked"))
	if err != nil || strings.Count(string(asked), "make_family.py deberta") != 1 {
		t.Errorf("the script was run by %q, %v", asked, err)
	}
}
