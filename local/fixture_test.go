package local

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/material"
)

// fixture is what another implementation computed of a small model: expected.json beside its
// weights.
type fixture struct {
	Activation string
	Cases      []struct {
		Query, Passage string
		MaxLength      int `json:"max_length"`
		IDs            []int32
		Logits         []float64
	}
}

// TestFixtures scores the texts of the fixtures' cases, all of one length limit in a request, and
// compares with a float64 forward pass in PyTorch.
func TestFixtures(t *testing.T) {
	for _, name := range []string{"bert-a-f32", "bert-b-bf16", "qwen3-causal-a", "qwen3-seq-a"} {
		t.Run(name, func(t *testing.T) {
			dir := material.Path(t, "fixtures", name)
			if strings.HasPrefix(name, "bert") {
				dir = fixtureDir(t, name)
			}
			m, err := Open(dir, Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			var want fixture
			data, err := os.ReadFile(material.Path(t, "fixtures", name, "expected.json"))
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(data, &want); err != nil {
				t.Fatal(err)
			}
			lengths := map[int]*crossrank.Request{}
			cases := map[int][]int{}
			for i, c := range want.Cases {
				if lengths[c.MaxLength] == nil {
					lengths[c.MaxLength] = &crossrank.Request{Raw: true, MaxLength: c.MaxLength}
				}
				req := lengths[c.MaxLength]
				req.Pairs = append(req.Pairs, crossrank.Pair{Query: c.Query, Passage: c.Passage})
				cases[c.MaxLength] = append(cases[c.MaxLength], i)
			}
			for length, req := range lengths {
				resp, err := m.Score(t.Context(), req)
				if err != nil {
					t.Fatalf("max length %d: %v", length, err)
				}
				tokens := 0
				for place, i := range cases[length] {
					c := want.Cases[i]
					tokens += len(c.IDs)
					logit := c.Logits[len(c.Logits)-1]
					if len(c.Logits) == 2 {
						logit -= c.Logits[0]
					}
					if got := float64(resp.Scores[place]); math.Abs(got-logit) > 1e-4 {
						t.Errorf("case %d: got logit %v, want %v", i, got, logit)
					}
				}
				if got := resp.Usage.Tokens + resp.Usage.CachedTokens; got != tokens {
					t.Errorf("max length %d: got %d tokens, want %d", length, got, tokens)
				}
			}
			if len(want.Cases) == 0 {
				t.Error("the fixture has no cases")
			}
		})
	}
}

// fixtureDir lays out a fixture as a model's folder: its own files, and the vocabulary that it
// shares with others.
func fixtureDir(t *testing.T, name string) string {
	t.Helper()
	dir := t.TempDir()
	for to, from := range map[string]string{
		"config.json":       material.Path(t, "fixtures", name, "config.json"),
		"model.safetensors": material.Path(t, "fixtures", name, "model.safetensors"),
		"vocab.txt":         material.Path(t, "vocab", "vocab.txt"),
	} {
		data, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, to), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
