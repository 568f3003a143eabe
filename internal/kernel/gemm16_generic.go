package kernel

import (
	"math"
	"unsafe"
)

// int16Tile returns the plain version of the int16 microkernel of a given height: C =
// sum·(step·scale) + bias, where sum is the exact product of a row of A and a column of B. k is a
// multiple of 4. rows holds each row's step, columns the panel's parameters.
func int16Tile(height int) microkernel16 {
	return func(k int, a *int16, lda int, b *int16, rows, columns, c *float32, ldc int) {
		panel, params := unsafe.Slice(b, k*Width), view(columns, columnParams16)
		for r := range height {
			row := unsafe.Slice((*int16)(unsafe.Add(unsafe.Pointer(a), 2*r*lda)), k)
			var sum [Width]int32
			for i, u := range row {
				for j := range sum {
					sum[j] += int32(u) * int32(panel[i/2*2*Width+j*2+i%2])
				}
			}
			step := view(rows, height)[r]
			out := view(skip(c, r*ldc), Width)
			for j := range out {
				out[j] = float32(math.FMA(float64(float32(sum[j])), float64(step*params[j]), float64(params[Width+j])))
			}
		}
	}
}

// int16Pair returns the plain version of the int16 microkernel of a given height for two panels.
func int16Pair(height int) microkernelPair16 {
	tile := int16Tile(height)
	return func(k int, a *int16, lda int, b *int16, apart int, rows, columns, c *float32, ldc int, _ *int16) {
		tile(k, a, lda, b, rows, columns, c, ldc)
		tile(k, a, lda, &unsafe.Slice(b, apart+1)[apart], rows, skip(columns, columnParams16), skip(c, Width), ldc)
	}
}

// quantize16Generic writes n numbers q with src ≈ step·q, |q| at most quantMax, and writes step to
// param.
func quantize16Generic(dst *int16, src *float32, n int, quantMax float32, param *float32) {
	var top float32
	for _, v := range view(src, n) {
		top = max(top, v, -v)
	}
	*param = top / quantMax
	inverse := min(quantMax/max(top, 0x1p-126), math.MaxFloat32)
	out := unsafe.Slice(dst, n)
	for i, v := range view(src, n) {
		out[i] = int16(math.RoundToEven(float64(v * inverse)))
	}
}
