package main

import (
	"fmt"
	"math/bits"
)

// gemm8 writes the tiles of the int8 product for 1 to 4 rows of A and one panel of B, and the
// quantization of A's rows.
//
// Activations are unsigned and weights signed, a product that only the newest Arm CPUs have an
// instruction for. So 128 is taken from every activation, which makes it a signed byte, and given
// back: Σ u·q = Σ (u-128)·q + 128·Σ q, where Σ q is among the panel's parameters.
func gemm8(f *file) {
	for rows := 1; rows <= 4; rows++ {
		dotTile(f, rows)
	}
	for rows := 1; rows <= 4; rows++ {
		byteTile(f, rows)
	}
	quantize(f)
}

const tile8Signature = "(k int, a *uint8, lda int, b *int8, rows *float32, columns *float32, c *float32, ldc int)"

// The registers of both tiles. Accumulators are V0 to V15.
const (
	k8, b8, out8, ld8, params8, row8 R = 0, 1, 2, 3, 4, 5 // rows of A are R5 to R8
	x8                               V = 20               // 16 bytes of each row: V20 to V23
	bias8                            V = 31               // 128 in all bytes
)

// dotTile: SDOT adds four products in a lane. With 4 rows there are 16 accumulators, 4 registers
// for 16 inputs of each row and 8 for rows of the panel, so that the loads of the next four inputs
// do not wait for the last.
func dotTile(f *file, rows int) {
	f.function(fmt.Sprintf("int8Tile%dDot", rows), tile8Signature,
		fmt.Sprintf("is int8Tile for %d rows, with the dot product instructions. k is a multiple of 8.", rows))
	f.start8(rows)
	acc := func(r int) []V { return vectors(V(columns*r), columns) }
	f.comment("start from 128·Σ q")
	f.columnSums(acc(0))
	for r := 1; r < rows; r++ {
		for c := range columns {
			f.copy(acc(r)[c], acc(0)[c])
		}
	}

	f.loop8(rows, func(inputs int) {
		for i := range inputs / 4 {
			panel := vectors([]V{16, 24}[i%2], columns)
			f.loads(panel, b8, rowBytes*i)
			for r := range rows {
				for c := range columns {
					f.sdotLane(acc(r)[c], panel[c], x8+V(r), i)
				}
			}
		}
	})

	f.finish8(rows, acc)
	f.ins("RET")
}

// byteTile: SMULL and SMLAL add two products in 16 bits, where |2·128·127| fits, and SADALP adds
// pairs of those into 32 bits: three instructions for 16 products. A lane of an accumulator then
// has half a column, so that there is room for 8 columns only, and the panel is read in two halves.
func byteTile(f *file, rows int) {
	f.function(fmt.Sprintf("int8Tile%dNEON", rows), tile8Signature,
		fmt.Sprintf("is int8Tile for %d rows. k is a multiple of 8.", rows))
	const again R = 10
	f.ins("MOVD ZR, %v", again)
	f.label("half")
	f.start8(rows)
	f.ins("ADD %v, %v, %v", again, b8, b8)
	f.ins("ADD %v, %v, %v", again, params8, params8)
	acc := func(r int) []V { return vectors(V(4*r), 4) }
	for r := range rows {
		f.zero(acc(r)...)
	}

	const first, second, low, high V = 24, 25, 26, 27
	f.loop8(rows, func(inputs int) {
		for i := 0; i < inputs/4; i += 2 {
			f.loads(vectors(16, 2), b8, rowBytes*i)
			f.loads(vectors(18, 2), b8, rowBytes*(i+1))
			for r := range rows {
				f.ins("VDUP V%d.S[%d], %s", int(x8)+r, i, first.S4())
				f.ins("VDUP V%d.S[%d], %s", int(x8)+r, i+1, second.S4())
				for c := range V(2) {
					f.smull(low, 16+c, first, false)
					f.smull(high, 16+c, first, true)
					f.smlal(low, 18+c, second, false)
					f.smlal(high, 18+c, second, true)
					f.sadalp(acc(r)[2*c], low)
					f.sadalp(acc(r)[2*c+1], high)
				}
			}
		}
	})

	f.comment("put the halves of columns together, and add 128·Σ q")
	f.columnSums(vectors(16, 2))
	for r := range rows {
		for c := range 2 {
			d := acc(r)[c]
			f.ins("VADDP %s, %s, %s", acc(r)[2*c+1].S4(), acc(r)[2*c].S4(), d.S4())
			f.ins("VADD %s, %s, %s", V(16+c).S4(), d.S4(), d.S4())
		}
	}
	f.finish8(rows, func(r int) []V { return acc(r)[:2] }, again)
	f.ins("EOR $%d, %v, %v", rowBytes/2, again, again)
	f.ins("CBNZ %v, half", again)
	f.ins("RET")
}

