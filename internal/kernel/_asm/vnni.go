package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// vnni writes the tiles of the int8 and the int16 product for 1 to 12 rows of A and one panel of B.
//
// VPDPBUSD multiplies four unsigned by four signed bytes and adds them to 32 bits, in each of 16
// columns; VPDPWSSD does so with two words. A panel has these side by side, so one register is what
// one instruction needs of it. Sums are exact, whatever the order: tiles of few rows add in several
// accumulators a row, so that an instruction need not wait for the one before it.
func vnni() {
	for _, d := range []dot{
		{tile: "int8Tile", a: "*uint8", b: "*int8", group: 4, product: VPDPBUSD, rowParams: 2},
		{tile: "int16Tile", a: "*int16", b: "*int16", group: 2, product: VPDPWSSD, rowParams: 1},
	} {
		for rows := 1; rows <= height512; rows++ {
			tileVNNI(d, rows)
		}
	}
}

// dot describes a family of tiles.
type dot struct {
	tile, a, b string // what the tiles are called in plain Go, and the types of their operands
	group      int    // elements of A that one instruction multiplies in a column: 4 bytes of memory
	product    func(...Op)
	rowParams  int // parameters of a row: its step, and its low for bytes
}

func tileVNNI(d dot, rows int) {
	const unroll = 4
	name := fmt.Sprintf("%s%dVNNI", d.tile, rows)
	TEXT(name, NOSPLIT, "func(k int, a "+d.a+", lda int, b "+d.b+", rows *float32, columns *float32, c *float32, ldc int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s is %s for %d rows. k is a multiple of 4 and at least 4.", name, d.tile, rows))
	k := Load(Param("k"), GP64())
	a := newRowsOf(4/d.group, rows, Load(Param("a"), GP64()), Load(Param("lda"), GP64()))
	b := Load(Param("b"), GP64())

	chains := 1
	for rows*chains*2 <= height512 && chains < unroll {
		chains *= 2
	}
	var acc [unroll][height512]VecVirtual
	for chain := range chains {
		for r := range rows {
			acc[chain][r] = ZMM()
			VPXORD(acc[chain][r], acc[chain][r], acc[chain][r])
		}
	}
	step := func(i int) {
		panel := ZMM()
		VMOVDQU32(Mem{Base: b, Disp: panelBytes * i}, panel)
		for r := range rows {
			x := ZMM()
			VPBROADCASTD(a.at(r, 4*i), x)
			d.product(panel, x, acc[i%chains][r])
		}
	}

	SUBQ(Imm(uint64(unroll*d.group)), k)
	JLT(LabelRef("tail"))
	Label("loop")
	for i := range unroll {
		step(i)
	}
	a.advance(4 * unroll)
	ADDQ(U32(panelBytes*unroll), b)
	SUBQ(Imm(uint64(unroll*d.group)), k)
	JGE(LabelRef("loop"))

	Label("tail")
	ADDQ(Imm(uint64(unroll*d.group)), k)
	JZ(LabelRef("store"))
	Label("single")
	step(0)
	a.advance(4)
	ADDQ(Imm(panelBytes), b)
	SUBQ(Imm(uint64(d.group)), k)
	JNZ(LabelRef("single"))

	Label("store")
	for n := chains / 2; n > 0; n /= 2 {
		for chain := range n {
			for r := range rows {
				VPADDD(acc[chain+n][r], acc[chain][r], acc[chain][r])
			}
		}
	}
	d.finish(acc[0][:rows])
	VZEROUPPER()
	RET()
}

// finish turns sums into C, in the order of operations that the AVX2 tiles have.
func (d dot) finish(sums []VecVirtual) {
	rowParams := Load(Param("rows"), GP64())
	colParams := Load(Param("columns"), GP64())
	out := newRows(len(sums), Load(Param("c"), GP64()), Load(Param("ldc"), GP64()))
	column := func(i int) VecVirtual {
		v := ZMM()
		VMOVUPS(Mem{Base: colParams, Disp: panelBytes * i}, v)
		return v
	}
	scale := column(0)
	last := column(d.rowParams) // the bias
	var columnSums VecVirtual
	if d.rowParams == 2 {
		Comment("C = sum · (row's step · column's scale) + row's low · column's sum + bias")
		columnSums = column(1)
	} else {
		Comment("C = sum · (row's step · column's scale) + bias")
	}
	for r, sum := range sums {
		param := func(i int) VecVirtual {
			v := ZMM()
			VBROADCASTSS(Mem{Base: rowParams, Disp: 4 * (d.rowParams*r + i)}, v)
			return v
		}
		step, add := param(0), last
		VMULPS(scale, step, step)
		if d.rowParams == 2 {
			add = param(1)
			VFMADD213PS(last, columnSums, add)
		}
		VCVTDQ2PS(sum, sum)
		VFMADD213PS(add, step, sum)
		VMOVUPS(sum, out.at(r, 0))
	}
}
