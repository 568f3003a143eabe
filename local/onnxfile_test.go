package local

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/backend/catalog"
	"github.com/crossrank/crossrank/internal/dynlib"
	"github.com/crossrank/crossrank/internal/tinymodel"
)

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
	got, err := m.Score(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	want, err := native.Score(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	for i := range want.Scores {
		if !(math.Abs(float64(got.Scores[i]-want.Scores[i])) <= 1e-4) {
			t.Errorf("pair %d: score %g, want %g", i, got.Scores[i], want.Scores[i])
		}
	}
}
