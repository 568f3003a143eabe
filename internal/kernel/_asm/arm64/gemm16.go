package main

import "fmt"

// gemm16 writes the tiles of the int16 product for 1 to 4 rows of A and one panel of B, and the
// quantization of A's rows.
//
// NEON has no product of 16-bit pairs that adds them, so the two inputs of a column, side by side
// in the panel, are parted (UZP1, UZP2) and SMLAL multiplies four columns by one element of A: as
// many products an instruction as in float32, from half the memory. The elements of A are in V0 to
// V3, the only half of the registers that such lanes can be taken of.
func gemm16(f *file) {
	for rows := 1; rows <= 4; rows++ {
		wordTile(f, rows)
	}
	quantize16(f)
}

func wordTile(f *file, rows int) {
	f.function(fmt.Sprintf("int16Tile%dNEON", rows),
		"(k int, a *int16, lda int, b *int16, rows *float32, columns *float32, c *float32, ldc int)",
		fmt.Sprintf("is int16Tile for %d rows. k is a multiple of 4.", rows))
	const k, b, at, ld, params, row R = 0, 1, 2, 3, 4, 5
	f.arg("k", k)
	f.arg("b", b)
	f.rowPointers("a", "lda", row, rows, 1)
	acc := func(r int) []V { return vectors(V(4+columns*r), columns) } // V4 to V19
	for r := range rows {
		f.zero(acc(r)...)
	}

	f.steps(k, 8, 4, func(count int) {
		for r := range rows {
			f.loadInputs(V(r), row+R(r), 2*count)
		}
		for i := 0; i < count; i += 2 {
			pairs, inputs := vectors(20, columns), vectors(24, 4)
			f.loads(pairs, b, rowBytes/2*i)
			for h := range 2 { // eight columns: first input, second input
				f.ins("VUZP1 %s, %s, %s", pairs[2*h+1].H8(), pairs[2*h].H8(), inputs[2*h].H8())
				f.ins("VUZP2 %s, %s, %s", pairs[2*h+1].H8(), pairs[2*h].H8(), inputs[2*h+1].H8())
			}
			for input := range 2 {
				for r := range rows {
					for c := range columns {
						f.smlalLane(acc(r)[c], inputs[c/2*2+input], V(r), i+input, c%2 == 1)
					}
				}
			}
		}
		f.ins("ADD $%d, %v, %v", 2*count*panelWidth, b, b)
	})

	f.comment("C = sum · (row's step · column's scale) + bias")
	f.arg("rows", k)
	f.arg("columns", params)
	f.arg("c", at)
	f.stride("ldc", ld, 2)
	for r := range rows {
		f.ins("FMOVS %d(%v), %s", 4*r, k, V(r).F())
	}
	scale, bias := vectors(20, columns), vectors(24, columns)
	f.loads(scale, params, 0)
	f.loads(bias, params, rowBytes)
	for r := range rows {
		for c, sum := range acc(r) {
			const factor, result V = 28, 29
			f.fmulLane(factor, scale[c], V(r), 0)
			f.scvtf(sum, sum)
			f.copy(result, bias[c])
			f.fmla(result, sum, factor)
			f.copy(sum, result)
		}
		f.stores(acc(r), at, 0)
		if r < rows-1 {
			f.ins("ADD %v, %v, %v", ld, at, at)
		}
	}
	f.ins("RET")
}

// quantize16 writes the quantization of one row.
func quantize16(f *file) {
	f.function("quantize16NEON", "(dst *int16, src *float32, n int, quantMax float32, param *float32)",
		"is quantize16 for one row of n elements, a multiple of 16 and at least 16.")
	const dst, src, n, param, at R = 0, 1, 2, 3, 4
	f.arg("dst", dst)
	f.arg("src", src)
	f.arg("n", n)
	f.arg("param", param)
	f.useConstants()

	f.comment("the largest magnitude")
	x, top := vectors(0, 4), vectors(4, 4)
	f.zero(top...)
	f.ins("MOVD %v, %v", src, at)
	f.ins("MOVD %v, R5", n)
	f.label("range")
	f.loads(x, at, 0)
	for i := range x {
		f.fabs(x[i], x[i])
		f.fmax(top[i], top[i], x[i])
	}
	f.ins("ADD $%d, %v, %v", rowBytes, at, at)
	f.ins("SUBS $16, R5, R5")
	f.ins("BNE range")
	f.fold(top, f.fmax)
	f.fmaxv(top[0], top[0])

	f.comment("step = top/quantMax, and its inverse")
	const quantMax, step, inverse, limit V = 16, 18, 19, 20
	f.ins("FMOVS %s, %s", f.param("quantMax"), quantMax.F())
	f.ins("FDIVS %s, %s, %s", quantMax.F(), top[0].F(), step.F())
	f.ins("FMOVS %s, (%v)", step.F(), param)
	f.splatBits(0x00800000, limit)
	f.ins("FMAXS %s, %s, %s", limit.F(), top[0].F(), top[0].F())
	f.ins("FDIVS %s, %s, %s", top[0].F(), quantMax.F(), inverse.F())
	f.splatBits(0x7f7fffff, limit)
	f.ins("FMINS %s, %s, %s", limit.F(), inverse.F(), inverse.F())

	f.comment("round(x · inverse), 16 at a time; the results fit 16 bits, so that the low halves are all there is")
	f.label("round")
	f.loads(x, src, 0)
	f.ins("ADD $%d, %v, %v", rowBytes, src, src)
	for _, x := range x {
		f.fmulLane(x, x, inverse, 0)
	}
	for _, x := range x {
		f.fcvtns(x, x)
	}
	f.ins("VUZP1 %s, %s, %s", x[1].H8(), x[0].H8(), x[0].H8())
	f.ins("VUZP1 %s, %s, %s", x[3].H8(), x[2].H8(), x[1].H8())
	f.stores(x[:2], dst, 0)
	f.ins("ADD $%d, %v, %v", 2*vectorBytes, dst, dst)
	f.ins("SUBS $16, %v, %v", n, n)
	f.ins("BNE round")
	f.ins("RET")
}
