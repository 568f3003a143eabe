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

// TestNarrow rounds every number of either format, the middle between it and the next one, and the
// float32 on both sides of that.
func TestNarrow(t *testing.T) {
	for _, f := range []Format{F16, BF16} {
		infinite := map[Format]uint16{F16: 0x7c00, BF16: 0x7f80}[f]
		for bits := range infinite {
			here, next := wide(f, bits), float64(wide(f, bits+1))
			if bits+1 == infinite {
				next = 2*float64(here) - float64(wide(f, bits-1)) // where the next number would be
			}
			middle := float32((float64(here) + next) / 2)
			even := bits + bits&1
			for _, c := range []struct {
				value float32
				want  uint16
			}{
				{here, bits},
				{math.Nextafter32(middle, here), bits},
				{middle, even},
				{math.Nextafter32(middle, float32(math.Inf(1))), bits + 1},
			} {
				for _, sign := range []uint16{0, 1 << 15} {
					checkNarrow(t, f, c.value*(1-2*float32(sign>>15)), c.want|sign)
				}
			}
		}
		checkNarrow(t, f, float32(math.Inf(1)), infinite)
		checkNarrow(t, f, math.MaxFloat32, infinite)
	}
}

func wide(f Format, bits uint16) float32 {
	var x [1]float32
	f.Widen(x[:], []uint16{bits})
	return x[0]
}

func checkNarrow(t *testing.T, f Format, x float32, want uint16) {
	t.Helper()
	var got [1]uint16
	f.Narrow(got[:], []float32{x})
	if got[0] != want {
		t.Fatalf("%s: %g (%#08x) becomes %#04x, want %#04x", f, x, math.Float32bits(x), got[0], want)
	}
	overflows := f.Overflow([]float32{1, x, 0}) == 1
	if infinite := want&^(1<<15) == map[Format]uint16{F16: 0x7c00, BF16: 0x7f80}[f]; overflows != infinite {
		t.Fatalf("%s: Overflow of %g is %v, want %v", f, x, overflows, infinite)
	}
}

func TestNarrowKeepsNaN(t *testing.T) {
	for _, f := range []Format{F16, BF16} {
		for _, bits := range []uint32{0x7f800001, 0x7fc00000, 0xffffffff} {
			var got [1]uint16
			f.Narrow(got[:], []float32{math.Float32frombits(bits)})
			if x := wide(f, got[0]); x == x {
				t.Errorf("%s: the NaN %#08x becomes %#04x, which is %g", f, bits, got[0], x)
			}
		}
	}
}

func TestMax(t *testing.T) {
	for f, bits := range map[Format]uint16{F16: 0x7bff, BF16: 0x7f7f} {
		if got, want := f.Max(), wide(f, bits); got != want {
			t.Errorf("%s: got %g, want %g", f, got, want)
		}
	}
}
