package local

import (
	"path/filepath"
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
