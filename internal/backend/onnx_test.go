package backend

import (
	"errors"
	"testing"

	"github.com/crossrank/crossrank/internal/backend/catalog"
	"github.com/crossrank/crossrank/internal/dynlib"
	"github.com/crossrank/crossrank/internal/native"
	"github.com/crossrank/crossrank/internal/network/sample"
	"github.com/crossrank/crossrank/internal/onnx"
)

// requireONNX skips a test where there is no ONNX Runtime.
func requireONNX(t *testing.T) {
	t.Helper()
	if !dynlib.Available {
		t.Skip("this build opens no libraries; go test -tags gpu does")
	}
	if err := onnx.Available(""); err != nil {
		t.Skip("make test-devices runs this test: ", err)
	}
}

// TestONNX opens a network on ONNX Runtime's CPU provider, after the self-test and the comparison
// with plain Go.
func TestONNX(t *testing.T) {
	requireONNX(t)
	n := small()
	for _, precision := range []string{"fp32", "fp16", "int8"} {
		e, err := Open(catalog.ONNX, n, Options{Precision: precision, Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		if p := e.Properties(); p.Backend != catalog.ONNX || p.Device != "cpu" || p.Precision != precision || p.Threads != 2 || !p.OnCores || p.InFlight != 1 {
			t.Errorf("got the properties %+v", p)
		}
		seqs := sample.Sequences(1, n, 3, 20)
		if q, err := e.Verify(seqs[0]); err != nil || q.Blocks != 1 || q.Largest > q.Limit || q.Limit == 0 || q.Precision != native.Precision(precision) {
			t.Errorf("got %+v, %v, want all of the network compared", q, err)
		}
		r, err := e.Replica(1, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(e.Close(), r.Logits(seqs, make([]float32, 2)), r.Close()); err != nil {
			t.Error(err)
		}
	}
}
