package backend

import (
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/backend/catalog"
	"github.com/crossrank/crossrank/internal/dynlib"
	"github.com/crossrank/crossrank/internal/native"
	"github.com/crossrank/crossrank/internal/network/sample"
	"github.com/crossrank/crossrank/internal/webgpu"
)

// TestWebGPU opens a network on a device that tests have, after the self-test and the comparison
// with plain Go.
func TestWebGPU(t *testing.T) {
	if !dynlib.Available {
		t.Skip("this build opens no libraries; go test -tags gpu does")
	}
	if err := webgpu.Probe(webgpu.DeviceTesting); err != nil {
		t.Skip("make test-devices runs this test: ", err)
	}
	n := small()
	for _, precision := range []string{"fp32", "fp16"} {
		e, err := Open(catalog.WebGPU, n, Options{Device: webgpu.DeviceTesting, Precision: precision})
		if err != nil {
			t.Fatal(err)
		}
		if p := e.Properties(); p.Backend != catalog.WebGPU || !strings.Contains(p.Device, "CPU device, for tests") || p.Precision != precision || p.InFlight < 1 || p.OnCores ||
			!strings.HasPrefix(p.Tuning, "tiles of ") {
			t.Errorf("got the properties %+v", p)
		}
		seqs := sample.Sequences(1, n, 3, 20)
		if q, err := e.Verify(seqs[0]); err != nil || q.Blocks != 1 || q.Largest > q.Limit || q.Limit == 0 || q.Precision != native.Precision(precision) {
			t.Errorf("got %+v, %v, want all of the network compared", q, err)
		}
		if _, err := e.Replica(1, nil); err == nil {
			t.Error("a device has a second engine")
		}
		if u := e.Usage(); u == nil || u.Memory == 0 || u.Timed && u.Busy == 0 {
			t.Errorf("got the usage %+v", u)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := Open(catalog.WebGPU, n, Options{}); err == nil || !strings.Contains(err.Error(), "no GPU") {
		t.Skipf("this machine has a GPU: %v", err)
	}
}
