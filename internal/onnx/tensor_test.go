package onnx

import (
	"math"
	"testing"

	"github.com/crossrank/crossrank/internal/network"
)

// TestOverflow: a number that float16 cannot hold is refused by its role.
func TestOverflow(t *testing.T) {
	w := &weights{precision: FP16, tensors: map[string]*tensor{}}
	w.vector("a.bias", []float32{1, 65504})
	if w.err != nil {
		t.Errorf("65504 is refused: %v", w.err)
	}
	w.vector("b.bias", []float32{1, -65520})
	w.vector("c.bias", []float32{1e9})
	if want := "b.bias holds -65520, which exceeds fp16; use fp32"; w.err == nil || w.err.Error() != want {
		t.Errorf("got %v, want %s", w.err, want)
	}
}

// TestLayouts: a layer of 33 inputs and 40 outputs is transposed, in floats and in 8 bits.
func TestLayouts(t *testing.T) {
	l := network.Linear{In: 33, Out: 40}
	for i := range l.In * l.Out {
		l.Weight = append(l.Weight, float32(i%255-127))
	}
	clear(l.Weight[:l.In]) // an output that is always 0
	columns := transposed(&l)
	bytes, scales := quantize(&l)
	for r := range l.Out {
		for c := range l.In {
			want := l.Weight[r*l.In+c]
			if got := columns[c*l.Out+r]; got != want {
				t.Fatalf("weight %d, %d: got %g, want %g", r, c, got, want)
			}
			if got := float32(bytes[c*l.Out+r]) * scales[r]; !(math.Abs(float64(got-want)) <= 0.501*float64(scales[r])) {
				t.Fatalf("weight %d, %d: got %g of 8 bits, want %g", r, c, got, want)
			}
		}
	}
	if scales[0] != 0 {
		t.Errorf("the scale of zeros is %g", scales[0])
	}
}
