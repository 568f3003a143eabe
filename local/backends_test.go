package local

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/backend/catalog"
	"github.com/crossrank/crossrank/internal/dynlib"
	"github.com/crossrank/crossrank/internal/onnx"
	"github.com/crossrank/crossrank/internal/scorertest"
	"github.com/crossrank/crossrank/internal/tinymodel"
	"github.com/crossrank/crossrank/internal/webgpu"
)

// TestBackendsAreScorers runs the suite of every Scorer on the backends that compute in libraries
// of other makers. Only what may move with a batch differs from the native one: see TestEngines of
// package backend for the logits.
func TestBackendsAreScorers(t *testing.T) {
	if !dynlib.Available {
		t.Skip("this build opens no libraries; go test -tags gpu does")
	}
	dir := filepath.Join(t.TempDir(), "model")
	if err := tinymodel.Write(dir); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		backend, device string
		available       func(device string) error
	}{{catalog.WebGPU, webgpu.DeviceTesting, webgpu.Probe}, {catalog.ONNX, "cpu", onnx.Available}} {
		t.Run(c.backend, func(t *testing.T) {
			if err := c.available(c.device); err != nil {
				t.Skip("make test-devices runs this test: ", err)
			}
			m, err := Open(dir, Options{Backend: c.backend, Device: c.device})
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			scorertest.Run(t, func(*testing.T) crossrank.Scorer { return m })
		})
	}
}

// TestInstancesOnADevice: several instances on a device are one, which says so, and a large request
// is computed in as few batches as one instance has.
func TestInstancesOnADevice(t *testing.T) {
	if !dynlib.Available {
		t.Skip("this build opens no libraries; go test -tags gpu does")
	}
	if err := webgpu.Probe(webgpu.DeviceTesting); err != nil {
		t.Skip("make test-devices runs this test: ", err)
	}
	dir := filepath.Join(t.TempDir(), "model")
	if err := tinymodel.Write(dir); err != nil {
		t.Fatal(err)
	}
	m, err := Open(dir, Options{Backend: catalog.WebGPU, Device: webgpu.DeviceTesting, Instances: make([]Instance, 3)})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	req := &crossrank.Request{Pairs: slices.Repeat([]crossrank.Pair{{Query: "what is paris", Passage: "the capital of france."}}, 200)}
	if _, err := m.Score(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	if got := m.Batches().Runs; got != 1 || len(m.Instances()) != 1 || m.Info().Instances != 1 {
		t.Errorf("got %d batches on %d instances, want one on one", got, len(m.Instances()))
	}
	want := "instances: 3 were asked for; a device has one, which takes 3 batches at once"
	if got := m.Warnings(); !slices.Contains(got, want) {
		t.Errorf("got the warnings %q, want %q", got, want)
	}
}
