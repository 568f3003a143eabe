package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// avxvnni writes the tiles of the int8 and the int16 product for 1 to 6 rows of A and one panel of
// B, for CPUs that have VNNI's instructions in their VEX form, without AVX-512.
//
// VPDPBUSD and VPDPWSSD work as in the tiles for AVX-512, on 8 columns. With 6 rows there are 12
// accumulators, 2 registers for a row of the panel and 2 for broadcast activations: all 16. A step
// of four bytes, or two words, is then 12 instructions for 8 loads. A tile of few rows adds in
// several accumulators a row, so that an instruction need not wait for the one before it.
func avxvnni() {
	for _, d := range []dot256{
		{tile: "int8Tile", a: "*uint8", b: "*int8", group: 4, product: "VEX_VPDPBUSD", rowParams: 2},
		{tile: "int16Tile", a: "*int16", b: "*int16", group: 2, product: "VEX_VPDPWSSD", rowParams: 1},
	} {
		for rows := 1; rows <= 6; rows++ {
			d.write(rows)
		}
	}
}

// dot256 describes a family of tiles.
type dot256 struct {
	tile, a, b string // what the tiles are called in plain Go, and the types of their operands
	group      int    // elements of A that one instruction multiplies in a column: 4 bytes of memory
	product    string
	rowParams  int // parameters of a row: its step, and its low for bytes
}

// columns256 is the number of registers for a row of a panel.
const columns256 = panelBytes / vectorBytes

func (d dot256) write(rows int) {
	const unroll = 2
	name := fmt.Sprintf("%s%dAVXVNNI", d.tile, rows)
	TEXT(name, NOSPLIT, "func(k int, a "+d.a+", lda int, b "+d.b+", rows *float32, columns *float32, c *float32, ldc int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s is %s for %d rows. k is a multiple of %d and at least that.", name, d.tile, rows, unroll*d.group))
	k := Load(Param("k"), GP64())
	a := newRowsOf(4/d.group, rows, Load(Param("a"), GP64()), Load(Param("lda"), GP64()))
	b := Load(Param("b"), GP64())

	chains := 1
	if rows <= 3 {
		chains = unroll
	}
	var acc [unroll][6][columns256]VecVirtual
	for chain := range chains {
		for r := range rows {
			for c := range columns256 {
				acc[chain][r][c] = YMM()
				VPXOR(acc[chain][r][c], acc[chain][r][c], acc[chain][r][c])
			}
		}
	}

	Label("loop")
	for i := range unroll {
		var panel [columns256]VecVirtual
		for c := range panel {
			panel[c] = YMM()
			VMOVDQU(Mem{Base: b, Disp: panelBytes*i + vectorBytes*c}, panel[c])
		}
		for r := range rows {
			x := YMM()
			VPBROADCASTD(a.at(r, 4*i), x)
			for c := range panel {
				emit(d.product, panel[c], x, acc[i%chains][r][c])
			}
		}
	}
	a.advance(4 * unroll)
	ADDQ(U32(panelBytes*unroll), b)
	SUBQ(Imm(uint64(unroll*d.group)), k)
	JNZ(LabelRef("loop"))

	for chain := 1; chain < chains; chain++ {
		for r := range rows {
			for c := range columns256 {
				VPADDD(acc[chain][r][c], acc[0][r][c], acc[0][r][c])
			}
		}
	}
	d.finish(acc[0][:rows])
	VZEROUPPER()
	RET()
}

// finish turns sums into C, in the order of operations that the AVX2 tiles have.
func (d dot256) finish(sums [][columns256]VecVirtual) {
	rowParams := Load(Param("rows"), GP64())
	colParams := Load(Param("columns"), GP64())
	out := newRows(len(sums), Load(Param("c"), GP64()), Load(Param("ldc"), GP64()))
	if d.rowParams == 2 {
		Comment("C = sum · (row's step · column's scale) + row's low · column's sum + bias")
	} else {
		Comment("C = sum · (row's step · column's scale) + bias")
	}
	for c := range columns256 {
		column := func(i int) Mem { return Mem{Base: colParams, Disp: panelBytes*i + vectorBytes*c} }
		scale, columnSums := YMM(), YMM()
		VMOVUPS(column(0), scale)
		VMOVUPS(column(1), columnSums) // with one parameter a row, it is the bias
		for r := range sums {
			param := func(i int) VecVirtual {
				v := YMM()
				VBROADCASTSS(Mem{Base: rowParams, Disp: 4 * (d.rowParams*r + i)}, v)
				return v
			}
			step, add := param(0), columnSums
			VMULPS(scale, step, step)
			if d.rowParams == 2 {
				add = param(1)
				VFMADD213PS(column(2), columnSums, add)
			}
			sum := sums[r][c]
			VCVTDQ2PS(sum, sum)
			VFMADD213PS(add, step, sum)
			VMOVUPS(sum, out.at(r, vectorBytes*c))
		}
	}
}
