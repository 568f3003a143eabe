package onnx

import (
	"math"
	"testing"

	"github.com/crossrank/crossrank/internal/half"
	"github.com/crossrank/crossrank/internal/network"
)

// TestNarrow: every float16 comes back, and a number between two goes to the nearer, or to the even
// one.
func TestNarrow(t *testing.T) {
	bits, wide := make([]uint16, 1), make([]float32, 1)
	for i := range 1 << 16 {
		half.F16.Widen(wide, []uint16{uint16(i)})
		if narrow(bits, wide); bits[0] != uint16(i) && !math.IsNaN(float64(wide[0])) {
			t.Fatalf("%#04x is %g, and comes back as %#04x", i, wide[0], bits[0])
		}
	}
	for _, c := range []struct {
		value float32
		want  uint16
	}{
		{1 + 0x1p-11, 0x3c00}, {1 + 0x3p-11, 0x3c02}, {1 + 0x1.1p-11, 0x3c01}, {65519, 0x7bff}, {65520, 0x7c00},
		{-0x1p-25, 0x8000}, {0x1.1p-25, 1}, {0x3p-25, 2}, {float32(math.Inf(-1)), 0xfc00}, {float32(math.NaN()), 0x7e00},
	} {
		if narrow(bits, []float32{c.value}); bits[0] != c.want {
			t.Errorf("%g: got %#04x, want %#04x", c.value, bits[0], c.want)
		}
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
