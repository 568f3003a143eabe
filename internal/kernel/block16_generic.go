package kernel

import (
	"math"
	"unsafe"
)

// int16Block is the plain version of the product of a block of rows and panels in planes: C =
// sum·(step·scale) + bias, as in int16Tile, where a number is its low byte, which is unsigned, and
// 256 times its high byte, which is signed.
func int16Block(k int, low *uint8, ldl int, high *uint8, ldh, rows int, b *int8, panels int, perRow, columns, c *float32, ldc int) {
	for p := range panels {
		planes := unsafe.Slice((*int8)(unsafe.Add(unsafe.Pointer(b), p*2*k*Width)), 2*k*Width)
		params := view(skip(columns, p*columnParams16), columnParams16)
		for r := range rows {
			rowLow := unsafe.Slice((*uint8)(unsafe.Add(unsafe.Pointer(low), r*ldl)), k)
			rowHigh := unsafe.Slice((*int8)(unsafe.Add(unsafe.Pointer(high), r*ldh)), k)
			var sum [Width]int32
			for i := range k {
				a := int32(rowLow[i]) + int32(rowHigh[i])<<8
				for j := range sum {
					at := i/4*4*Width + j*4 + i%4
					sum[j] += a * (int32(uint8(planes[at])) + int32(planes[at+k*Width])<<8)
				}
			}
			step := *skip(perRow, r)
			out := view(skip(c, r*ldc+p*Width), Width)
			for j := range out {
				out[j] = float32(math.FMA(float64(float32(sum[j])), float64(step*params[j]), float64(params[Width+j])))
			}
		}
	}
}

// split16Generic writes the low bytes of n words to low and their high bytes to the first n bytes
// of the words' memory.
func split16Generic(low *uint8, words *int16, n int) {
	high := unsafe.Slice((*uint8)(unsafe.Pointer(words)), n)
	for i, w := range unsafe.Slice(words, n) {
		unsafe.Slice(low, n)[i] = uint8(w)
		high[i] = uint8(uint16(w) >> 8)
	}
}
