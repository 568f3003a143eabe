package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// amx16 writes the int16 product of a block of rows with several panels, and the split of quantized
// rows that it needs.
//
// Tiles have products of bytes only. So rows and panels are split into planes: a = low + 256·high,
// with low unsigned and high signed, likewise b, and
//
//	Σ a·b = Σ low·low + 256·(Σ low·high + Σ high·low) + 65,536·Σ high·high
//
// which 32 bits hold, so it is exact whatever its terms overflow. Of the eight tiles four hold
// these sums for one tile of rows and one panel, two the planes of rows and two those of the panel:
// four products for four loads. Each sum has its own tile, since an instruction waits for the one
// before it that adds to the same.
func amx16() {
	tiles16()
	split16()
}

func tiles16() {
	TEXT("int16TilesAMX", NOSPLIT, "func(config *uint8, sums *int32, k int, group int, low *uint8, ldl int, high *uint8, ldh int, "+
		"rows int, height int, b *int8, panels int, perRow *float32, columns *float32, c *float32, ldc int)")
	Pragma("noescape")
	Doc("int16TilesAMX is int16Block with tiles as config has them: of height rows, and group inputs, which divides k.",
		"sums is memory for four times 16 × 16 of them.")
	emit("LDTILECFG", Mem{Base: Load(Param("config"), GP64())})

	var s amxBlock16
	s.ldl, s.ldh = Load(Param("ldl"), GP64()), Load(Param("ldh"), GP64())
	s.rowBytes = GP64()
	MOVQ(U32(panelBytes), s.rowBytes)
	s.panelStep = Load(Param("group"), GP64())
	SHLQ(Imm(4), s.panelStep)
	s.panel, s.row = GP64(), GP64()
	XORQ(s.panel, s.panel)

	Label("panels")
	XORQ(s.row, s.row)
	Label("rows")
	Comment("the last tile ends with the rows")
	last, height := Load(Param("rows"), GP64()), Load(Param("height"), GP64())
	SUBQ(height, last)
	CMPQ(s.row, last)
	CMOVQGT(last, s.row)
	s.tile()
	s.finish()
	ADDQ(Load(Param("height"), GP64()), s.row)
	CMPQ(s.row, Load(Param("rows"), GP64()))
	JLT(LabelRef("rows"))
	INCQ(s.panel)
	CMPQ(s.panel, Load(Param("panels"), GP64()))
	JLT(LabelRef("panels"))

	emit("TILERELEASE")
	VZEROUPPER()
	RET()
}

// amxBlock16 has the registers that live throughout a block.
type amxBlock16 struct {
	ldl, ldh, rowBytes, panelStep Register
	panel, row                    Register // the numbers of the panel and of the tile's first row
}

// tile computes and stores the four sums of a tile of rows and a panel.
func (s amxBlock16) tile() {
	for i := range 4 {
		emit("TILEZERO", tmm(sumTile+i))
	}
	rowAt := func(base string, stride Register) Register {
		at := GP64()
		MOVQ(s.row, at)
		IMULQ(stride, at)
		ADDQ(Load(Param(base), GP64()), at)
		return at
	}
	low, high := rowAt("low", s.ldl), rowAt("high", s.ldh)
	left := Load(Param("k"), GP64())
	Comment("a panel's planes are 16·k bytes each")
	panelLow, panelHigh := GP64(), GP64()
	MOVQ(left, panelHigh)
	SHLQ(Imm(4), panelHigh)
	LEAQ(Mem{Base: panelHigh, Index: panelHigh, Scale: 1}, panelLow)
	IMULQ(s.panel, panelLow)
	ADDQ(Load(Param("b"), GP64()), panelLow)
	ADDQ(panelLow, panelHigh)

	const rowLow, rowHigh, columnLow, columnHigh = rowTile, rowTile + 1, panelTile, panelTile + 1
	load := func(base, stride Register, tile int) {
		emit("TILELOADD", Mem{Base: base, Index: stride, Scale: 1}, tmm(tile))
	}
	Label("product")
	load(panelLow, s.rowBytes, columnLow)
	load(low, s.ldl, rowLow)
	emit("TDPBUUD", tmm(columnLow), tmm(rowLow), tmm(sumTile))
	load(high, s.ldh, rowHigh)
	emit("TDPBSUD", tmm(columnLow), tmm(rowHigh), tmm(sumTile+1))
	load(panelHigh, s.rowBytes, columnHigh)
	emit("TDPBUSD", tmm(columnHigh), tmm(rowLow), tmm(sumTile+2))
	emit("TDPBSSD", tmm(columnHigh), tmm(rowHigh), tmm(sumTile+3))
	group := NewParamAddr("group", 24)
	for _, at := range []Register{low, high} {
		ADDQ(group, at)
	}
	for _, at := range []Register{panelLow, panelHigh} {
		ADDQ(s.panelStep, at)
	}
	SUBQ(group, left)
	JNZ(LabelRef("product"))

	sums := Load(Param("sums"), GP64())
	for i := range 4 {
		emit("TILESTORED", tmm(sumTile+i), Mem{Base: sums, Index: s.rowBytes, Scale: 1, Disp: tileSums * i})
	}
}

