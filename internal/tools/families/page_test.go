package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/checkpoint"
	"github.com/crossrank/crossrank/internal/tools/docgen"
)

// write writes a file of results.
func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestPage(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, errorsFile), `{"family": "BERT", "fixture": "a", "cases": 3, "largest_error": 1e-6, "fp16_error": 0.002, "bf16_error": 0.01, "bf16_dot_error": 0.03}
{"family": "BERT", "fixture": "b", "cases": 4, "largest_error": 2.5e-6, "fp16_error": 0.001, "bf16_error": 0.02, "bf16_dot_error": 0.04}
{"family": "GTE", "fixture": "c", "cases": 5, "largest_error": 3e-7, "fp16_error": 0.1, "bf16_error": 0.2, "bf16_dot_error": 0.3}
`)
	write(t, filepath.Join(dir, "bert.jsonl"), `{"setup": {"began": "2026-01-02T03:04:00Z", "machine": {"cpu": "Z80", "cores": 2}, "tier": "avx2", "crossrank": "v1", "peer": "peer 1", "shape": "6 × 384", "rounds": 2, "requests": 3}}
{"measurement": {"engine": "crossrank", "order": "as-is", "pairs_per_s": 20}}
{"measurement": {"engine": "onnxruntime", "order": "as-is", "pairs_per_s": 10}}
{"measurement": {"engine": "crossrank", "order": "sorted", "pairs_per_s": 99}}
{"measurement": {"engine": "crossrank", "order": "as-is", "pairs_per_s": 40}}
{"measurement": {"engine": "onnxruntime", "order": "as-is", "pairs_per_s": 10}}
`)
	got, err := page(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| WordPiece | 2.5e-06 of 7 | 2.0e-03 | 2.0e-02 | 4.0e-02 | 6 × 384 | 30.0 | 10.0 | 3.0 (2.0 to 4.0) |",
		"| Unigram | 3.0e-07 of 5 | 1.0e-01 | 2.0e-01 | 3.0e-01 | n/a | n/a | n/a | n/a |",
		"on 2 cores of Z80 (tier avx2), beside\npeer 1.", "- 6 × 384: 2026-01-02 03:04 UTC, 2 rounds, crossrank v1\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the table lacks %q:\n%s", want, got)
		}
	}
}

func TestPageRefuses(t *testing.T) {
	const bert = `{"family": "BERT", "fixture": "x", "cases": 1}`
	for _, c := range []struct{ name, errors, speed, want string }{
		{"a family that the table lacks", `{"family": "Other", "fixture": "x"}`, "", "the fixture x is of the family Other"},
		{"a file that does not say how", bert, `{"measurement": {"engine": "crossrank"}}`, "does not say how it was measured"},
		{"a round of one engine", bert, `{"setup": {}}` + "\n" + `{"measurement": {"engine": "crossrank", "order": "as-is"}}`, "1 rounds of crossrank and 0 of the peer"},
		{"a line that is none", bert, "{", "bert.jsonl:1"},
	} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, errorsFile), c.errors)
		if c.speed != "" {
			write(t, filepath.Join(dir, "bert.jsonl"), c.speed)
		}
		if _, err := page(dir); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error with %q", c.name, err, c.want)
		}
	}
	if _, err := page(t.TempDir()); err == nil {
		t.Error("without errors of fixtures there is no error")
	}
}

// TestDocsAreCurrent: the page has what the results say.
func TestDocsAreCurrent(t *testing.T) {
	root := filepath.Join("..", "..", "..")
	text, err := page(filepath.Join(root, results))
	if err != nil {
		t.Fatal(err)
	}
	models, err := os.ReadFile(filepath.Join(root, "docs", "models.md"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := part.In(string(models), text)
	if err != nil {
		t.Fatal(err)
	}
	if string(models) != want {
		t.Error("docs/models.md is not what the results say; run go run ./internal/tools/families -render")
	}
}

// TestResultsCoverFixtures: the results file has every fixture of this repository that is of a
// family in the table, and no error is larger than the tests of the engine allow.
func TestResultsCoverFixtures(t *testing.T) {
	root := filepath.Join("..", "..", "..")
	records, err := docgen.ReadRecords[record](filepath.Join(root, results, errorsFile))
	if err != nil {
		t.Fatal(err)
	}
	seen, tabulated := map[string]bool{}, map[string]bool{}
	for _, r := range records {
		seen[r.Fixture], tabulated[r.Family] = true, true
		if !(r.Largest <= 1e-4) || r.Cases == 0 {
			t.Errorf("%s: %d cases, largest error %g", r.Fixture, r.Cases, r.Largest)
		}
	}
	configs, err := filepath.Glob(filepath.Join(root, "internal", "checkpoint", "testdata", "families", "*", "config.json"))
	if err != nil || len(configs) == 0 {
		t.Fatalf("found %d fixtures, error %v", len(configs), err)
	}
	for _, config := range configs {
		family, err := checkpoint.Family(filepath.Dir(config))
		if err != nil {
			t.Fatal(err)
		}
		if name := filepath.Base(filepath.Dir(config)); tabulated[family] && !seen[name] {
			t.Errorf("the results lack the fixture %s; make families computes it", name)
		}
	}
}

// TestCompute computes a fixture of this repository.
func TestCompute(t *testing.T) {
	folder := filepath.Join("..", "..", "checkpoint", "testdata", "families")
	r, err := compute("ELECTRA", filepath.Join(folder, "electra-wide"))
	if err != nil || r.Family != "ELECTRA" || r.Fixture != "electra-wide" || r.Cases == 0 || !(r.Largest > 0 && r.Largest < 1e-4) {
		t.Errorf("got %+v, %v", r, err)
	}
	if _, err := computeAll([]string{t.TempDir()}, new(strings.Builder)); err == nil || !strings.Contains(err.Error(), "it has no fixtures") {
		t.Errorf("a folder without fixtures: got %v", err)
	}
}
