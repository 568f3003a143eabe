package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// gemm8 writes the tiles of the int8 product for 1 to 4 rows of A and one panel of B, and the
// quantization of A's rows.
//
// VPMADDUBSW multiplies unsigned by signed bytes and adds neighbours into 16 bits. Pack8 has seen
// to it that three of its results can be added there without overflow before VPMADDWD widens them
// to 32 bits: four multiplications for 96 multiply-adds instead of six. With 4 rows there are 8
// accumulators, 4 registers for the first 8 of 12 rows of the panel, the others being read as
// operands, and 4 to work in: all 16.
func gemm8() {
	for rows := 1; rows <= 4; rows++ {
		tile8(rows)
	}
	quantize()
}

func tile8(rows int) {
	const columns = 2
	name := fmt.Sprintf("int8Tile%dAVX2", rows)
	TEXT(name, NOSPLIT, "func(k int, a *uint8, lda int, b *int8, rows *float32, columns *float32, c *float32, ldc int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s is int8Tile for %d rows. k is a multiple of 4 and at least 4.", name, rows))
	k := Load(Param("k"), GP64())
	a := Load(Param("a"), GP64())
	lda := Load(Param("lda"), GP64())
	three := GP64()
	if rows > 3 {
		LEAQ(Mem{Base: lda, Index: lda, Scale: 2}, three)
	}
	b := Load(Param("b"), GP64())
	var acc [4][columns]VecVirtual
	for r := range rows {
		for c := range columns {
			acc[r][c] = YMM()
			VPXOR(acc[r][c], acc[r][c], acc[r][c])
		}
	}
	ones := splatBits(0x00010001)

	SUBQ(Imm(12), k)
	JLT(LabelRef("tail"))
	Label("loop")
	Comment("12 rows of the panel: 4 side by side in every column, then the next 4, then the next")
	var panel [2][columns]VecVirtual
	for half := range 2 {
		for c := range columns {
			panel[half][c] = YMM()
			VMOVDQU(Mem{Base: b, Disp: vectorBytes * (half*columns + c)}, panel[half][c])
		}
	}
	third := func(c int) Mem { return Mem{Base: b, Disp: vectorBytes * (2*columns + c)} }
	for r := range rows {
		x, y := YMM(), YMM()
		p, q := YMM(), YMM()
		VPBROADCASTD(rowAt(a, lda, three, r, 0), x)
		VPMADDUBSW(panel[0][0], x, p)
		VPMADDUBSW(panel[0][1], x, x)
		VPBROADCASTD(rowAt(a, lda, three, r, 4), y)
		VPMADDUBSW(panel[1][0], y, q)
		VPMADDUBSW(panel[1][1], y, y)
		VPADDW(q, p, p)
		VPADDW(y, x, x)
		VPBROADCASTD(rowAt(a, lda, three, r, 8), y)
		VPMADDUBSW(third(0), y, q)
		VPMADDUBSW(third(1), y, y)
		VPADDW(q, p, p)
		VPADDW(y, x, x)
		VPMADDWD(ones, p, p)
		VPMADDWD(ones, x, x)
		VPADDD(p, acc[r][0], acc[r][0])
		VPADDD(x, acc[r][1], acc[r][1])
	}
	ADDQ(Imm(12), a)
	ADDQ(U32(6*vectorBytes), b)
	SUBQ(Imm(12), k)
	JGE(LabelRef("loop"))

	Label("tail")
	ADDQ(Imm(12), k)
	JZ(LabelRef("store"))
	Label("single")
	for r := range rows {
		x, p := YMM(), YMM()
		VPBROADCASTD(rowAt(a, lda, three, r, 0), x)
		VPMADDUBSW(Mem{Base: b}, x, p)
		VPMADDUBSW(Mem{Base: b, Disp: vectorBytes}, x, x)
		VPMADDWD(ones, p, p)
		VPMADDWD(ones, x, x)
		VPADDD(p, acc[r][0], acc[r][0])
		VPADDD(x, acc[r][1], acc[r][1])
	}
	ADDQ(Imm(4), a)
	ADDQ(U32(2*vectorBytes), b)
	SUBQ(Imm(4), k)
	JNZ(LabelRef("single"))
	Label("store")

	Comment("C = sum · (row's step · column's scale) + row's low · column's sum + bias")
	rowParams := Load(Param("rows"), GP64())
	colParams := Load(Param("columns"), GP64())
	out := newRows(rows, Load(Param("c"), GP64()), Load(Param("ldc"), GP64()))
	for c := range columns {
		col := func(i int) Mem { return Mem{Base: colParams, Disp: 2*vectorBytes*i + vectorBytes*c} }
		scale := YMM()
		VMOVUPS(col(0), scale)
		sums := YMM()
		VMOVUPS(col(1), sums)
		for r := range rows {
			step, low := YMM(), YMM()
			VBROADCASTSS(Mem{Base: rowParams, Disp: 8 * r}, step)
			VBROADCASTSS(Mem{Base: rowParams, Disp: 8*r + 4}, low)
			VMULPS(scale, step, step)
			VFMADD213PS(col(2), sums, low)
			VCVTDQ2PS(acc[r][c], acc[r][c])
			VFMADD213PS(low, step, acc[r][c])
			VMOVUPS(acc[r][c], out.at(r, vectorBytes*c))
		}
	}
	VZEROUPPER()
	RET()
}

