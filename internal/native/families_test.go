package native

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/crossrank/crossrank/internal/checkpoint"
	"github.com/crossrank/crossrank/internal/cpu"
	"github.com/crossrank/crossrank/internal/network"
)

// families is the directory of small models with settings that no published model has together, and
// of logits by an independent forward pass in float64; see its make_rotary.py.
var families = filepath.Join("..", "checkpoint", "testdata", "families")

// TestRotaryFamilies compares every tier with the float64 logits, in one batch and one by one.
func TestRotaryFamilies(t *testing.T) {
	for _, pattern := range []string{"modernbert-*", "gte-*"} {
		dirs, err := filepath.Glob(filepath.Join(families, pattern))
		if err != nil || len(dirs) < 3 {
			t.Fatalf("found %v, %v; want at least three %s", dirs, err, pattern)
		}
		for _, dir := range dirs {
			t.Run(filepath.Base(dir), func(t *testing.T) { agreesWithFile(t, dir) })
		}
	}
}

// agreesWithFile compares every tier with the logits that a model's directory has.
func agreesWithFile(t *testing.T, dir string) {
	n, positions, err := checkpoint.OpenNetwork(dir)
	if err != nil {
		t.Fatal(err)
	}
	seqs, want := familyCases(t, dir)
	for _, tier := range cpu.Tiers() {
		t.Run(string(tier), func(t *testing.T) {
			t.Setenv(cpu.Variable, string(tier))
			e := start(t, n, Options{Threads: 2, MaxTokens: positions})
			got := logits(t, e, seqs)
			for i := range seqs {
				if diff := math.Abs(float64(got[i]) - want[i]); !(diff <= 1e-4) {
					t.Errorf("case %d of %d tokens: logit %g, want %g", i, len(seqs[i].IDs), got[i], want[i])
				}
				if alone := logits(t, e, seqs[i:i+1])[0]; alone != got[i] {
					t.Errorf("case %d: %g alone, %g in the batch", i, alone, got[i])
				}
			}
		})
	}
}

func familyCases(t *testing.T, dir string) (seqs []network.Sequence, want []float64) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var expected struct {
		Cases []struct {
			IDs    []int32   `json:"ids"`
			From   int       `json:"types_from"`
			Logits []float64 `json:"logits"`
		} `json:"cases"`
	}
	if err := json.Unmarshal(data, &expected); err != nil {
		t.Fatal(err)
	}
	for _, c := range expected.Cases {
		seqs = append(seqs, network.Sequence{IDs: c.IDs, TypeBoundary: c.From})
		last := len(c.Logits) - 1
		logit := c.Logits[last]
		if last == 1 {
			logit -= c.Logits[0]
		}
		want = append(want, logit)
	}
	return seqs, want
}
