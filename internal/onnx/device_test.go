//go:build darwin || windows || (linux && gpu)

package onnx

import (
	"math"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/crossrank/crossrank/internal/network"
)

// TestDevice computes on the WebGPU provider, where the library has it and a driver is given: a
// network that was written here, an encoder's file and a decoder's. Two batches are in flight.
func TestDevice(t *testing.T) {
	requireLibrary(t)
	const device = "webgpu"
	if err := Available(device); err != nil {
		t.Skip(err)
	}
	if os.Getenv("VK_DRIVER_FILES") == "" {
		t.Skip("VK_DRIVER_FILES names no Vulkan driver; make test-devices has one")
	}
	t.Run("written", func(t *testing.T) {
		f := openFixture(t, "../checkpoint/testdata/families/qwen2-one")
		f.checkInFlight(t, f.open(t, Options{Device: device, Threads: 1}))
	})
	for _, name := range []string{"electra-even", "qwen3-bias"} {
		t.Run(name, func(t *testing.T) {
			f, e := startStored(t, name, device)
			f.checkInFlight(t, e)
		})
	}
}

// checkInFlight computes the short sequences of a fixture twice at once.
func (f fixture) checkInFlight(t *testing.T, e *Engine) {
	t.Helper()
	if e.OnCores() || e.InFlight() != batchesInFlight {
		t.Errorf("on cores: %v, %d batches in flight", e.OnCores(), e.InFlight())
	}
	var seqs []network.Sequence
	var want []float64
	for i, q := range f.seqs {
		if len(q.IDs) <= 16 {
			seqs, want = append(seqs, q), append(want, f.want[i])
		}
	}
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			got := make([]float32, len(seqs))
			if err := e.Logits(seqs, got); err != nil {
				t.Error(err)
			}
			for i := range got {
				if !(math.Abs(float64(got[i])-want[i]) <= 1e-3) {
					t.Errorf("%d tokens: got %g, want %g", len(seqs[i].IDs), got[i], want[i])
				}
			}
		})
	}
	all.Wait()
	if !slices.ContainsFunc(seqs, func(q network.Sequence) bool { return len(q.IDs) > 8 }) {
		t.Error("all sequences are short")
	}
}