func (f *file) start8(rows int) {
	f.arg("k", k8)
	f.arg("b", b8)
	f.arg("columns", params8)
	f.rowPointers("a", "lda", row8, rows, 0)
	f.ins("VMOVI $128, %s", bias8.B16())
}

// loop8 writes the loop over the inputs, 16 at a time and 8 at the end: step finds those of each
// row in V20 to V23, less 128, and the panel at b8.
func (f *file) loop8(rows int, step func(inputs int)) {
	f.steps(k8, 16, 8, func(inputs int) {
		for r := range rows {
			f.loadInputs(x8+V(r), row8+R(r), inputs)
		}
		for r := range V(rows) {
			f.ins("VEOR %s, %s, %s", bias8.B16(), (x8 + r).B16(), (x8 + r).B16())
		}
		step(inputs)
		f.ins("ADD $%d, %v, %v", inputs*panelWidth, b8, b8)
	})
}

// columnSums loads 128·Σ q of four columns a register.
func (f *file) columnSums(sums []V) {
	f.loads(sums, params8, 3*rowBytes)
	for _, v := range sums {
		f.ins("VSHL $7, %s, %s", v.S4(), v.S4())
	}
}

// finish8 writes C = sum · (row's step · column's scale) + row's low · column's sum + bias, for as
// many columns as there are accumulators, offset by the bytes in a register.
func (f *file) finish8(rows int, acc func(r int) []V, offset ...R) {
	f.comment("C = sum · (row's step · column's scale) + row's low · column's sum + bias")
	const row R = 9
	f.arg("rows", row)
	f.arg("c", out8)
	f.stride("ldc", ld8, 2)
	for _, r := range offset {
		f.ins("ADD %v, %v, %v", r, out8, out8)
	}
	for r := range rows { // step and low are the first lanes
		f.ins("FMOVD %d(%v), %s", 8*r, row, (x8 + V(r)).F())
	}
	const scale, sums, bias, factor V = 24, 25, 26, 27
	for c := range acc(0) {
		f.load(scale, params8, vectorBytes*c)
		f.load(sums, params8, rowBytes+vectorBytes*c)
		f.load(bias, params8, 2*rowBytes+vectorBytes*c)
		for r := range rows {
			d, params := acc(r)[c], x8+V(r)
			offset := V(28 + r%3)
			f.copy(offset, bias)
			f.fmlaLane(offset, sums, params, 1)
			f.fmulLane(factor, scale, params, 0)
			f.scvtf(d, d)
			f.fmla(offset, d, factor)
			f.copy(d, offset)
		}
	}
	for r := range rows {
		f.stores(acc(r), out8, 0)
		if r < rows-1 {
			f.ins("ADD %v, %v, %v", ld8, out8, out8)
		}
	}
}

