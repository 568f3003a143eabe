package webgpu

import "math"

// narrow rounds to IEEE 754 binary16, ties to even. Adding ½ to a magnitude below 2⁻¹⁴ leaves
// multiples of 2⁻²⁴ in the low bits of the sum, which are the subnormal numbers.
func narrow(v float32) uint16 {
	bits := math.Float32bits(v)
	sign, magnitude := uint16(bits>>16&0x8000), bits&^(1<<31)
	switch {
	case magnitude < 113<<23:
		return sign | uint16(math.Float32bits(math.Float32frombits(magnitude)+0.5)-126<<23)
	case magnitude < 0x477ff000:
		return sign | uint16((magnitude-112<<23+0xfff+magnitude>>13&1)>>13)
	}
	return sign | 0x7c00
}
