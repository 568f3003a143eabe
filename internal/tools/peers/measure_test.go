package main

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/tools/docgen"
)

func TestNear(t *testing.T) {
	got := near([]float64{1, 2.5, 2, 4}, []float64{1, 2, 3, 4})
	// Ranks 1 3 2 4 and 1 2 3 4: 1 − 6·2/(4·15) = 0.8.
	if got.MaxAbs != 1 || got.MeanAbs != 0.375 || math.Abs(got.Rank-0.8) > 1e-12 {
		t.Errorf("got %+v, want 1, 0.375 and 0.8", got)
	}
}

func TestFirstLines(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pairs")
	if err := os.WriteFile(name, []byte("a\nb\nc\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		n, lines int
		want     string
	}{{1, 1, "a"}, {2, 2, "a\nb"}, {9, 3, "a\nb\nc"}} {
		copied, lines, err := firstLines(name, c.n)
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(copied)
		os.Remove(copied)
		if err != nil || lines != c.lines || strings.TrimSpace(string(text)) != c.want {
			t.Errorf("%d lines: got %d, %q, %v", c.n, lines, text, err)
		}
	}
}

// TestArguments: both engines are asked for the same work.
func TestArguments(t *testing.T) {
	w := workshop{crossrank: "crossrank", bench: "bench.mjs", model: "m", tokenizer: "t.json"}
	j := job{"int8", 2, 32, "sorted"}
	for engine, want := range map[string]string{
		us: "crossrank bench --json --model m --pairs p --quantization int8 --threads 2 --batch 32 --requests 15 --warmup 2 --order sorted",
		peer: "node bench.mjs --model " + filepath.Join("m", "model-int8.onnx") +
			" --tokenizer t.json --pairs p --threads 2 --batch 32 --requests 15 --warmup 2 --order sorted",
	} {
		if got := strings.Join(w.arguments(engine, j, "p", 15, 2), " "); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", engine, got, want)
		}
	}
}

// TestReports reads what either engine prints.
func TestReports(t *testing.T) {
	var s setup
	for engine, text := range map[string]string{
		us:   `{"pairs_per_s": 70.5, "latency_ms": {"p50": 9}, "pairs": 2, "tokens": 5, "version": "v1", "model": {"weights": "sha256:1", "tier": "avx2"}}`,
		peer: `{"engine": "peer 1", "model": "m/model.onnx", "pairs": 2, "mean_tokens": 2.5, "pairs_per_s": 32, "node": "v20"}`,
	} {
		var r report
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			t.Fatalf("%s: %v", engine, err)
		}
		if err := s.describe(engine, r); err != nil {
			t.Fatalf("%s: %v", engine, err)
		}
	}
	if s.Peer != "peer 1" || s.Node != "v20" || s.Crossrank != "v1" || s.Weights != "sha256:1" || s.Tier != "avx2" {
		t.Errorf("learnt %+v", s)
	}
}

func TestWrongFlags(t *testing.T) {
	for _, args := range [][]string{{"-rounds", "0"}, {"extra"}, {"-warmup", "-1"}} {
		if err := run(context.Background(), args, new(strings.Builder)); err == nil {
			t.Errorf("no error for %q", args)
		}
	}
}

// What is written is read back, and a file that does not say how it was measured is refused.
func TestResultsRoundTrip(t *testing.T) {
	name := filepath.Join(t.TempDir(), "results.jsonl")
	if err := docgen.WriteRecords(name, sample()); err != nil {
		t.Fatal(err)
	}
	got, err := readResults(name)
	if err != nil {
		t.Fatal(err)
	}
	one, err1 := render("performance.md", got)
	two, err2 := render("performance.md", sample())
	if err1 != nil || err2 != nil || one != two {
		t.Errorf("read back, the table is another: %v, %v", err1, err2)
	}
	if err := docgen.WriteRecords(name, sample()[1:]); err != nil {
		t.Fatal(err)
	}
	if _, err := readResults(name); err == nil || !strings.Contains(err.Error(), "how it was measured") {
		t.Errorf("without its first line: %v", err)
	}
}