// quantize writes the quantization of one row.
func quantize() {
	TEXT("quantizeAVX2", NOSPLIT, "func(dst *uint8, src *float32, n int, quantMax float32, param *float32)")
	Pragma("noescape")
	Doc("quantizeAVX2 is quantize for one row of n elements, a multiple of 16 and at least 16.")
	dst := Load(Param("dst"), GP64())
	src := Load(Param("src"), GP64())
	n := Load(Param("n"), GP64())
	param := Load(Param("param"), GP64())
	end := GP64()
	MOVQ(n, end)
	SHLQ(Imm(2), end)

	Comment("the range of the row, zero included")
	low, high, low1, high1 := YMM(), YMM(), YMM(), YMM()
	for _, y := range []VecVirtual{low, high, low1, high1} {
		VXORPS(y, y, y)
	}
	at := GP64()
	XORQ(at, at)
	Label("range")
	v, w := YMM(), YMM()
	VMOVUPS(Mem{Base: src, Index: at, Scale: 1}, v)
	VMOVUPS(Mem{Base: src, Index: at, Scale: 1, Disp: vectorBytes}, w)
	VMINPS(v, low, low)
	VMAXPS(v, high, high)
	VMINPS(w, low1, low1)
	VMAXPS(w, high1, high1)
	ADDQ(Imm(2*vectorBytes), at)
	CMPQ(at, end)
	JLT(LabelRef("range"))
	VMINPS(low1, low, low)
	VMAXPS(high1, high, high)
	reduce(low, func(a, b, dst Op) { VMINPS(a, b, dst) })
	reduce(high, func(a, b, dst Op) { VMAXPS(a, b, dst) })

	inverse := YMM()
	VBROADCASTSS(quantizeStep(low.AsX(), high.AsX(), param), inverse)
	VBROADCASTSS(low.AsX(), low)

	Comment("round((x - low) · inverse), 16 at a time; packing keeps 128-bit lanes apart, so quarters are put in order after it")
	XORQ(at, at)
	Label("round")
	x, y := YMM(), YMM()
	VMOVUPS(Mem{Base: src, Index: at, Scale: 4}, x)
	VMOVUPS(Mem{Base: src, Index: at, Scale: 4, Disp: vectorBytes}, y)
	VSUBPS(low, x, x)
	VSUBPS(low, y, y)
	VMULPS(inverse, x, x)
	VMULPS(inverse, y, y)
	VCVTPS2DQ(x, x)
	VCVTPS2DQ(y, y)
	VPACKSSDW(y, x, x)
	VPERMQ(U8(0xd8), x, x)
	bytes := XMM()
	VEXTRACTI128(U8(1), x, bytes)
	VPACKUSWB(bytes, x.AsX(), bytes)
	VMOVDQU(bytes, Mem{Base: dst, Index: at, Scale: 1})
	ADDQ(Imm(16), at)
	CMPQ(at, n)
	JLT(LabelRef("round"))
	VZEROUPPER()
	RET()
}
