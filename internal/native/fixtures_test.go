package native

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/crossrank/crossrank/internal/checkpoint"
	"github.com/crossrank/crossrank/internal/cpu"
	"github.com/crossrank/crossrank/internal/material"
	"github.com/crossrank/crossrank/internal/network"
)

// TestFixtures compares every tier with the float64 logits that the reference implementations
// computed, in one batch and one by one. Short runs compute a few cases and leave plain Go out.
func TestFixtures(t *testing.T) {
	for _, name := range []string{
		"bert-a-f32", "bert-b-bf16", "xlmr-a", "roberta-a", "electra-a", "distilbert-a", "modernbert-a", "modernbert-mean",
		"deberta-a", "qwen3-causal-a", "qwen3-seq-a",
	} {
		t.Run(name, func(t *testing.T) { openFixture(t, material.Path(t, "fixtures", name)).check(t) })
	}
}

// TestSmallModels does the same with the models of this repository, see make.py beside them.
func TestSmallModels(t *testing.T) {
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
	network   *network.Network
	positions int
	seqs      []network.Sequence
	want      []float64
}

func openFixture(t *testing.T, dir string) fixture {
	t.Helper()
	n, positions, err := checkpoint.OpenNetwork(dir)
	if err != nil {
		t.Fatal(err)
	}
	f := fixture{network: n, positions: positions}
	data, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var expected struct {
		Cases []fixtureCase `json:"cases"`
	}
	if err := json.Unmarshal(data, &expected); err != nil || len(expected.Cases) == 0 {
		t.Fatalf("%s: %d cases, error %v", dir, len(expected.Cases), err)
	}
	if testing.Short() {
		expected.Cases = expected.Cases[:min(24, len(expected.Cases))]
	}
	for _, c := range expected.Cases {
		f.seqs = append(f.seqs, network.Sequence{IDs: c.IDs, TypeBoundary: c.boundary()})
		logit := c.Logits[len(c.Logits)-1]
		if len(c.Logits) == 2 {
			logit -= c.Logits[0]
		}
		f.want = append(f.want, logit)
	}
	return f
}

type fixtureCase struct {
	IDs       []int32   `json:"ids"`
	TypeIDs   []int     `json:"type_ids"`
	TypesFrom *int      `json:"types_from"` // instead of TypeIDs: the first token of type 1
	Logits    []float64 `json:"logits"`
}

func (c fixtureCase) boundary() int {
	if c.TypesFrom != nil {
		return *c.TypesFrom
	}
	for i, kind := range c.TypeIDs {
		if kind == 1 {
			return i
		}
	}
	return len(c.IDs)
}

func (f fixture) check(t *testing.T) {
	for _, tier := range cpu.Tiers() {
		if skipped(tier, FP32) {
			continue
		}
		t.Run(string(tier), func(t *testing.T) {
			t.Setenv(cpu.Variable, string(tier))
			e := start(t, f.network, Options{Threads: 2, MaxTokens: f.positions})
			got := logits(t, e, f.seqs)
			worst := 0.0
			for i, want := range f.want {
				diff := math.Abs(float64(got[i]) - want)
				if !(diff <= 1e-4) {
					t.Errorf("case %d: logit %g, want %g", i, got[i], want)
				}
				worst = max(worst, diff)
				if tier == cpu.Generic && i%8 != 0 {
					continue // plain Go is slow
				}
				if alone := logits(t, e, f.seqs[i:i+1])[0]; alone != got[i] {
					t.Errorf("case %d: %g alone, %g in the batch", i, alone, got[i])
				}
			}
			t.Logf("%d cases, largest error %.2g", len(f.seqs), worst)
		})
	}
	t.Run("bf16-dot", func(t *testing.T) { f.checkRounded(t, BF16Dot, 0.1) })
	t.Run("int8", func(t *testing.T) { f.checkRounded(t, INT8, 0.2) })
}

// checkRounded holds the error of a precision that rounds activations to a part of the spread of
// logits, in networks so narrow and random that it is far larger than in trained ones.
func (f fixture) checkRounded(t *testing.T, precision Precision, part float64) {
	e := start(t, f.network, Options{Threads: 2, MaxTokens: f.positions, Precision: precision})
	var diff, spread, mean float64
	for _, v := range f.want {
		mean += v / float64(len(f.want))
	}
	for i, got := range logits(t, e, f.seqs) {
		diff += math.Abs(float64(got)-f.want[i]) / float64(len(f.want))
		spread += math.Abs(f.want[i]-mean) / float64(len(f.want))
	}
	t.Logf("mean error %.3g, mean deviation of logits %.3g", diff, spread)
	if !(diff <= part*spread) || diff == 0 {
		t.Errorf("mean error %g beside logits that deviate by %g; want some, at most %g of that", diff, spread, part)
	}
}