// tileSums is the memory of a tile of sums.
const tileSums = 16 * panelBytes

// finish turns the stored sums into C, in the order of operations that the AVX2 tiles have.
func (s amxBlock16) finish() {
	Comment("C = sum · (row's step · column's scale) + bias")
	ldc := Load(Param("ldc"), GP64())
	SHLQ(Imm(2), ldc)
	c, panel := GP64(), GP64()
	MOVQ(s.row, c)
	IMULQ(ldc, c)
	ADDQ(Load(Param("c"), GP64()), c)
	MOVQ(s.panel, panel)
	SHLQ(Imm(6), panel)
	ADDQ(panel, c)
	columns := GP64()
	LEAQ(Mem{Base: panel, Index: panel, Scale: 1}, columns)
	ADDQ(Load(Param("columns"), GP64()), columns)
	perRow := Load(Param("perRow"), GP64())
	LEAQ(Mem{Base: perRow, Index: s.row, Scale: 4}, perRow)
	sums, left := Load(Param("sums"), GP64()), Load(Param("height"), GP64())

	scale, bias := ZMM(), ZMM()
	VMOVUPS(Mem{Base: columns}, scale)
	VMOVUPS(Mem{Base: columns, Disp: panelBytes}, bias)
	Label("finish")
	stored := func(i int) Mem { return Mem{Base: sums, Disp: tileSums * i} }
	sum, middle, high, step := ZMM(), ZMM(), ZMM(), ZMM()
	VMOVDQU32(stored(1), middle)
	VPADDD(stored(2), middle, middle)
	VPSLLD(U8(8), middle, middle)
	VMOVDQU32(stored(3), high)
	VPSLLD(U8(16), high, high)
	VPADDD(stored(0), middle, sum)
	VPADDD(high, sum, sum)
	VCVTDQ2PS(sum, sum)
	VBROADCASTSS(Mem{Base: perRow}, step)
	VMULPS(scale, step, step)
	VFMADD213PS(bias, step, sum)
	VMOVUPS(sum, Mem{Base: c})
	ADDQ(Imm(4), perRow)
	ADDQ(Imm(panelBytes), sums)
	ADDQ(ldc, c)
	DECQ(left)
	JNZ(LabelRef("finish"))
}

func split16() {
	TEXT("split16AVX512", NOSPLIT, "func(low *uint8, words *int16, n int)")
	Pragma("noescape")
	Doc("split16AVX512 is split16 for n words, a multiple of 16.")
	low := Load(Param("low"), GP64())
	words := Load(Param("words"), GP64())
	high := GP64()
	MOVQ(words, high)
	n := Load(Param("n"), GP64())
	step := func(count int, register func() VecVirtual) {
		w := register()
		VMOVDQU16(Mem{Base: words}, w)
		VPMOVWB(w, Mem{Base: low})
		VPSRLW(U8(8), w, w)
		VPMOVWB(w, Mem{Base: high})
		ADDQ(Imm(uint64(2*count)), words)
		ADDQ(Imm(uint64(count)), low)
		ADDQ(Imm(uint64(count)), high)
	}
	SUBQ(Imm(32), n)
	JLT(LabelRef("tail"))
	Label("loop")
	step(32, ZMM)
	SUBQ(Imm(32), n)
	JGE(LabelRef("loop"))
	Label("tail")
	ADDQ(Imm(32), n)
	JZ(LabelRef("done"))
	step(16, YMM)
	Label("done")
	VZEROUPPER()
	RET()
}
