package webgpu

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/checkpoint"
	"github.com/crossrank/crossrank/internal/material"
	"github.com/crossrank/crossrank/internal/network"
)

// TestFixtures compares every family with the float64 logits that the reference implementations
// computed, in both precisions and without features that not all devices have, in one batch and one
// by one.
func TestFixtures(t *testing.T) {
	testLibrary(t)
	for _, name := range []string{
		"bert-a-f32", "bert-b-bf16", "xlmr-a", "roberta-a", "electra-a", "distilbert-a", "modernbert-a", "modernbert-mean",
		"deberta-a", "qwen3-causal-a", "qwen3-seq-a",
	} {
		t.Run(name, func(t *testing.T) { openFixture(t, material.Path(t, "fixtures", name)).check(t) })
	}
}

// TestSmallModels does the same with the models of this repository. Short runs leave fp16 out: most
// of the time is that of compiling shaders.
func TestSmallModels(t *testing.T) {
	testLibrary(t)
	dirs, err := filepath.Glob(filepath.Join("..", "checkpoint", "testdata", "families", "*", "config.json"))
	if err != nil || len(dirs) < 10 {
		t.Fatalf("found %d models, error %v; want at least 10", len(dirs), err)
	}
	for _, config := range dirs {
		dir := filepath.Dir(config)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			f := openFixture(t, dir)
			f.half = !testing.Short()
			f.check(t)
		})
	}
}

// fixture is a model with sequences and their logits in float64.
type fixture struct {
	network   *network.Network
	positions int
	half      bool // compute it in fp16 too
	plain     bool // and without features that not all devices have
	seqs      []network.Sequence
	want      []float64
}

// mostCases of a model are computed, all over its list: the device may be a CPU.
const mostCases = 16

func openFixture(t *testing.T, dir string) fixture {
	t.Helper()
	n, positions, err := checkpoint.OpenNetwork(dir)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var expected struct {
		Cases []struct {
			IDs       []int32   `json:"ids"`
			TypeIDs   []int     `json:"type_ids"`
			TypesFrom *int      `json:"types_from"` // instead of TypeIDs: the first token of type 1
			Logits    []float64 `json:"logits"`
		} `json:"cases"`
	}
	if err := json.Unmarshal(data, &expected); err != nil || len(expected.Cases) == 0 {
		t.Fatalf("%s: %d cases, error %v", dir, len(expected.Cases), err)
	}
	f := fixture{network: n, positions: positions, half: true}
	f.plain = !testing.Short() || strings.HasPrefix(filepath.Base(dir), "qwen3") // whose norms are of other kinds than those of TestPlain
	most := mostCases
	if testing.Short() {
		most = 5
	}
	for i, c := range expected.Cases {
		if i%(len(expected.Cases)/most+1) != 0 {
			continue
		}
		boundary := len(c.IDs)
		for i := len(c.TypeIDs) - 1; i >= 0; i-- {
			if c.TypeIDs[i] == 1 {
				boundary = i
			}
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

func (f fixture) check(t *testing.T) {
	for _, c := range []struct {
		name      string
		compute   bool
		precision Precision
		tolerance float64
		plain     bool
	}{{"fp32", true, FP32, 1e-4, false}, {"fp16", f.half, FP16, 3e-2, false}, {"plain", f.plain, FP32, 1e-4, true}} {
		if !c.compute {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			e := open(t, f.network, Options{Precision: c.precision, MaxTokens: f.positions, plain: c.plain})
			if e.session.subgroups && c.plain {
				t.Error("the device has features that were not asked for")
			}
			if s := e.session; c.precision == FP16 && !s.matrices.used() {
				if u, ok := chooseUnit(s.adapter.units, "f16"); ok {
					t.Errorf("the matrix units of %v are not used: %s", u, e.Tuning())
				}
			}
			got, worst := logits(t, e, f.seqs), 0.0
			for i, want := range f.want {
				diff := math.Abs(float64(got[i]) - want)
				if !(diff <= c.tolerance) {
					t.Errorf("case %d, %d tokens: logit %g, want %g", i, len(f.seqs[i].IDs), got[i], want)
				}
				worst = max(worst, diff)
				if i%4 == 0 {
					if alone := logits(t, e, f.seqs[i:i+1])[0]; alone != got[i] {
						t.Errorf("case %d: %g alone, %g in the batch", i, alone, got[i])
					}
				}
			}
			t.Logf("%d cases, largest error %.2g", len(f.seqs), worst)
		})
	}
}
