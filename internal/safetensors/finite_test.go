package safetensors

import (
	"encoding/binary"
	"math"
	"testing"
)

// TestNotFinite puts each kind of number at each place of a list whose length is no multiple of
// what is looked at together.
func TestNotFinite(t *testing.T) {
	const n = 37
	for _, c := range []struct {
		dtype DType
		bits  uint32
		want  bool // finite
	}{
		{F32, 0x7f7fffff, true}, {F32, 0xff7fffff, true}, {F32, 1, true}, {F32, 0x80000000, true}, {F32, 0x7f000000, true},
		{F32, 0x7f800000, false}, {F32, 0xff800000, false}, {F32, 0x7fc00000, false}, {F32, 0xffffffff, false}, {F32, 0x7f800001, false},
		{F16, 0x7bff, true}, {F16, 0xfbff, true}, {F16, 0x0001, true}, {F16, 0x8000, true},
		{F16, 0x7c00, false}, {F16, 0xfc00, false}, {F16, 0x7e00, false}, {F16, 0xffff, false},
		{BF16, 0x7f7f, true}, {BF16, 0xff7f, true}, {BF16, 0x7c00, true}, {BF16, 0x8000, true},
		{BF16, 0x7f80, false}, {BF16, 0xff80, false}, {BF16, 0x7fc0, false}, {BF16, 0xffff, false},
	} {
		size := int(bitsOf[c.dtype] / 8)
		for at := range n {
			src := make([]byte, n*size)
			if size == 4 {
				binary.LittleEndian.PutUint32(src[at*size:], c.bits)
			} else {
				binary.LittleEndian.PutUint16(src[at*size:], uint16(c.bits))
			}
			want := at
			if c.want {
				want = -1
			}
			if got := notFinite(src, c.dtype); got != want {
				t.Errorf("%s %#x at %d: got %d, want %d", c.dtype, c.bits, at, got, want)
			}
		}
	}
	if got := notFinite(nil, F32); got != -1 {
		t.Errorf("nothing: got %d, want -1", got)
	}
}

func BenchmarkNotFinite(b *testing.B) {
	src := make([]byte, chunk)
	for i := range len(src) / 4 {
		binary.LittleEndian.PutUint32(src[4*i:], math.Float32bits(float32(i)))
	}
	for _, t := range []DType{F32, F16, BF16} {
		b.Run("type="+string(t), func(b *testing.B) {
			b.SetBytes(chunk)
			for b.Loop() {
				notFinite(src, t)
			}
		})
	}
}
