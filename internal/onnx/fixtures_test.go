//go:build darwin || windows || (linux && gpu)

package onnx

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/crossrank/crossrank/internal/checkpoint"
	"github.com/crossrank/crossrank/internal/material"
	"github.com/crossrank/crossrank/internal/network"
)

// requireLibrary skips a test where there is no ONNX Runtime.
func requireLibrary(t *testing.T) {
	t.Helper()
	if err := Available(""); err != nil {
		t.Skip(err)
	}
}

// TestFixtures compares the logits of every family with the float64 logits that the reference
// implementations computed.
func TestFixtures(t *testing.T) {
	requireLibrary(t)
	for _, name := range []string{
		"bert-a-f32", "bert-b-bf16", "xlmr-a", "roberta-a", "electra-a", "distilbert-a", "modernbert-a", "modernbert-mean",
		"deberta-a", "qwen3-causal-a", "qwen3-seq-a",
	} {
		t.Run(name, func(t *testing.T) { openFixture(t, material.Path(t, "fixtures", name)).check(t) })
	}
}

// TestSmallModels does the same with the models of this repository.
func TestSmallModels(t *testing.T) {
	requireLibrary(t)
	dirs, err := filepath.Glob(filepath.Join("..", "checkpoint", "testdata", "families", "*", "config.json"))
	if err != nil || len(dirs) < 10 {
		t.Fatalf("found %d models, error %v; want at least 10", len(dirs), err)
	}
	for _, config := range dirs {
		dir := filepath.Dir(config)
		t.Run(filepath.Base(dir), func(t *testing.T) { openFixture(t, dir).check(t) })
	}
}

// fixture is a model with sequences and their logits in float64.
type fixture struct {
	dir  string
	seqs []network.Sequence
	want []float64
}

func openFixture(t *testing.T, dir string) fixture {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var expected struct {
		Cases []struct {
			IDs       []int32   `json:"ids"`
			TypeIDs   []int     `json:"type_ids"`
			TypesFrom *int      `json:"types_from"`
			Logits    []float64 `json:"logits"`
		} `json:"cases"`
	}
	if err := json.Unmarshal(data, &expected); err != nil || len(expected.Cases) == 0 {
		t.Fatalf("%s: %d cases, error %v", dir, len(expected.Cases), err)
	}
	if testing.Short() {
		expected.Cases = expected.Cases[:min(24, len(expected.Cases))]
	}
	f := fixture{dir: dir}
	for _, c := range expected.Cases {
		boundary := len(c.IDs)
		for i := len(c.TypeIDs) - 1; i >= 0 && c.TypeIDs[i] == 1; i-- {
			boundary = i
		}
		if c.TypesFrom != nil {
			boundary = *c.TypesFrom
		}
		f.seqs = append(f.seqs, network.Sequence{IDs: c.IDs, TypeBoundary: boundary})
		logit := c.Logits[len(c.Logits)-1]
		if len(c.Logits) == 2 {
			logit -= c.Logits[0]
		}
		f.want = append(f.want, logit)
	}
	return f
}

// open opens the fixture's model. The network is read anew, because an engine takes its weights.
func (f fixture) open(t *testing.T, opts Options) *Engine {
	t.Helper()
	n, positions, err := checkpoint.OpenNetwork(f.dir)
	if err != nil {
		t.Fatal(err)
	}
	opts.MaxTokens = positions
	return start(t, n, opts)
}

// start opens a network and closes it at the end of the test.
func start(t *testing.T, n *network.Network, opts Options) *Engine {
	t.Helper()
	o, err := Begin(n, opts)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n.Blocks {
		o.Block(i)
		n.Blocks[i].Drop()
	}
	e, err := o.Start(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

func logits(t *testing.T, e *Engine, seqs []network.Sequence) []float32 {
	t.Helper()
	out := make([]float32, len(seqs))
	if err := e.Logits(seqs, out); err != nil {
		t.Fatal(err)
	}
	return out
}

// check compares in each precision. With float16, rounding grows with the logits. The networks are
// narrow and random, so that int8's error, which is held to a share of how far logits are apart, is
// far larger than in trained ones.
func (f fixture) check(t *testing.T) {
	spread := deviation(f.want)
	for _, c := range []struct {
		precision   Precision
		worst, mean float64
	}{
		{FP32, 1e-3, 1e-4}, {FP16, 3e-2 * max(1, spread), 1e-2}, {INT8, math.Inf(1), 0.2 * spread},
	} {
		t.Run(string(c.precision), func(t *testing.T) {
			e := f.open(t, Options{Threads: 1, Precision: c.precision})
			got := logits(t, e, f.seqs)
			worst, sum, moved := 0.0, 0.0, 0.0
			for i, want := range f.want {
				diff := math.Abs(float64(got[i]) - want)
				if !(diff <= c.worst) {
					t.Errorf("case %d: logit %g, want %g", i, got[i], want)
				}
				worst, sum = max(worst, diff), sum+diff
				if i%8 == 0 {
					moved = max(moved, math.Abs(float64(logits(t, e, f.seqs[i:i+1])[0]-got[i])))
				}
			}
			mean := sum / float64(len(got))
			t.Logf("%d cases: error %.2g, on average %.2g; %.2g of it by the batch", len(got), worst, mean, moved)
			if !(mean <= c.mean) || !(moved <= c.worst) {
				t.Errorf("the error is %g on average, want at most %g; the batch moves a logit by %g", mean, c.mean, moved)
			}
		})
	}
}

// deviation is the mean distance from the mean.
func deviation(values []float64) float64 {
	mean, sum := 0.0, 0.0
	for _, v := range values {
		mean += v / float64(len(values))
	}
	for _, v := range values {
		sum += math.Abs(v-mean) / float64(len(values))
	}
	return sum
}
