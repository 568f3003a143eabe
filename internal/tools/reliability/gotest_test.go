package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// module makes a module of one package in a folder of its own, and goes there.
func module(t *testing.T, test string) {
	t.Helper()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "go.mod"), "module example\n\ngo 1.26\n")
	writeFile(t, filepath.Join(dir, "x.go"), "package x\n")
	writeFile(t, filepath.Join(dir, "x_test.go"), "package x\n\nimport \"testing\"\n\n"+test)
	t.Chdir(dir)
}

// What go test says of its tests becomes records: how many failed, and the numbers that tests log.
func TestGoTest(t *testing.T) {
	module(t, `func TestGood(t *testing.T) { t.Log("12 cases"); t.Run("part", func(*testing.T) {}) }
func TestBad(t *testing.T) { t.Error("broken") }
`)
	h := testHarness()
	h.repeat = 1
	got, err := h.goTest(t.Context(), ".", "^Test")
	if err != nil || got.numbers["TestGood"] != 12 || got.fault() != "failed: TestBad" || !slices.Contains(got.passed, "TestGood/part") {
		t.Errorf("got %+v and %v", got, err)
	}
	for _, c := range []struct {
		pattern string
		failed  float64
	}{{"^TestGood$", 0}, {"^TestBad$", 1}} {
		h.records = nil
		if err := h.plainTest(t.Context(), "guard", ".", c.pattern); err != nil {
			t.Fatal(err)
		}
		if r := h.get(t, "guard"); r.Value != c.failed || (r.Fault != "") != (c.failed > 0) || !strings.HasPrefix(r.Note, "`go test -run Test") {
			t.Errorf("%s: got %+v", c.pattern, r)
		}
	}
	if _, err := h.goTest(t.Context(), ".", "^TestNone$"); err == nil || !strings.Contains(err.Error(), "no test was run") {
		t.Errorf("a pattern of no test: got %v", err)
	}
	if _, err := h.goTest(t.Context(), "./missing", "^Test"); err == nil {
		t.Error("no error for a package that is not there")
	}
}

func TestFuzzRecord(t *testing.T) {
	if n := inputsOf([]byte("fuzz: elapsed: 1s, execs: 20 (20/sec)\nfuzz: elapsed: 2s, execs: 45 (25/sec)\nPASS\n")); n != 45 {
		t.Errorf("read %d inputs, want 45", n)
	}
	if n := inputsOf([]byte("build failed")); n != 0 {
		t.Errorf("read %d inputs of none", n)
	}
	done := []fuzzed{{"b.FuzzY", 40, true}, {"a.FuzzX", 2, false}}
	r := fuzzRecord(done, 3, time.Second)
	if want := "2 targets of 3, 1s each, 42 inputs that they have tried: a.FuzzX 2, b.FuzzY 40"; r.Value != 1 || r.Note != want || r.Fault != "failed: b.FuzzY" {
		t.Errorf("got %+v, want %q", r, want)
	}
	if r := fuzzRecord(nil, 3, time.Second); r.Fault != "none was run" {
		t.Errorf("without a target: %+v", r)
	}
}
