package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// gemm writes the tiles of C = init + A·B for 1 to 6 rows of A and one panel of B, which is 16
// columns wide.
//
// With 6 rows there are 12 accumulators, 2 registers for a row of the panel and 2 for broadcast
// elements of A: all 16 registers. A step of k is then 12 FMAs for 8 loads, so that the two FMA
// units are the limit and not the two load ports. Every element is one chain of FMAs in the order
// of k, whatever the tile's height: that is what makes a score independent of the batch around it.
func gemm() {
	for rows := 1; rows <= 6; rows++ {
		tile(rows)
	}
}

func tile(rows int) {
	const columns, unroll, lineBytes = 2, 4, 64
	name := fmt.Sprintf("tile%dAVX2", rows)
	TEXT(name, NOSPLIT, "func(k int, a *float32, lda int, b *float32, init *float32, ldi int, c *float32, ldc int, next *float32, lines int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s is gemmTile for %d rows. Strides are in elements; k may be 0; lines is 1, 2 or 4.", name, rows))

	k := Load(Param("k"), GP64())
	a := newRows(rows, Load(Param("a"), GP64()), Load(Param("lda"), GP64()))
	b := Load(Param("b"), GP64())

	Comment("start from init: a bias (stride 0), zeros, or what C holds already")
	start := newRows(rows, Load(Param("init"), GP64()), Load(Param("ldi"), GP64()))
	var acc [6][columns]VecVirtual
	for r := range rows {
		for c := range columns {
			acc[r][c] = YMM()
			VMOVUPS(start.at(r, vectorBytes*c), acc[r][c])
		}
	}

	step := func(i int) {
		var row [columns]VecVirtual
		for c := range columns {
			row[c] = YMM()
			VMOVUPS(Mem{Base: b, Disp: vectorBytes * (columns*i + c)}, row[c])
		}
		for r := range rows {
			x := YMM()
			VBROADCASTSS(a.at(r, 4*i), x)
			for c := range columns {
				VFMADD231PS(row[c], x, acc[r][c])
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
		for i := range lines {
			PREFETCHT1(Mem{Base: next, Disp: lineBytes * i})
		}
		for i := range unroll {
			step(i)
		}
		a.advance(4 * unroll)
		ADDQ(U32(vectorBytes*columns*unroll), b)
		ADDQ(U32(vectorBytes*columns*unroll), next)
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
	ADDQ(Imm(vectorBytes*columns), b)
	DECQ(k)
	JNZ(LabelRef("single"))

	Label("store")
	out := newRows(rows, Load(Param("c"), GP64()), Load(Param("ldc"), GP64()))
	for r := range rows {
		for c := range columns {
			VMOVUPS(acc[r][c], out.at(r, vectorBytes*c))
		}
	}
	VZEROUPPER()
	RET()
}

// rowSet addresses up to 12 rows of a matrix with pointers three rows apart, and one stride.
type rowSet struct {
	base   [4]Register
	stride Register
}

// newRows takes over base and turns stride from elements of 4 bytes into bytes.
func newRows(rows int, base, stride Register) rowSet { return newRowsOf(4, rows, base, stride) }

// newRowsOf is newRows for elements of 1, 2 or 4 bytes.
func newRowsOf(bytes, rows int, base, stride Register) rowSet {
	s := rowSet{stride: stride}
	s.base[0] = base
	if bytes > 1 {
		SHLQ(Imm(uint64(bytes/2)), stride)
	}
	for i := 1; 3*i < rows; i++ {
		base := GP64()
		LEAQ(Mem{Base: s.base[i-1], Index: stride, Scale: 2}, base)
		ADDQ(stride, base)
		s.base[i] = base
	}
	return s
}

func (s rowSet) at(row, disp int) Mem {
	m := Mem{Base: s.base[row/3], Disp: disp}
	if row%3 > 0 {
		m.Index, m.Scale = s.stride, uint8(row%3)
	}
	return m
}

func (s rowSet) advance(bytes int) {
	for _, base := range s.base {
		if base != nil {
			ADDQ(U32(uint32(bytes)), base)
		}
	}
}
