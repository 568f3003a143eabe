package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// gemm16 writes the tiles of the int16 product for 1 to 4 rows of A and one panel of B, and the
// quantization of A's rows. VPMADDWD multiplies 16 pairs and adds neighbours into 32 bits: 32
// multiply-adds a cycle, twice those of fp32.
func gemm16() {
	for rows := 1; rows <= 4; rows++ {
		tile16(rows)
	}
	quantize16()
}

func tile16(rows int) {
	const columns, unroll = 2, 2
	name := fmt.Sprintf("int16Tile%dAVX2", rows)
	TEXT(name, NOSPLIT, "func(k int, a *int16, lda int, b *int16, rows *float32, columns *float32, c *float32, ldc int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s is int16Tile for %d rows. k is a multiple of 4 and at least 4.", name, rows))
	k := Load(Param("k"), GP64())
	a := Load(Param("a"), GP64())
	lda := Load(Param("lda"), GP64())
	SHLQ(Imm(1), lda)
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

	Label("loop")
	Comment("4 rows of the panel: 2 side by side in every column, then the next 2")
	for i := range unroll {
		var panel [columns]VecVirtual
		for c := range columns {
			panel[c] = YMM()
			VMOVDQU(Mem{Base: b, Disp: vectorBytes * (i*columns + c)}, panel[c])
		}
		for r := range rows {
			x, p := YMM(), YMM()
			VPBROADCASTD(rowAt(a, lda, three, r, 4*i), x)
			VPMADDWD(panel[0], x, p)
			VPMADDWD(panel[1], x, x)
			VPADDD(p, acc[r][0], acc[r][0])
			VPADDD(x, acc[r][1], acc[r][1])
		}
	}
	ADDQ(Imm(4*unroll), a)
	ADDQ(U32(vectorBytes*columns*unroll), b)
	SUBQ(Imm(2*unroll), k)
	JNZ(LabelRef("loop"))

	Comment("C = sum · (row's step · column's scale) + bias")
	rowParams := Load(Param("rows"), GP64())
	colParams := Load(Param("columns"), GP64())
	out := newRows(rows, Load(Param("c"), GP64()), Load(Param("ldc"), GP64()))
	for c := range columns {
		scale, bias := YMM(), YMM()
		VMOVUPS(Mem{Base: colParams, Disp: vectorBytes * c}, scale)
		VMOVUPS(Mem{Base: colParams, Disp: vectorBytes * (2 + c)}, bias)
		for r := range rows {
			step := YMM()
			VBROADCASTSS(Mem{Base: rowParams, Disp: 4 * r}, step)
			VMULPS(scale, step, step)
			VCVTDQ2PS(acc[r][c], acc[r][c])
			VFMADD213PS(bias, step, acc[r][c])
			VMOVUPS(acc[r][c], out.at(r, vectorBytes*c))
		}
	}
	VZEROUPPER()
	RET()
}

// rowAt addresses one of up to 4 rows, ld bytes apart; three holds 3·ld.
func rowAt(base, ld, three Register, r, disp int) Mem {
	m := Mem{Base: base, Disp: disp}
	switch r {
	case 1, 2:
		m.Index, m.Scale = ld, uint8(r)
	case 3:
		m.Index, m.Scale = three, 1
	}
	return m
}

// quantize16 writes the quantization of one row.
func quantize16() {
	TEXT("quantize16AVX2", NOSPLIT, "func(dst *int16, src *float32, n int, quantMax float32, param *float32)")
	Pragma("noescape")
	Doc("quantize16AVX2 is quantize16 for one row of n elements, a multiple of 16 and at least 16.")
	dst := Load(Param("dst"), GP64())
	src := Load(Param("src"), GP64())
	n := Load(Param("n"), GP64())
	param := Load(Param("param"), GP64())
	quantMax := XMM()
	VMOVSS(NewParamAddr("quantMax", 24), quantMax)

	Comment("the largest magnitude: the sign bits are masked off")
	mask, top, top1 := YMM(), YMM(), YMM()
	VMOVUPS(splatBits(0x7fffffff), mask)
	VXORPS(top, top, top)
	VXORPS(top1, top1, top1)
	at := GP64()
	XORQ(at, at)
	Label("range")
	v, w := YMM(), YMM()
	VANDPS(Mem{Base: src, Index: at, Scale: 4}, mask, v)
	VANDPS(Mem{Base: src, Index: at, Scale: 4, Disp: vectorBytes}, mask, w)
	VMAXPS(v, top, top)
	VMAXPS(w, top1, top1)
	ADDQ(Imm(16), at)
	CMPQ(at, n)
	JLT(LabelRef("range"))
	VMAXPS(top1, top, top)
	reduce(top, func(a, b, dst Op) { VMAXPS(a, b, dst) })

	Comment("step = top/quantMax, and its inverse; in a row of zeros both products are 0")
	step, inverse := XMM(), YMM()
	VDIVSS(quantMax, top.AsX(), step)
	VMOVSS(step, Mem{Base: param})
	VMAXSS(splatBits(0x00800000), top.AsX(), top.AsX())
	VDIVSS(top.AsX(), quantMax, inverse.AsX())
	VMINSS(splatBits(0x7f7fffff), inverse.AsX(), inverse.AsX())
	VBROADCASTSS(inverse.AsX(), inverse)

	Comment("round(x · inverse), 16 at a time; packing keeps 128-bit lanes apart, so quarters are put in order after it")
	XORQ(at, at)
	Label("round")
	x, y := YMM(), YMM()
	VMULPS(Mem{Base: src, Index: at, Scale: 4}, inverse, x)
	VMULPS(Mem{Base: src, Index: at, Scale: 4, Disp: vectorBytes}, inverse, y)
	VCVTPS2DQ(x, x)
	VCVTPS2DQ(y, y)
	VPACKSSDW(y, x, x)
	VPERMQ(U8(0xd8), x, x)
	VMOVDQU(x, Mem{Base: dst, Index: at, Scale: 2})
	ADDQ(Imm(16), at)
	CMPQ(at, n)
	JLT(LabelRef("round"))
	VZEROUPPER()
	RET()
}
