package native

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/crossrank/crossrank/internal/checkpoint"
	"github.com/crossrank/crossrank/internal/cpu"
	"github.com/crossrank/crossrank/internal/material"
	"github.com/crossrank/crossrank/internal/network"
)

// TestFixtures compares every tier with the float64 logits that PyTorch computed, in one batch and
// one by one. Short runs compute a few cases and leave plain Go out.
func TestFixtures(t *testing.T) {
	for _, name := range []string{"bert-a-f32", "bert-b-bf16", "xlmr-a", "roberta-a", "electra-a", "distilbert-a", "modernbert-a", "modernbert-mean"} {
		for _, tier := range cpu.Tiers() {
			if testing.Short() && tier == cpu.Generic && tier != cpu.Tiers()[0] {
				continue
			}
			t.Run(name+"/"+string(tier), func(t *testing.T) {
				t.Setenv(cpu.Variable, string(tier))
				n, positions, err := checkpoint.OpenNetwork(material.Path(t, "fixtures", name))
				if err != nil {
					t.Fatal(err)
				}
				seqs, want := fixtures(t, name)
				if testing.Short() {
					seqs, want = seqs[:min(24, len(seqs))], want[:min(24, len(want))]
				}
				e := start(t, n, Options{Threads: 2, MaxTokens: positions})
				got := logits(t, e, seqs)
				worst := 0.0
				for i := range seqs {
					diff := math.Abs(float64(got[i]) - want[i])
					if !(diff <= 1e-4) {
						t.Errorf("case %d: logit %g, want %g", i, got[i], want[i])
					}
					worst = max(worst, diff)
					if alone := logits(t, e, seqs[i:i+1])[0]; alone != got[i] {
						t.Errorf("case %d: %g alone, %g in the batch", i, alone, got[i])
					}
				}
				t.Logf("%d cases, largest error %.2g", len(seqs), worst)
			})
		}
	}
}

func fixtures(t *testing.T, name string) (seqs []network.Sequence, want []float64) {
	t.Helper()
	data, err := os.ReadFile(material.Path(t, "fixtures", name, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var expected struct {
		Cases []struct {
			IDs     []int32   `json:"ids"`
			TypeIDs []int     `json:"type_ids"`
			Logits  []float64 `json:"logits"`
		} `json:"cases"`
	}
	if err := json.Unmarshal(data, &expected); err != nil {
		t.Fatal(err)
	}
	for _, c := range expected.Cases {
		split := len(c.IDs)
		for i, kind := range c.TypeIDs {
			if kind == 1 {
				split = i
				break
			}
		}
		seqs = append(seqs, network.Sequence{IDs: c.IDs, TypeBoundary: split})
		want = append(want, c.Logits[0])
	}
	return seqs, want
}
