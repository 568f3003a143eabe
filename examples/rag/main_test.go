package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/tinymodel"
)

func TestPrompt(t *testing.T) {
	dir := t.TempDir()
	model, documents := filepath.Join(dir, "model"), filepath.Join(dir, "documents.txt")
	if err := tinymodel.Write(model); err != nil {
		t.Fatal(err)
	}
	text := "paris is the capital of france\nrome\n\na fish swims\n"
	if err := os.WriteFile(documents, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	err := run(t.Context(), []string{"-model", model, "-documents", documents, "-candidates", "2", "-top", "2",
		"capital", "of", "france"}, &out)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"[1] ", "[2] ", "paris is the capital of france", "Question: capital of france"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the prompt lacks %q:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "a fish swims") {
		t.Errorf("the first stage let the last document pass:\n%s", out.String())
	}
}

func TestWrongUse(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.txt")
	if err := os.WriteFile(empty, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{}, {"-documents", empty}, {"-documents", empty, "question"}, {"-documents", "missing", "question"}} {
		if err := run(t.Context(), args, &bytes.Buffer{}); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
}
