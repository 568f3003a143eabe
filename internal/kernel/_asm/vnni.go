package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// vnni writes the tiles of the int8 and the int16 product for 1 to 12 rows of A and one panel of B,
// or two panels side by side.
//
// VPDPBUSD multiplies four unsigned by four signed bytes and adds them to 32 bits, in each of 16
// columns; VPDPWSSD does so with two words. A panel has these side by side, so one register is what
// one instruction needs of it. Sums are exact, whatever the order: tiles of few rows add in several
// accumulators a row, so that an instruction need not wait for the one before it.
//
// With 12 rows and two panels there are 24 accumulators, 2 registers for a row of both panels and
// up to 6 for broadcast elements of A: all 32 registers, and 24 instructions for 14 loads.
func vnni() {
	for _, d := range []dot{
		{kind: "int8", a: "*uint8", b: "*int8", group: 4, product: VPDPBUSD, rowParams: 2},
		{kind: "int16", a: "*int16", b: "*int16", group: 2, product: VPDPWSSD, rowParams: 1},
	} {
		for panels := 1; panels <= 2; panels++ {
			for rows := 1; rows <= height512; rows++ {
				d.tile(rows, panels)
			}
		}
	}
}

// fetchLines is how many cache lines of each panel that is next a tile of two panels fetches while
// it reads four.
const fetchLines = 2

// dot describes a family of tiles.
type dot struct {
	kind, a, b string // of the product, and the types of its operands
	group      int    // elements of A that one instruction multiplies in a column: 4 bytes of memory
	product    func(...Op)
	rowParams  int // parameters of a row: its step, and its low for bytes
}

// columnParams is how many parameters of each column a panel has.
func (d dot) columnParams() int { return 2 * d.rowParams }

// sums are the accumulators of a tile: for each panel, chain and row.
type sums [2][4][height512]VecVirtual

func (d dot) tile(rows, panels int) {
	const unroll = 4
	name, more, next := fmt.Sprintf("%sTile%dVNNI", d.kind, rows), "", ""
	what := fmt.Sprintf("%s is %sTile for %d rows. ", name, d.kind, rows)
	if panels == 2 {
		name, more, next = fmt.Sprintf("%sPair%dVNNI", d.kind, rows), "apart int, ", ", next "+d.b
		what = fmt.Sprintf("%s is %sPair for %d rows. ", name, d.kind, rows)
	}
	TEXT(name, NOSPLIT, "func(k int, a "+d.a+", lda int, b "+d.b+", "+more+"rows *float32, columns *float32, c *float32, ldc int"+next+")")
	Pragma("noescape")
	Doc(what + "k is a multiple of 4 and at least 4.")
	k := Load(Param("k"), GP64())
	a := newRowsOf(4/d.group, rows, Load(Param("a"), GP64()), Load(Param("lda"), GP64()))
	b := Load(Param("b"), GP64())
	var apart, ahead Register
	if panels == 2 {
		apart, ahead = Load(Param("apart"), GP64()), Load(Param("next"), GP64())
		if d.group == 2 {
			SHLQ(Imm(1), apart)
		}
	}
	inPanel := func(base Register, panel, disp int) Mem {
		m := Mem{Base: base, Disp: disp}
		if panel == 1 {
			m.Index, m.Scale = apart, 1
		}
		return m
	}

	chains := 1
	for rows*panels*chains*2 <= height512 && chains < unroll {
		chains *= 2
	}
	var acc sums
	for p := range panels {
		for chain := range chains {
			for r := range rows {
				acc[p][chain][r] = ZMM()
				VPXORD(acc[p][chain][r], acc[p][chain][r], acc[p][chain][r])
			}
		}
	}
	step := func(i int) {
		var panel [2]VecVirtual
		for p := range panels {
			panel[p] = ZMM()
			VMOVDQU32(inPanel(b, p, panelBytes*i), panel[p])
		}
		for r := range rows {
			x := ZMM()
			VPBROADCASTD(a.at(r, 4*i), x)
			for p := range panels {
				d.product(panel[p], x, acc[p][i%chains][r])
			}
		}
	}

	SUBQ(Imm(uint64(unroll*d.group)), k)
	JLT(LabelRef("tail"))
	Label("loop")
	if panels == 2 {
		for p := range panels {
			for i := range fetchLines {
				PREFETCHT1(inPanel(ahead, p, panelBytes*i))
			}
		}
		ADDQ(U32(panelBytes*unroll), ahead)
	}
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
	rowParams := Load(Param("rows"), GP64())
	columnParams := Load(Param("columns"), GP64())
	out := newRows(rows, Load(Param("c"), GP64()), Load(Param("ldc"), GP64()))
	for p := range panels {
		for n := chains / 2; n > 0; n /= 2 {
			for chain := range n {
				for r := range rows {
					VPADDD(acc[p][chain+n][r], acc[p][chain][r], acc[p][chain][r])
				}
			}
		}
		d.finish(acc[p][0][:rows], p, rowParams, columnParams, out)
	}
	VZEROUPPER()
	RET()
}

// finish turns the sums of a panel into C, in the order of operations that the AVX2 tiles have.
func (d dot) finish(sums []VecVirtual, panel int, rowParams, columnParams Register, out rowSet) {
	column := func(i int) VecVirtual {
		v := ZMM()
		VMOVUPS(Mem{Base: columnParams, Disp: panelBytes * (d.columnParams()*panel + i)}, v)
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
		VMOVUPS(sum, out.at(r, panelBytes*panel))
	}
}
