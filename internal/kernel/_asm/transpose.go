package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// transpose writes the kernel that turns 16 rows into one panel.
func transpose() {
	TEXT("packRowsAVX2", NOSPLIT, "func(dst *float32, src *float32, ld int, k int)")
	Pragma("noescape")
	Doc("packRowsAVX2 is packRows: dst[i·16+r] = src[r·ld+i] for 16 rows r and k columns i, a multiple of 8 and at least 8.")
	dst := Load(Param("dst"), GP64())
	src := Load(Param("src"), GP64())
	ld := Load(Param("ld"), GP64())
	k := Load(Param("k"), GP64())
	SHLQ(Imm(2), ld)
	second := GP64()
	LEAQ(Mem{Base: src, Index: ld, Scale: 8}, second)
	three := GP64()
	LEAQ(Mem{Base: ld, Index: ld, Scale: 2}, three)
	Label("loop")
	for half, base := range []GPVirtual{src.(GPVirtual), second} {
		square(dst, base, ld, three, half*vectorBytes)
		ADDQ(Imm(vectorBytes), base)
	}
	ADDQ(U32(lanes*2*vectorBytes), dst)
	SUBQ(Imm(lanes), k)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// square transposes 8 × 8 elements at src into 8 rows of a panel at dst: pairs of rows are
// interleaved, then pairs of pairs, then the halves of the registers are exchanged.
func square(dst, src, ld, three Register, disp int) {
	fifth := GP64()
	LEAQ(Mem{Base: src, Index: ld, Scale: 4}, fifth)
	var in, a, b [8]VecVirtual
	for r := range 8 {
		in[r], a[r], b[r] = YMM(), YMM(), YMM()
		m := Mem{Base: src}
		if r >= 4 {
			m.Base = fifth
		}
		switch r % 4 {
		case 1, 2:
			m.Index, m.Scale = ld, uint8(r%4)
		case 3:
			m.Index, m.Scale = three, 1
		}
		VMOVUPS(m, in[r])
	}
	for r := 0; r < 8; r += 2 {
		VUNPCKLPS(in[r+1], in[r], a[r])
		VUNPCKHPS(in[r+1], in[r], a[r+1])
	}
	for r := 0; r < 8; r += 4 {
		VSHUFPS(U8(0x44), a[r+2], a[r], b[r])
		VSHUFPS(U8(0xee), a[r+2], a[r], b[r+1])
		VSHUFPS(U8(0x44), a[r+3], a[r+1], b[r+2])
		VSHUFPS(U8(0xee), a[r+3], a[r+1], b[r+3])
	}
	for i := range 4 {
		low, high := YMM(), YMM()
		VPERM2F128(U8(0x20), b[i+4], b[i], low)
		VPERM2F128(U8(0x31), b[i+4], b[i], high)
		VMOVUPS(low, Mem{Base: dst, Disp: disp + 2*vectorBytes*i})
		VMOVUPS(high, Mem{Base: dst, Disp: disp + 2*vectorBytes*(i+4)})
	}
}
