package kernel

import (
	"math"
	"unsafe"
)

// dotTile returns the plain version of the microkernel for pairs of bfloat16 numbers of a given
// height: C = init + A·B, where k counts pairs. It adds as VDPBF16PS does: of each pair first the
// product of the second numbers, then that of the first, each with one rounding, to the nearest
// float32. Operands that are subnormal count as zero, and a sum that is subnormal becomes zero.
func dotTile(rows int) microkernel {
	return func(k int, a *float32, lda int, b, init *float32, ldi int, c *float32, ldc int, _ *float32, _ int) {
		panel := numbersOf(view(b, k*Width))
		for r := range rows {
			var sums [Width]float32
			copy(sums[:], view(skip(init, r*ldi), Width))
			row := numbersOf(view(skip(a, r*lda), k))
			for i := range k {
				x0, x1 := number(row[2*i]), number(row[2*i+1])
				for j := range sums {
					w := panel[2*(i*Width+j):]
					sum := flush(float32(float64(flush(sums[j])) + x1*number(w[1])))
					sums[j] = flush(float32(float64(sum) + x0*number(w[0])))
				}
			}
			copy(view(skip(c, r*ldc), Width), sums[:])
		}
	}
}

// dotPair returns the plain version of the microkernel of a given height for two panels.
func dotPair(rows int) microkernelPair { return twoPanels(dotTile(rows)) }

// number is a bfloat16 number, without those that are subnormal. The product of two is exact in
// float64, and so close to its sum with a float32 is that rounding it twice changes nothing.
func number(bits uint16) float64 {
	return float64(flush(math.Float32frombits(uint32(bits) << 16)))
}

// flush makes subnormal numbers zero.
func flush(x float32) float32 {
	const smallest = 1 << 23
	if bits := math.Float32bits(x); bits&^(1<<31) < smallest {
		return math.Float32frombits(bits & (1 << 31))
	}
	return x
}

// roundPairsGeneric writes n elements rounded to bfloat16, see round. n is a multiple of Width.
func roundPairsGeneric(dst *uint16, src *float32, n int) {
	roundTo(unsafe.Slice(dst, n), view(src, n))
}

func roundTo(dst []uint16, src []float32) {
	for i, v := range src {
		dst[i] = uint16(math.Float32bits(round(v)) >> 16)
	}
}

// roundSwapped writes elements rounded as roundPairs does, as float32, with those of each pair in
// the other order.
func roundSwapped(dst, src []float32) {
	src = src[:len(dst)]
	for i := 0; i+1 < len(dst); i += 2 {
		dst[i], dst[i+1] = round(src[i+1]), round(src[i])
	}
}

// round rounds to the nearest bfloat16 number, and to the even one of two. Subnormal numbers become
// zero. Magnitudes are in the order of their bits.
func round(x float32) float32 {
	const smallest, infinite = 1 << 23, 0x7f800000
	bits := math.Float32bits(x)
	switch magnitude := bits &^ (1 << 31); {
	case magnitude < smallest:
		bits &= 1 << 31
	case magnitude <= infinite:
		bits = (bits + 0x7fff + bits>>16&1) &^ 0xffff
	default: // a NaN whose fraction rounds to none would be infinite
		bits = (bits | 1<<22) &^ 0xffff
	}
	return math.Float32frombits(bits)
}
