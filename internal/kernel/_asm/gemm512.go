package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// vector512 is the bytes of one ZMM register: one row of a panel.
const vector512 = 64

// height512 is the height of the largest tile.
const height512 = 12

// gemm512 writes the tiles of C = init + A·B for 1 to 12 rows of A and one panel of B, or two panels
// side by side.
//
// With 12 rows and two panels there are 24 accumulators, 2 registers for a row of both panels and up
// to 6 for broadcast elements of A: all 32 registers. A step of k is then 24 FMAs for 14 loads.
// Every element is one chain of FMAs in the order of k, as in the AVX2 tiles, so it has their bits.
func gemm512() {
	for panels := 1; panels <= 2; panels++ {
		for rows := 1; rows <= height512; rows++ {
			tile512(rows, panels)
		}
	}
}

func tile512(rows, panels int) {
	const unroll = 4
	name, apart := fmt.Sprintf("tile%dAVX512", rows), ""
	what := fmt.Sprintf("%s is gemmTile for %d rows. ", name, rows)
	if panels == 2 {
		name, apart = fmt.Sprintf("pair%dAVX512", rows), "apart int, "
		what = fmt.Sprintf("%s is gemmPair for %d rows. ", name, rows)
	}
	TEXT(name, NOSPLIT, "func(k int, a *float32, lda int, b *float32, "+apart+
		"init *float32, ldi int, c *float32, ldc int, next *float32, lines int)")
	Pragma("noescape")
	Doc(what + "Strides are in elements; k may be 0; lines is 1, 2 or 4.")

	k := Load(Param("k"), GP64())
	a := newRows(rows, Load(Param("a"), GP64()), Load(Param("lda"), GP64()))
	b := Load(Param("b"), GP64())
	var stride Register
	if panels == 2 {
		stride = Load(Param("apart"), GP64())
		SHLQ(Imm(2), stride)
	}
	inPanel := func(base Register, panel, disp int) Mem {
		m := Mem{Base: base, Disp: disp}
		if panel == 1 {
			m.Index, m.Scale = stride, 1
		}
		return m
	}

	Comment("start from init: a bias (stride 0), zeros, or what C holds already")
	start := newRows(rows, Load(Param("init"), GP64()), Load(Param("ldi"), GP64()))
	var acc [height512][2]VecVirtual
	for r := range rows {
		for p := range panels {
			acc[r][p] = ZMM()
			VMOVUPS(start.at(r, vector512*p), acc[r][p])
		}
	}

	step := func(i int) {
		var row [2]VecVirtual
		for p := range panels {
			row[p] = ZMM()
			VMOVUPS(inPanel(b, p, vector512*i), row[p])
		}
		for r := range rows {
			if panels == 1 {
				VFMADD231PS_BCST(a.at(r, 4*i), row[0], acc[r][0])
				continue
			}
			x := ZMM()
			VBROADCASTSS(a.at(r, 4*i), x)
			for p := range panels {
				VFMADD231PS(row[p], x, acc[r][p])
			}
		}
	}

	SUBQ(Imm(unroll), k)
	JLT(LabelRef("tail"))

	Comment("four rows of a panel are as many lines of the cache; lines of the four that are next are fetched meanwhile")
	next := Load(Param("next"), GP64())
	lines := Load(Param("lines"), GP64())
	CMPQ(lines, Imm(2))
	JEQ(LabelRef("loop2"))
	JGT(LabelRef("loop4"))
	for _, lines := range []int{1, 2, 4} {
		loop := fmt.Sprintf("loop%d", lines)
		Label(loop)
		for p := range panels {
			for i := range lines {
				PREFETCHT1(inPanel(next, p, vector512*i))
			}
		}
		for i := range unroll {
			step(i)
		}
		a.advance(4 * unroll)
		ADDQ(U32(vector512*unroll), b)
		ADDQ(U32(vector512*unroll), next)
		SUBQ(Imm(unroll), k)
		JGE(LabelRef(loop))
		if lines < 4 {
			JMP(LabelRef("tail"))
		}
	}

	Label("tail")
	ADDQ(Imm(unroll), k)
	JZ(LabelRef("store"))

	Label("single")
	step(0)
	a.advance(4)
	ADDQ(Imm(vector512), b)
	DECQ(k)
	JNZ(LabelRef("single"))

	Label("store")
	out := newRows(rows, Load(Param("c"), GP64()), Load(Param("ldc"), GP64()))
	for r := range rows {
		for p := range panels {
			VMOVUPS(acc[r][p], out.at(r, vector512*p))
		}
	}
	VZEROUPPER()
	RET()
}