// quantize writes the quantization of one row.
func quantize(f *file) {
	f.function("quantizeNEON", "(dst *uint8, src *float32, n int, quantMax float32, param *float32)",
		"is quantize for one row of n elements, a multiple of 16 and at least 16.")
	const dst, src, n, param, at R = 0, 1, 2, 3, 4
	f.arg("dst", dst)
	f.arg("src", src)
	f.arg("n", n)
	f.arg("param", param)
	f.useConstants()

	f.comment("the range of the row, zero included")
	x, low, high := vectors(0, 4), vectors(4, 4), vectors(8, 4)
	f.zero(low...)
	f.zero(high...)
	f.ins("MOVD %v, %v", src, at)
	f.ins("MOVD %v, R5", n)
	f.label("range")
	f.loads(x, at, 0)
	for i := range x {
		f.fmin(low[i], low[i], x[i])
		f.fmax(high[i], high[i], x[i])
	}
	f.ins("ADD $%d, %v, %v", rowBytes, at, at)
	f.ins("SUBS $16, R5, R5")
	f.ins("BNE range")
	f.fold(low, f.fmin)
	f.fminv(low[0], low[0])
	f.fold(high, f.fmax)
	f.fmaxv(high[0], high[0])

	f.comment("step = (high - low)/quantMax, and its inverse; a row of zeros has range 0: its step is 0 and all its bytes are")
	const quantMax, width, step, inverse, limit V = 16, 17, 18, 19, 20
	f.ins("FMOVS %s, %s", f.param("quantMax"), quantMax.F())
	f.ins("FSUBS %s, %s, %s", low[0].F(), high[0].F(), width.F())
	f.ins("FDIVS %s, %s, %s", quantMax.F(), width.F(), step.F())
	f.ins("FMOVS %s, (%v)", step.F(), param)
	f.ins("FMOVS %s, 4(%v)", low[0].F(), param)
	f.splatBits(0x00800000, limit)
	f.ins("FMAXS %s, %s, %s", limit.F(), width.F(), width.F())
	f.ins("FDIVS %s, %s, %s", width.F(), quantMax.F(), inverse.F())
	f.splatBits(0x7f7fffff, limit)
	f.ins("FMINS %s, %s, %s", limit.F(), inverse.F(), inverse.F())
	f.ins("VDUP V%d.S[0], %s", int(low[0]), low[0].S4())

	f.comment("round((x - low) · inverse), 16 at a time; the results fit a byte, so that the low bytes are all there is")
	f.label("round")
	f.loads(x, src, 0)
	f.ins("ADD $%d, %v, %v", rowBytes, src, src)
	for _, x := range x {
		f.fsub(x, x, low[0])
	}
	for _, x := range x {
		f.fmulLane(x, x, inverse, 0)
	}
	for _, x := range x {
		f.fcvtns(x, x)
	}
	f.ins("VUZP1 %s, %s, %s", x[1].H8(), x[0].H8(), x[0].H8())
	f.ins("VUZP1 %s, %s, %s", x[3].H8(), x[2].H8(), x[2].H8())
	f.ins("VUZP1 %s, %s, %s", x[2].B16(), x[0].B16(), x[0].B16())
	f.ins("FMOVQ.P %s, %d(%v)", x[0].F(), vectorBytes, dst)
	f.ins("SUBS $16, %v, %v", n, n)
	f.ins("BNE round")
	f.ins("RET")
}

// fold combines four registers into the first.
func (f *file) fold(v []V, by func(d, n, m V)) {
	by(v[0], v[0], v[1])
	by(v[2], v[2], v[3])
	by(v[0], v[0], v[2])
}

// steps writes a loop that takes whole steps of k, a power of two, and a half step if one is left.
func (f *file) steps(k R, whole, half int, step func(n int)) {
	f.ins("SUBS $%d, %v, %v", whole, k, k)
	f.ins("BLT tail")
	f.label("loop")
	step(whole)
	f.ins("SUBS $%d, %v, %v", whole, k, k)
	f.ins("BGE loop")
	f.label("tail")
	f.ins("TBZ $%d, %v, done", bits.TrailingZeros(uint(half)), k)
	step(half)
	f.label("done")
}

// loadInputs loads the next 16 or 8 bytes of a row and goes past them.
func (f *file) loadInputs(v V, row R, bytes int) {
	move := map[int]string{16: "FMOVQ", 8: "FMOVD"}[bytes]
	f.ins("%s.P %d(%v), %s", move, bytes, row, v.F())
}
