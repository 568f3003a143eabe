// Package half has the floating-point numbers of 16 bits that weights files hold, as float32: IEEE
// 754 binary16, and bfloat16, which is the upper half of a float32. Every value of either is a
// float32.
package half

import "math"

// Format is one of the two, by the name that safetensors files have for it.
type Format string

const (
	F16  Format = "F16"
	BF16 Format = "BF16"
)

// Widen writes the first values of src to dst, as many as fill it.
func (f Format) Widen(dst []float32, src []uint16) {
	src = src[:len(dst)]
	if f == BF16 {
		for i, bits := range src {
			dst[i] = math.Float32frombits(uint32(bits) << 16)
		}
		return
	}
	for i, bits := range src {
		dst[i] = widen(bits)
	}
}

// widen moves exponent and fraction to where float32 has them and corrects the exponent's bias by a
// multiplication, which also makes subnormal numbers normal. Infinities and NaNs keep their
// fractions.
func widen(bits uint16) float32 {
	const infinite = 31 << 23
	magnitude, sign := uint32(bits&0x7fff)<<13, uint32(bits&0x8000)<<16
	if magnitude >= infinite {
		return math.Float32frombits(sign | magnitude | 0x7f800000)
	}
	scaled := math.Float32frombits(magnitude) * 0x1p112
	return math.Float32frombits(sign | math.Float32bits(scaled))
}
