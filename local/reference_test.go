package local

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/checkpoint"
	"github.com/crossrank/crossrank/internal/material"
)

// referenceVariable names the folder of cross-encoder/ms-marco-MiniLM-L-6-v2 on machines that have
// it.
const referenceVariable = "CROSSRANK_REFERENCE_MODEL"

// referenceHash is that of the model.safetensors that the published logits were computed with.
const referenceHash = "sha256:821d1aa69520101d6e0737f78a042ae25b19e5cb9160701909d10434f4aeb0ae"

type referencePair struct {
	query, passage string
	ids            []int32
	logit          float64
}

// referencePairs reads pairs whose token ids and logits transformers gave for the reference model.
// Those with an empty passage are left out: they were made by a call that has no second text, while
// this project, like the tokenizers library, reads an empty one.
func referencePairs(t *testing.T) (pairs []referencePair) {
	t.Helper()
	data, err := os.ReadFile(material.Path(t, "golden", "ms-marco-MiniLM-L-6-v2.fp32.goldens.json"))
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Queries []struct {
			Query    string `json:"query"`
			Passages []struct {
				Text  string  `json:"text"`
				IDs   []int32 `json:"input_ids"`
				Score float64 `json:"score"`
			} `json:"passages"`
		} `json:"queries"`
	}
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	for _, q := range golden.Queries {
		for _, p := range q.Passages {
			if p.Text != "" {
				pairs = append(pairs, referencePair{q.Query, p.Text, p.IDs, p.Score})
			}
		}
	}
	if len(pairs) < 30 {
		t.Fatalf("only %d pairs in the golden file", len(pairs))
	}
	return pairs
}

func TestReferenceTokens(t *testing.T) {
	r, err := checkpoint.OpenTokenizer(material.Path(t, "vocab"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range referencePairs(t) {
		if ids, _ := r.Pair(nil, p.query, p.passage); !slices.Equal(ids, p.ids) {
			t.Errorf("%q, %.40q: ids %v, want %v", p.query, p.passage, ids, p.ids)
		}
	}
}

// TestReferenceLogits scores with the real model, whose weights are not part of any test data.
func TestReferenceLogits(t *testing.T) {
	dir := os.Getenv(referenceVariable)
	if dir == "" {
		t.Skipf("needs the weights of cross-encoder/ms-marco-MiniLM-L-6-v2: set %s to their folder", referenceVariable)
	}
	pairs := referencePairs(t)
	m, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if got := m.Info().Weights; got != referenceHash {
		t.Fatalf("the weights are %s, want %s", got, referenceHash)
	}
	req := &crossrank.Request{Raw: true}
	for _, p := range pairs {
		req.Pairs = append(req.Pairs, crossrank.Pair{Query: p.query, Passage: p.passage})
	}
	resp, err := m.Score(context.Background(), req)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range pairs {
		if e := math.Abs(float64(resp.Scores[i]) - p.logit); !(e <= 1e-3) {
			t.Errorf("%q, %.40q: logit %g, want %g", p.query, p.passage, resp.Scores[i], p.logit)
		}
	}
}
