package half

import (
	"math"
	"testing"
)

// TestF16 compares every number with its value by definition: sign × significand × 2^exponent.
func TestF16(t *testing.T) {
	for i := range 1 << 16 {
		bits := uint16(i)
		exp, frac := int(bits>>10&31), float64(bits&1023)
		want := math.Ldexp(1+frac/1024, exp-15)
		switch {
		case exp == 0:
			want = math.Ldexp(frac, -24)
		case exp == 31 && frac == 0:
			want = math.Inf(1)
		case exp == 31:
			want = math.NaN()
		}
		if bits>>15 == 1 {
			want = -want
		}
		check(t, F16, bits, want)
	}
}

// TestBF16 compares every number with the float32 that it begins.
func TestBF16(t *testing.T) {
	for i := range 1 << 16 {
		check(t, BF16, uint16(i), float64(math.Float32frombits(uint32(i)<<16)))
	}
}

func check(t *testing.T, f Format, bits uint16, want float64) {
	t.Helper()
	var x [1]float32
	f.Widen(x[:], []uint16{bits})
	got := float64(x[0])
	if got != want && !(math.IsNaN(got) && math.IsNaN(want)) || math.Signbit(got) != (bits>>15 == 1) {
		t.Fatalf("%s %#04x: got %v, want %v", f, bits, got, want)
	}
}
