package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// amxdot writes the product of a block of rows of bfloat16 pairs with several panels.
//
// TDPBF16PS multiplies a tile of up to 16 rows × 16 pairs by one of 16 pairs × 16 columns. A pair
// has the size of four bytes, so the loops are those of the int8 product, with k and lda in bytes.
func amxdot() {
	TEXT("dotTilesAMX", NOSPLIT, "func(config *uint8, sums *int32, k int, group int, a *uint16, lda int, rows int, height int, "+
		"b *uint16, panels int, bias *float32, c *float32, ldc int)")
	Pragma("noescape")
	Doc("dotTilesAMX is dotBlockGeneric with tiles as config has them: of height rows, and group bytes, which divides k.",
		"k and lda are in bytes. sums is memory for 32 × 32 of them.")
	amxBlock{product: "TDPBF16PS", finish: amxBlock.finishDot}.write()
}

// finishDot adds the bias.
func (s amxBlock) finishDot(first, last Register, panels int, loop string) {
	Comment("C = sum + bias")
	o := s.output(first, last)
	bias := GP64()
	MOVQ(s.panel, bias)
	SHLQ(Imm(6), bias)
	ADDQ(Load(Param("bias"), GP64()), bias)
	var add [2]VecVirtual
	for j := range panels {
		add[j] = ZMM()
		VMOVUPS(Mem{Base: bias, Disp: panelBytes * j}, add[j])
	}
	Label(loop)
	for j := range panels {
		sum := ZMM()
		VADDPS(Mem{Base: o.stored, Disp: panelBytes * j}, add[j], sum)
		VMOVUPS(sum, Mem{Base: o.c, Disp: panelBytes * j})
	}
	o.next(loop)
}
