package kernel

import (
	"math"
	"unsafe"
)

// int8Tile returns the plain version of the int8 microkernel of a given height: C =
// sum·(step·scale) + low·columnSum + bias, where sum is the exact Σ u·q of a row of A and a column
// of B. k is a multiple of 8. rows holds the step and low of each row, columns the panel's
// parameters.
func int8Tile(height int) microkernel8 {
	return func(k int, a *uint8, lda int, b *int8, rows, columns, c *float32, ldc int) {
		panel, params := unsafe.Slice(b, k*Width), view(columns, columnParams)
		for r := range height {
			row := unsafe.Slice((*uint8)(unsafe.Add(unsafe.Pointer(a), r*lda)), k)
			var sum [Width]int32
			for i, u := range row {
				for j := range sum {
					sum[j] += int32(u) * int32(panel[i/4*4*Width+j*4+i%4])
				}
			}
			step, low := view(rows, 2*height)[2*r], view(rows, 2*height)[2*r+1]
			out := view(skip(c, r*ldc), Width)
			for j := range out {
				offset := float32(math.FMA(float64(low), float64(params[Width+j]), float64(params[2*Width+j])))
				out[j] = float32(math.FMA(float64(float32(sum[j])), float64(step*params[j]), float64(offset)))
			}
		}
	}
}

// int8Pair returns the plain version of the int8 microkernel of a given height for two panels.
func int8Pair(height int) microkernelPair8 {
	tile := int8Tile(height)
	return func(k int, a *uint8, lda int, b *int8, apart int, rows, columns, c *float32, ldc int, _ *int8) {
		tile(k, a, lda, b, rows, columns, c, ldc)
		tile(k, a, lda, &unsafe.Slice(b, apart+1)[apart], rows, skip(columns, columnParams), skip(c, Width), ldc)
	}
}

// quantizeGeneric writes n bytes u with src ≈ low + step·u, and step and low to param.
func quantizeGeneric(dst *uint8, src *float32, n int, quantMax float32, param *float32) {
	row := view(src, n)
	var low, high float32
	for _, v := range row {
		low, high = min(low, v), max(high, v)
	}
	width := high - low
	step := width / quantMax
	inverse := min(quantMax/max(width, 0x1p-126), math.MaxFloat32)
	for i, v := range row {
		unsafe.Slice(dst, n)[i] = uint8(math.RoundToEven(float64((v - low) * inverse)))
	}
	out := view(param, 2)
	out[0], out[1] = step, low
}
