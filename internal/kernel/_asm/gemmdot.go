package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// bf16 is zmm with products of pairs of bfloat16 numbers. A pair has the size of a float32 and lies
// where that would, so the tiles differ in one instruction alone.
var bf16 = func() size {
	s := zmm
	s.tier, s.plainTile, s.plainPair = "BF16", "dotTile", "dotPair"
	s.broadcasts = false
	s.multiplyAdd = func(ops ...Op) { emit("VDPBF16PS", ops...) }
	return s
}()

// gemmdot writes the tiles of the product of pairs for 1 to 12 rows of A and one panel of B, or two
// panels side by side; and the rounding of rows.
//
// VDPBF16PS multiplies the two numbers of a pair in each of 16 columns and adds the products to a
// float32: with 12 rows and two panels that are 24 instructions for 14 loads, as with float32, and
// twice as many products. Every element is one chain in the order of k.
func gemmdot() {
	for panels := 1; panels <= 2; panels++ {
		for rows := 1; rows <= height512; rows++ {
			bf16.tile(rows, panels)
		}
	}
	roundPairs()
}

func roundPairs() {
	TEXT("roundPairsBF16", NOSPLIT, "func(dst *uint16, src *float32, n int)")
	Pragma("noescape")
	Doc("roundPairsBF16 is roundPairsGeneric. n is a multiple of 16 and at least 16.")
	dst, src, n := Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("n"), GP64())
	x, y := ZMM(), YMM()
	Label("loop")
	VMOVUPS(Mem{Base: src}, x)
	emit("VCVTNEPS2BF16", x, y)
	VMOVDQU(y, Mem{Base: dst})
	ADDQ(Imm(panelBytes), src)
	ADDQ(Imm(panelBytes/2), dst)
	SUBQ(Imm(panelBytes/4), n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
