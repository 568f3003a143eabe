package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// amx writes the int8 product of a block of rows with several panels.
//
// TDPBUSD multiplies a tile of up to 16 rows × 64 unsigned bytes by one of 64 × 16 signed bytes and
// adds the products to a tile of 16 × 16 sums of 32 bits. Four bytes of each of 16 columns are a
// row of the second tile, which is how a panel has them. Of the eight tiles four hold sums, of two
// tiles of rows and two panels; two hold rows, and two hold panels: four products for four loads.
//
// All tiles of rows have the same height, so that one configuration does for the whole block; where
// it does not divide the rows, the last tile begins higher and computes some rows twice.
//
// The configuration of tiles and what they hold belong to the thread. A goroutine keeps its thread
// within a function of assembly, where Go's scheduler cannot stop it, and a signal's handler finds
// tiles of its own. So the function begins with the configuration and leaves nothing behind.
func amx() {
	TEXT("int8TilesAMX", NOSPLIT, "func(config *uint8, sums *int32, k int, group int, a *uint8, lda int, rows int, height int, "+
		"b *int8, panels int, perRow *float32, columns *float32, c *float32, ldc int)")
	Pragma("noescape")
	Doc("int8TilesAMX is int8Block with tiles as config has them: of height rows, and group inputs, which divides k.",
		"sums is memory for 32 × 32 of them.")
	amxBlock{product: "TDPBUSD", finish: amxBlock.finishInt8}.write()
}

// write writes the function after its declaration.
func (s amxBlock) write() {
	emit("LDTILECFG", Mem{Base: Load(Param("config"), GP64())})
	s.lda = Load(Param("lda"), GP64())
	s.rowBytes = GP64()
	MOVQ(U32(panelBytes), s.rowBytes)
	s.panelStep = Load(Param("group"), GP64())
	SHLQ(Imm(4), s.panelStep)
	s.panel = GP64()
	XORQ(s.panel, s.panel)

	Label("two")
	left := Load(Param("panels"), GP64())
	SUBQ(s.panel, left)
	CMPQ(left, Imm(2))
	JLT(LabelRef("one"))
	s.strip(2)
	ADDQ(Imm(2), s.panel)
	JMP(LabelRef("two"))

	Label("one")
	CMPQ(left, Imm(0))
	JE(LabelRef("done"))
	s.strip(1)

	Label("done")
	emit("TILERELEASE")
	VZEROUPPER()
	RET()
}

// The numbers of tiles: sums of two tiles of rows × two panels, then rows, then panels.
const (
	sumTile, rowTile, panelTile = 0, 4, 6
	rowsAtOnce                  = 2
)

// tmm is a tile. Package avo has none; an operand that is a label has no register to allocate.
func tmm(i int) Op { return LabelRef(fmt.Sprintf("T%d", i)) }

// amxBlock is a product of a block of rows: its instruction, what turns stored sums into C (from a
// first row to the end of a tile that begins at a last one), and the registers that live
// throughout.
type amxBlock struct {
	product string
	finish  func(s amxBlock, first, last Register, panels int, loop string)

	lda       Register
	rowBytes  Register // of a row of a panel
	panelStep Register // bytes of a panel for one group of inputs
	panel     Register // the number of the panel, or of the first of two
	row       Register // the first row
}

// strip multiplies all rows by one panel or two, tiles of them at a time.
func (s amxBlock) strip(panels int) {
	label := func(name string) string { return fmt.Sprintf("%s%d", name, panels) }
	s.row = GP64()
	XORQ(s.row, s.row)

	Label(label("rows"))
	rows, height := Load(Param("rows"), GP64()), Load(Param("height"), GP64())
	last := GP64()
	MOVQ(rows, last)
	SUBQ(height, last)
	CMPQ(s.row, last)
	JGE(LabelRef(label("last")))

	Comment("two tiles of rows, of which the second ends with the rows")
	second := GP64()
	MOVQ(s.row, second)
	ADDQ(height, second)
	CMPQ(second, last)
	CMOVQGT(last, second)
	s.tiles([]Register{s.row, second}, panels)
	s.finish(s, s.row, second, panels, label("finishtwo"))
	height = Load(Param("height"), GP64())
	LEAQ(Mem{Base: s.row, Index: height, Scale: 2}, s.row)
	CMPQ(s.row, Load(Param("rows"), GP64()))
	JLT(LabelRef(label("rows")))
	JMP(LabelRef(label("end")))

	Label(label("last"))
	MOVQ(last, s.row)
	s.tiles([]Register{s.row}, panels)
	s.finish(s, s.row, s.row, panels, label("finishone"))
	Label(label("end"))
}

// sumsBytes is a row of two panels' sums in memory.
const sumsBytes = 2 * panelBytes

