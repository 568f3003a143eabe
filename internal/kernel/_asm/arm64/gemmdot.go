package main

import "fmt"

// gemmdot writes the tiles of the product of pairs of bfloat16 numbers for 1 to 6 rows of A and one
// panel of B, and the rounding of rows.
//
// BFMMLA multiplies two rows of 4 numbers by two columns of 4, and adds the products to four sums:
// 16 products an instruction. A pair has the size of 4 bytes, so the panel is zipped and the
// registers are used as in the tiles of i8mm. 4 inputs are 24 instructions for 8 zips and 14 loads.
func gemmdot(f *file) {
	for rows := 1; rows <= 6; rows++ {
		pairTile(f, rows)
	}
	roundPairs(f)
}

func pairTile(f *file, rows int) {
	const (
		step            = 2 // pairs
		pairSums        = 8
		activation      = V(24) // of each two rows
		panel           = V(27) // V27 to V30
		k, b, at, ld, x = R(0), R(1), R(2), R(3), R(4)
	)
	f.function(fmt.Sprintf("tile%dBF16", rows),
		"(k int, a *float32, lda int, b *float32, init *float32, ldi int, c *float32, ldc int, next *float32, lines int)",
		fmt.Sprintf("is matrixTile for %d rows. Strides are in pairs; k is even and at least 2; next and lines are not used.", rows))
	f.arg("k", k)
	f.arg("b", b)
	f.rowPointers("a", "lda", x, rows, 2)

	f.comment("start from init: sums of two rows and two columns share a register")
	f.arg("init", at)
	f.stride("ldi", ld, 2)
	sum := func(row, quad int) V { return V(pairSums*(row/2) + 2*quad + row%2) }
	row := func(move func([]V, R, int), r int) {
		var quads []V
		for quad := range columns {
			quads = append(quads, sum(r, quad))
		}
		move(quads, at, 0)
		if r < rows-1 {
			f.ins("ADD %v, %v, %v", ld, at, at)
		}
	}
	for r := range rows {
		row(f.loads, r)
	}
	if rows%2 == 1 {
		for quad := range columns {
			f.zero(sum(rows, quad))
		}
	}
	zip := func() {
		for at := V(0); at < V(pairSums*((rows+1)/2)); at += 2 {
			f.ins("VZIP1 %s, %s, %s", (at + 1).D2(), at.D2(), activation.D2())
			f.ins("VZIP2 %s, %s, %s", (at + 1).D2(), at.D2(), (at + 1).D2())
			f.copy(at, activation)
		}
	}
	zip()
	if rows%2 == 1 {
		f.zero(activation + V(rows/2))
	}

	f.label("loop")
	for r := range rows {
		if r%2 == 0 {
			f.ins("FMOVD.P %d(%v), %s", 4*step, x+R(r), (activation + V(r/2)).F())
		} else {
			f.ins("VLD1.P %d(%v), V%d.D[1]", 4*step, x+R(r), int(activation)+r/2)
		}
	}
	for quad := range columns {
		low, high, first, second := panel, panel+1, panel+2, panel+3
		f.load(low, b, vectorBytes*quad)
		f.load(high, b, vectorBytes*quad+rowBytes)
		f.ins("VZIP1 %s, %s, %s", high.S4(), low.S4(), first.S4())
		f.ins("VZIP2 %s, %s, %s", high.S4(), low.S4(), second.S4())
		for p := range (rows + 1) / 2 {
			sums := V(pairSums*p + 2*quad)
			f.bfmmla(sums, activation+V(p), first)
			f.bfmmla(sums+1, activation+V(p), second)
		}
	}
	f.ins("ADD $%d, %v, %v", step*rowBytes, b, b)
	f.ins("SUBS $%d, %v, %v", step, k, k)
	f.ins("BNE loop")

	f.comment("put the columns of each row side by side")
	zip()
	f.arg("c", at)
	f.stride("ldc", ld, 2)
	for r := range rows {
		row(f.stores, r)
	}
	f.ins("RET")
}

// roundPairs rounds 16 elements at a time.
func roundPairs(f *file) {
	f.function("roundPairsBF16", "(dst *uint16, src *float32, n int)",
		"is roundPairsGeneric, but that subnormal numbers stay such. n is a multiple of 16 and at least 16.")
	const dst, src, n R = 0, 1, 2
	f.arg("dst", dst)
	f.arg("src", src)
	f.arg("n", n)
	f.label("loop")
	f.loads(vectors(0, 4), src, 0)
	for i := V(0); i < 4; i++ {
		f.bfcvtn(4+i/2, i, i%2 == 1)
	}
	f.stores(vectors(4, 2), dst, 0)
	f.ins("ADD $64, %v, %v", src, src)
	f.ins("ADD $32, %v, %v", dst, dst)
	f.ins("SUBS $16, %v, %v", n, n)
	f.ins("BNE loop")
	f.ins("RET")
}
