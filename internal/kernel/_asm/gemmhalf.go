package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// halfPanelBytes is a row of a panel of 16-bit weights.
const halfPanelBytes = panelBytes / 2

// gemmhalf writes the tiles of C = init + A·B for 1 to 6 rows of A and one panel of 16-bit weights.
// A tile leaves the panel in float32, for the tiles of float32 to multiply the other rows by.
func gemmhalf() { halfTiles(ymm, 1, 6) }

// gemmhalf512 writes those of AVX-512, for one panel or two, and for 1 to 4 rows: with more they
// would not be faster than the tiles of float32 on what these leave, but more code.
func gemmhalf512() {
	halfTiles(zmm, 1, 4)
	halfTiles(zmm, 2, 4)
}

func halfTiles(s size, panels, largest int) {
	for _, format := range []string{"fp16", "bf16"} {
		for rows := 1; rows <= largest; rows++ {
			s.halfTile(format, rows, panels)
		}
	}
}

// halfTile writes the tile for some rows of A and one panel of B in 16 bits, or two of which the
// second follows the first. Each row of a panel is widened, which is exact, stored for the tiles
// that follow, and multiplied as [size.tile] does: the sums have its bits.
//
// A step of k is an FMA for each row and register of the panel, beside one instruction (two in
// bf16) and a store for each register: with few rows the reading of weights is the limit, which are
// half as many bytes as those of float32.
func (s size) halfTile(format string, rows, panels int) {
	kind, what := "Tile", "one panel"
	if panels == 2 {
		kind, what = "Pair", "two panels"
	}
	TEXT(fmt.Sprintf("%s%s%d%s", format, kind, rows, s.tier), NOSPLIT, "func(k int, a *float32, lda int, b *uint16, "+
		"wide *float32, init *float32, ldi int, c *float32, ldc int, next *float32, lines int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s%s%d%s is halfTile for %d rows, %s and %s. Strides are in elements; k may be 0; lines is 1, 2 or 4.",
		format, kind, rows, s.tier, rows, what, format))

	k := Load(Param("k"), GP64())
	a := newRows(rows, Load(Param("a"), GP64()), Load(Param("lda"), GP64()))
	b, wide := Load(Param("b"), GP64()), Load(Param("wide"), GP64())
	second := GP64() // from a panel of B to the next; it is twice as far where they are wide
	if panels == 2 {
		MOVQ(k, second)
		SHLQ(Imm(5), second)
	}
	// at is the place of the c-th register of row i in panels whose rows are as long.
	at := func(base Register, rowBytes, i, c int) Mem {
		registers := panelBytes / s.bytes // of a row
		m := Mem{Base: base, Disp: rowBytes*i + c%registers*rowBytes/registers}
		if c >= registers {
			m.Index, m.Scale = second, uint8(rowBytes/halfPanelBytes)
		}
		return m
	}
	columns := panels * panelBytes / s.bytes
	acc := s.start(rows, columns)

	step := func(i int) {
		var row [2]VecVirtual
		for c := range columns {
			row[c] = s.register()
			if format == "bf16" {
				VPMOVZXWD(at(b, halfPanelBytes, i, c), row[c])
				VPSLLD(Imm(16), row[c], row[c])
			} else {
				VCVTPH2PS(at(b, halfPanelBytes, i, c), row[c])
			}
			VMOVUPS(row[c], at(wide, panelBytes, i, c))
		}
		for r := range rows {
			x := s.register()
			VBROADCASTSS(a.at(r, 4*i), x)
			for c := range columns {
				VFMADD231PS(row[c], x, acc[r][c])
			}
		}
	}
	fetch := func(next Register, lines int) {
		for i := range lines {
			PREFETCHT1(Mem{Base: next, Disp: panelBytes * i})
		}
	}
	steps(k, fetch, step, func(steps int) {
		a.advance(4 * steps)
		ADDQ(U32(uint32(halfPanelBytes*steps)), b)
		ADDQ(U32(uint32(panelBytes*steps)), wide)
	})
	s.store(acc, rows, columns)
}
