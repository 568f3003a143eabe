package main

import "fmt"

// i8mm writes the tiles of the int8 product for 1 to 6 rows of A and one panel of B, for CPUs with
// the matrix instructions for bytes.
//
// USMMLA multiplies two rows of 8 unsigned bytes by two columns of 8 signed bytes, and adds the
// products to four sums: 32 products an instruction. A panel has 4 bytes of each column side by
// side, so two vectors of it, 4 inputs apart, are zipped into two that have 8 bytes of two columns
// each. With 6 rows there are 24 accumulators, 3 registers for the rows and 4 for the panel; 8
// inputs are 24 products for 8 zips and 14 loads.
func i8mm(f *file) {
	for rows := 1; rows <= 6; rows++ {
		matrixTile(f, rows)
	}
}

// matrixTile keeps the sums of a pair of rows in 8 registers, each of two columns: first row, first
// row, second row, second row. With an odd number of rows, the second row of the last pair is zero.
func matrixTile(f *file, rows int) {
	const (
		inputs     = 8
		pairSums   = 8
		activation = V(24) // of each pair
		panel      = V(27) // V27 to V30
	)
	f.function(fmt.Sprintf("int8Tile%dI8MM", rows), tile8Signature,
		fmt.Sprintf("is int8Tile for %d rows, with the matrix instructions. k is a multiple of 8.", rows))
	f.arg("k", k8)
	f.arg("b", b8)
	f.arg("columns", params8)
	f.rowPointers("a", "lda", row8, rows, 0)
	pairs := (rows + 1) / 2
	f.zero(vectors(0, pairSums*pairs)...)

	f.label("loop")
	for r := range rows {
		if r%2 == 0 {
			f.ins("FMOVD.P %d(%v), %s", inputs, row8+R(r), (activation + V(r/2)).F())
		} else {
			f.ins("VLD1.P %d(%v), V%d.D[1]", inputs, row8+R(r), int(activation)+r/2)
		}
	}
	for quad := range columns {
		low, high, first, second := panel, panel+1, panel+2, panel+3
		f.load(low, b8, vectorBytes*quad)
		f.load(high, b8, vectorBytes*quad+rowBytes)
		f.ins("VZIP1 %s, %s, %s", high.S4(), low.S4(), first.S4())
		f.ins("VZIP2 %s, %s, %s", high.S4(), low.S4(), second.S4())
		for p := range pairs {
			sums := V(pairSums*p + 2*quad)
			f.usmmla(sums, activation+V(p), first)
			f.usmmla(sums+1, activation+V(p), second)
		}
	}
	f.ins("ADD $%d, %v, %v", 2*rowBytes, b8, b8)
	f.ins("SUBS $%d, %v, %v", inputs, k8, k8)
	f.ins("BNE loop")

	f.comment("put the columns of each row side by side: those of four are in every other register")
	for at := V(0); at < V(pairSums*pairs); at += 2 {
		f.ins("VZIP1 %s, %s, %s", (at + 1).D2(), at.D2(), activation.D2())
		f.ins("VZIP2 %s, %s, %s", (at + 1).D2(), at.D2(), (at + 1).D2())
		f.copy(at, activation)
	}
	f.finishMatrix(rows, func(row, quad int) V { return V(pairSums*(row/2) + 2*quad + row%2) })
	f.ins("RET")
}

// finishMatrix writes C = sum · (row's step · column's scale) + row's low · column's sum + bias, in
// the order of operations that the other tiles have.
func (f *file) finishMatrix(rows int, sum func(row, quad int) V) {
	f.comment("C = sum · (row's step · column's scale) + row's low · column's sum + bias")
	const (
		params                     R = 9
		scale, sums, bias          V = 24, 25, 26
		factor, offset, stepAndLow V = 27, 28, 29
	)
	f.arg("rows", params)
	for quad := range columns {
		f.load(scale, params8, vectorBytes*quad)
		f.load(sums, params8, rowBytes+vectorBytes*quad)
		f.load(bias, params8, 2*rowBytes+vectorBytes*quad)
		for r := range rows {
			d := sum(r, quad)
			f.ins("FMOVD %d(%v), %s", 8*r, params, stepAndLow.F())
			f.copy(offset, bias)
			f.fmlaLane(offset, sums, stepAndLow, 1)
			f.fmulLane(factor, scale, stepAndLow, 0)
			f.scvtf(d, d)
			f.fmla(offset, d, factor)
			f.copy(d, offset)
		}
	}
	f.arg("c", out8)
	f.stride("ldc", ld8, 2)
	for r := range rows {
		var row []V
		for quad := range columns {
			row = append(row, sum(r, quad))
		}
		f.stores(row, out8, 0)
		if r < rows-1 {
			f.ins("ADD %v, %v, %v", ld8, out8, out8)
		}
	}
}