// tiles computes the sums of tiles of rows, which begin at the given ones, and panels. It stores
// them in rows of two panels, whose first is that of the first tile.
func (s amxBlock) tiles(rows []Register, panels int) {
	tilesOf := len(rows)
	each := func(do func(i, j int)) {
		for i := range tilesOf {
			for j := range panels {
				do(i, j)
			}
		}
	}
	sum := func(i, j int) Op { return tmm(sumTile + rowsAtOnce*i + j) }
	each(func(i, j int) { emit("TILEZERO", sum(i, j)) })

	a := make([]Register, tilesOf)
	for i, row := range rows {
		a[i] = GP64()
		MOVQ(row, a[i])
		IMULQ(s.lda, a[i])
		ADDQ(Load(Param("a"), GP64()), a[i])
	}
	left := Load(Param("k"), GP64())
	b := make([]Register, panels)
	b[0] = GP64()
	MOVQ(left, b[0])
	SHLQ(Imm(4), b[0])
	if panels == 2 {
		b[1] = GP64()
		MOVQ(b[0], b[1])
	}
	IMULQ(s.panel, b[0])
	ADDQ(Load(Param("b"), GP64()), b[0])
	if panels == 2 {
		ADDQ(b[0], b[1])
	}

	loop := fmt.Sprintf("product%d%d", tilesOf, panels)
	Label(loop)
	for j := range b {
		emit("TILELOADD", Mem{Base: b[j], Index: s.rowBytes, Scale: 1}, tmm(panelTile+j))
	}
	for i := range a {
		emit("TILELOADD", Mem{Base: a[i], Index: s.lda, Scale: 1}, tmm(rowTile+i))
	}
	each(func(i, j int) { emit(s.product, tmm(panelTile+j), tmm(rowTile+i), sum(i, j)) })
	group := NewParamAddr("group", 24)
	for i := range a {
		ADDQ(group, a[i])
	}
	for j := range b {
		ADDQ(s.panelStep, b[j])
	}
	SUBQ(group, left)
	JNZ(LabelRef(loop))

	stride := GP64()
	MOVQ(U32(sumsBytes), stride)
	for i, row := range rows {
		at := Load(Param("sums"), GP64())
		if i > 0 {
			offset := GP64()
			MOVQ(row, offset)
			SUBQ(rows[0], offset)
			SHLQ(Imm(7), offset)
			ADDQ(offset, at)
		}
		for j := range panels {
			emit("TILESTORED", sum(i, j), Mem{Base: at, Index: stride, Scale: 1, Disp: panelBytes * j})
		}
	}
}

// finishInt8 has the order of operations that the AVX2 tiles have.
func (s amxBlock) finishInt8(first, last Register, panels int, loop string) {
	Comment("C = sum · (row's step · column's scale) + row's low · column's sum + bias")
	o := s.output(first, last)
	perRow := Load(Param("perRow"), GP64())
	LEAQ(Mem{Base: perRow, Index: first, Scale: 8}, perRow)
	columns := GP64()
	MOVQ(s.panel, columns)
	SHLQ(Imm(8), columns)
	ADDQ(Load(Param("columns"), GP64()), columns)

	var scale, sums, bias [2]VecVirtual
	for j := range panels {
		for i, v := range []*VecVirtual{&scale[j], &sums[j], &bias[j]} {
			*v = ZMM()
			VMOVUPS(Mem{Base: columns, Disp: panelBytes * (4*j + i)}, *v)
		}
	}
	Label(loop)
	step, low := ZMM(), ZMM()
	VBROADCASTSS(Mem{Base: perRow}, step)
	VBROADCASTSS(Mem{Base: perRow, Disp: 4}, low)
	for j := range panels {
		sum, factor, add := ZMM(), ZMM(), ZMM()
		VCVTDQ2PS(Mem{Base: o.stored, Disp: panelBytes * j}, sum)
		VMULPS(scale[j], step, factor)
		VMOVAPS(low, add)
		VFMADD213PS(bias[j], sums[j], add)
		VFMADD213PS(add, factor, sum)
		VMOVUPS(sum, Mem{Base: o.c, Disp: panelBytes * j})
	}
	ADDQ(Imm(8), perRow)
	o.next(loop)
}

// output has the registers of a loop over rows of stored sums and of C.
type output struct{ stored, c, ldc, left Register }

func (s amxBlock) output(first, last Register) output {
	o := output{ldc: Load(Param("ldc"), GP64()), c: GP64()}
	SHLQ(Imm(2), o.ldc)
	panel := GP64()
	MOVQ(first, o.c)
	IMULQ(o.ldc, o.c)
	ADDQ(Load(Param("c"), GP64()), o.c)
	MOVQ(s.panel, panel)
	SHLQ(Imm(6), panel)
	ADDQ(panel, o.c)
	o.stored = Load(Param("sums"), GP64())
	o.left = Load(Param("height"), GP64())
	ADDQ(last, o.left)
	SUBQ(first, o.left)
	return o
}

// next goes to the next row, unless there is none.
func (o output) next(loop string) {
	ADDQ(U32(sumsBytes), o.stored)
	ADDQ(o.ldc, o.c)
	DECQ(o.left)
	JNZ(LabelRef(loop))
}
