package local

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/checkpoint"
	"github.com/crossrank/crossrank/internal/native"
	"github.com/crossrank/crossrank/internal/network"
)

// smallTokenizer is a tokenizer.json of so few pieces that the small models of checkpoint have an
// embedding for each. Piece 17 is the answer that they are read for.
func smallTokenizer(t *testing.T) []byte {
	pieces := append([]string{"<unk>", "<bos>", "Y", "Ye"}, strings.Split("abcdefghijklm", "")...)
	pieces = append(append(pieces, "Yes"), strings.Split("nopqrstuvwxyzABGW:.,'? \n", "")...)
	vocab := map[string]int{}
	for id, piece := range pieces {
		vocab[piece] = id
	}
	type object = map[string]any
	bos, a, b := object{"SpecialToken": object{"id": "<bos>", "type_id": 0}}, object{"Sequence": object{"id": "A", "type_id": 0}},
		object{"Sequence": object{"id": "B", "type_id": 0}}
	data, err := json.Marshal(object{
		"added_tokens": []object{{"id": 1, "content": "<bos>", "special": true}},
		"post_processor": object{"type": "TemplateProcessing", "single": []object{bos, a}, "pair": []object{bos, a, bos, b},
			"special_tokens": object{"<bos>": object{"id": "<bos>", "ids": []int{1}, "tokens": []string{"<bos>"}}}},
		"pre_tokenizer": object{"type": "WhitespaceSplit"},
		"model":         object{"type": "BPE", "unk_token": "<unk>", "vocab": vocab, "merges": []string{"Y e", "Ye s"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestSmallDecoders scores a request with models of each family of decoders, whole: each logit is
// that of the pair's own ids, and only causal models share what the pairs begin with.
func TestSmallDecoders(t *testing.T) {
	for name, shares := range map[string]bool{"llama-bias": true, "llama-mean": false, "gemma-tied": true} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(filepath.Join("..", "internal", "checkpoint", "testdata", "families", name))); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "tokenizer.json"), smallTokenizer(t), 0o600); err != nil {
				t.Fatal(err)
			}
			var pairs []crossrank.Pair
			for _, passage := range []string{"it is high.", "", "a river, not a mountain", "it is high. it is high?"} {
				pairs = append(pairs, crossrank.Pair{Query: "how high is that mountain in asia", Passage: passage})
			}
			want := logitsOf(t, dir, pairs)
			m, err := Open(dir, Options{Threads: 1, Backend: "native", Quantization: "fp32"})
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			for range 2 {
				resp, err := m.Score(t.Context(), &crossrank.Request{Pairs: pairs, Raw: true})
				if err != nil || !slices.Equal(resp.Scores, want) {
					t.Errorf("got %v, error %v; want %v", resp, err, want)
				}
			}
			if got := m.Prefixes().Tokens > 0; got != shares {
				t.Errorf("beginnings of pairs were shared: %v, want %v", got, shares)
			}
		})
	}
}

// logitsOf computes pairs one by one, each whole, with an engine alone.
func logitsOf(t *testing.T, dir string, pairs []crossrank.Pair) []float32 {
	m, err := checkpoint.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	e, err := native.New(m.Network, native.Options{Threads: 1, MaxTokens: m.MaxLength, PrefixBytes: -1, Precision: native.FP32})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	logits := make([]float32, len(pairs))
	for i, p := range pairs {
		ids, boundary := m.Pair(nil, p.Query, p.Passage)
		if err := e.Logits([]network.Sequence{{IDs: ids, TypeBoundary: boundary}}, logits[i:]); err != nil {
			t.Fatal(err)
		}
		if x := float64(logits[i]); math.IsNaN(x) || i > 0 && logits[i] == logits[0] {
			t.Errorf("pair %d: logit %g, and %g of the first", i, x, logits[0])
		}
	}
	return logits
}
