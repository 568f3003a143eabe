package local

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/backend/catalog"
	"github.com/crossrank/crossrank/internal/dynlib"
	"github.com/crossrank/crossrank/internal/tinymodel"
)

// writeDecoder writes a small language model that reads letters in the places of a template, with
// its weights in a file that is given by its path.
func writeDecoder(t *testing.T, weights ...string) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "decoder")
	letters := map[string]int{}
	for _, r := range "Ġ.?:abcdefghijklmnopqrstuvwxyz" { // the first one is a space
		letters[string(r)] = len(letters)
	}
	tokenizer, err := json.Marshal(map[string]any{
		"pre_tokenizer": map[string]any{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
		"model":         map[string]any{"type": "BPE", "vocab": letters, "merges": []string{}},
	})
	place := `{{ messages | selectattr("role", "eq", "ROLE") | map(attribute="content") | first }}`
	template := "judge : q " + strings.Replace(place, "ROLE", "query", 1) + " d " + strings.Replace(place, "ROLE", "document", 1) + " yes no :"
	internal := filepath.Join("..", "internal")
	err = errors.Join(err,
		os.CopyFS(dir, os.DirFS(filepath.Join(internal, "checkpoint", "testdata", "families", "qwen3-untied"))),
		os.Remove(filepath.Join(dir, "model.safetensors")),
		os.WriteFile(filepath.Join(dir, "tokenizer.json"), tokenizer, 0o666),
		os.WriteFile(filepath.Join(dir, "chat_template.jinja"), []byte(template), 0o666),
	)
	data, failure := os.ReadFile(filepath.Join(append([]string{internal}, weights...)...))
	if err = errors.Join(err, failure, os.WriteFile(filepath.Join(dir, filepath.Base(weights[len(weights)-1])), data, 0o666)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestDecoderInONNX scores with a language model in ONNX, as exporters write one with keys and
// values of earlier tokens, and compares with the native backend on the same weights in safetensors.
func TestDecoderInONNX(t *testing.T) {
	if !dynlib.Available {
		t.Skip("this build opens no libraries")
	}
	m, err := Open(writeDecoder(t, "onnx", "testdata", "stored", "qwen3-untied", "model.onnx"),
		Options{Backend: catalog.ONNX, Threads: 1, Instances: make([]Instance, 2)})
	if err != nil && strings.Contains(err.Error(), "no library") {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	native, err := Open(writeDecoder(t, "checkpoint", "testdata", "families", "qwen3-untied", "model.safetensors"), Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer native.Close()
	req := &crossrank.Request{Raw: true}
	for _, passage := range []string{"paris", "berlin is the capital of germany .", "", strings.Repeat("the capital ", 40)} {
		req.Pairs = append(req.Pairs, crossrank.Pair{Query: "what is the capital of france ?", Passage: passage})
	}
	got, want := compareScores(t, m, native, req)
	if got.CachedTokens != 0 || want.CachedTokens == 0 || got.Tokens != want.Tokens+want.CachedTokens {
		t.Errorf("got the usage %+v, which computes all tokens; native's is %+v", got, want)
	}
}

// compareScores compares the scores of a model with those of another, and returns their usage.
func compareScores(t *testing.T, m, other *Model, req *crossrank.Request) (got, want crossrank.Usage) {
	t.Helper()
	answer, err := m.Score(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	expected, err := other.Score(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range expected.Scores {
		if !(math.Abs(float64(answer.Scores[i]-want)) <= 1e-4) {
			t.Errorf("pair %d: score %g, want %g", i, answer.Scores[i], want)
		}
	}
	return answer.Usage, expected.Usage
}

// TestModelInONNX scores with a model whose weights are in an ONNX file alone, and compares with
// the native backend on the same weights in safetensors.
func TestModelInONNX(t *testing.T) {
	dir, whole := filepath.Join(t.TempDir(), "onnx"), filepath.Join(t.TempDir(), "safetensors")
	if err := tinymodel.WriteONNX(dir); err != nil {
		t.Fatal(err)
	}
	if err := tinymodel.Write(whole); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, Options{}); err == nil || !strings.Contains(err.Error(), "only in model.onnx, which the backend onnx alone computes") {
		t.Errorf("without the backend: got %v", err)
	}
	if !dynlib.Available {
		t.Skip("this build opens no libraries")
	}
	m, err := Open(dir, Options{Backend: catalog.ONNX, Threads: 1, Instances: make([]Instance, 2)})
	if err != nil && strings.Contains(err.Error(), "no library") {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if _, err := m.Verify(); err != nil {
		t.Error(err)
	}
	native, err := Open(whole, Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer native.Close()
	req := &crossrank.Request{Raw: true}
	for _, passage := range []string{"paris", "berlin is the capital of germany .", "", strings.Repeat("a tall city ", 40)} {
		req.Pairs = append(req.Pairs, crossrank.Pair{Query: "what is the capital of france ?", Passage: passage})
	}
	compareScores(t, m, native, req)
}
