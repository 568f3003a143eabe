package local

import (
	"errors"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/backend/catalog"
	"github.com/crossrank/crossrank/internal/dynlib"
	"github.com/crossrank/crossrank/internal/tinymodel"
)

// TestDecoderInONNX scores with a language model in ONNX, as exporters write one with keys and
// values of earlier tokens, and compares with the native backend on the same weights in safetensors.
func TestDecoderInONNX(t *testing.T) {
	if !dynlib.Available {
		t.Skip("this build opens no libraries")
	}
	internal := filepath.Join("..", "internal")
	dir, whole := filepath.Join(t.TempDir(), "onnx"), filepath.Join(t.TempDir(), "safetensors")
	if err := errors.Join(tinymodel.WriteDecoderONNX(dir, internal), tinymodel.WriteDecoder(whole, internal)); err != nil {
		t.Fatal(err)
	}
	m, err := Open(dir, Options{Backend: catalog.ONNX, Threads: 1, Instances: make([]Instance, 2)})
	if err != nil && strings.Contains(err.Error(), "no library") {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	native, err := Open(whole, Options{Threads: 1})
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
