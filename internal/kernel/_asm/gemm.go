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
		ymm.tile(rows, 1)
	}
}

// tile writes the tile for some rows of A and one panel of B, or two that lie apart.
func (s size) tile(rows, panels int) {
	name, apart := fmt.Sprintf("tile%d%s", rows, s.tier), ""
	what := fmt.Sprintf("%s is %s for %d rows. ", name, s.plainTile, rows)
	if panels == 2 {
		name, apart = fmt.Sprintf("pair%d%s", rows, s.tier), "apart int, "
		what = fmt.Sprintf("%s is %s for %d rows. ", name, s.plainPair, rows)
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

	columns := panels * panelBytes / s.bytes
	acc := s.start(rows, columns)

	step := func(i int) {
		var row [2]VecVirtual
		for c := range columns {
			row[c] = s.register()
			at := s.bytes * c
			VMOVUPS(inPanel(b, at/panelBytes, panelBytes*i+at%panelBytes), row[c])
		}
		for r := range rows {
			if columns == 1 && s.broadcasts {
				s.multiplyAdd(a.at(r, 4*i), row[0], acc[r][0])
				continue
			}
			x := s.register()
			VBROADCASTSS(a.at(r, 4*i), x)
			for c := range columns {
				s.multiplyAdd(row[c], x, acc[r][c])
			}
		}
	}

	fetch := func(next Register, lines int) {
		for p := range panels {
			for i := range lines {
				PREFETCHT1(inPanel(next, p, panelBytes*i))
			}
		}
	}
	steps(k, fetch, step, func(steps int) {
		a.advance(4 * steps)
		ADDQ(U32(uint32(panelBytes*steps)), b)
	})
	s.store(acc, rows, columns)
}

// accumulators are the sums of a tile: a register or two for each panel in each row.
type accumulators [height512][2]VecVirtual

// start writes the beginning of a tile and returns its accumulators.
func (s size) start(rows, columns int) (acc accumulators) {
	Comment("start from init: a bias (stride 0), zeros, or what C holds already")
	start := newRows(rows, Load(Param("init"), GP64()), Load(Param("ldi"), GP64()))
	for r := range rows {
		for c := range columns {
			acc[r][c] = s.register()
			VMOVUPS(start.at(r, s.bytes*c), acc[r][c])
		}
	}
	return acc
}

// store writes the end of a tile.
func (s size) store(acc accumulators, rows, columns int) {
	Label("store")
	out := newRows(rows, Load(Param("c"), GP64()), Load(Param("ldc"), GP64()))
	for r := range rows {
		for c := range columns {
			VMOVUPS(acc[r][c], out.at(r, s.bytes*c))
		}
	}
	VZEROUPPER()
	RET()
}

// steps writes the loops over k: four steps at a time, while so many lines of what is next are
// fetched, then one by one. step writes the i-th step, and advance moves the pointers of the
// operands.
func steps(k Register, fetch func(next Register, lines int), step func(i int), advance func(steps int)) {
	const unroll = 4
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
		fetch(next, lines)
		for i := range unroll {
			step(i)
		}
		advance(unroll)
		ADDQ(U32(panelBytes*unroll), next)
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
	advance(1)
	DECQ(k)
	JNZ(LabelRef("single"))
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
