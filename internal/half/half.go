// Package half converts the floating-point numbers of 16 bits that weights are stored and held in:
// IEEE 754 binary16, and bfloat16, which is the upper half of a float32. Every value of either is a
// float32.
package half

import (
	"math"
	"slices"
)

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

// Narrow writes src, rounded to the nearest value and to the even one of two, to dst, which is as
// long. What is too large becomes infinite, see [Format.Overflow].
func (f Format) Narrow(dst []uint16, src []float32) {
	dst = dst[:len(src)]
	if f == BF16 {
		for i, v := range src {
			bits := math.Float32bits(v)
			if v != v {
				bits |= 1 << 22 // a NaN whose fraction rounds to none would be infinite
			} else {
				bits += 0x7fff + bits>>16&1
			}
			dst[i] = uint16(bits >> 16)
		}
		return
	}
	for i, v := range src {
		dst[i] = narrow(v)
	}
}

// narrow rounds to binary16. Adding ½ to a magnitude below 2⁻¹⁴ leaves multiples of 2⁻²⁴ in the low
// bits of the sum's fraction, which are the subnormal numbers.
func narrow(v float32) uint16 {
	const half, normal, infinite = 126 << 23, 113 << 23, 0x7c00
	bits := math.Float32bits(v)
	sign, magnitude := uint16(bits>>16&0x8000), bits&^(1<<31)
	switch {
	case magnitude < normal:
		return sign | uint16(math.Float32bits(math.Float32frombits(magnitude)+0.5)-half)
	case magnitude < F16.limit():
		return sign | uint16((magnitude-112<<23+0xfff+magnitude>>13&1)>>13)
	case v == v:
		return sign | infinite
	}
	return sign | infinite | 1<<9
}

// limit is the least magnitude, as the bits of a float32, that rounds to infinity.
func (f Format) limit() uint32 {
	if f == BF16 {
		return 0x7f7f8000
	}
	return 0x477ff000 // 65,520
}

// Max is the largest finite number.
func (f Format) Max() float32 {
	if f == BF16 {
		return 0x1.fep127
	}
	return 65504
}

// Overflow returns the index of the first element of x that is too large for f; -1: none is.
func (f Format) Overflow(x []float32) int {
	limit, top := f.limit(), uint32(0)
	for _, v := range x {
		top = max(top, math.Float32bits(v)&^(1<<31)) // magnitudes are in the order of their bits
	}
	if top < limit {
		return -1
	}
	return slices.IndexFunc(x, func(v float32) bool { return math.Float32bits(v)&^(1<<31) >= limit })
}
