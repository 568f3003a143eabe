package main

import "fmt"

// gemm writes the tiles of C = init + A·B for 1 to 6 rows of A and one panel of B, which is 16
// columns wide.
//
// With 6 rows there are 24 accumulators, 6 registers for four elements of each row of A and 2 for
// half a row of the panel: all 32 registers. Four steps of k are then 96 FMAs for 14 loads, and no
// FMA waits for one of the 23 before it. Every element is one chain of FMAs in the order of k,
// whatever the tile's height: that is what makes a score independent of the batch around it.
func gemm(f *file) {
	for rows := 1; rows <= 6; rows++ {
		tile(f, rows)
	}
}

func tile(f *file, rows int) {
	f.function(fmt.Sprintf("tile%dNEON", rows),
		"(k int, a *float32, lda int, b *float32, init *float32, ldi int, c *float32, ldc int, next *float32, lines int)",
		fmt.Sprintf("is gemmTile for %d rows. Strides are in elements; k may be 0; next and lines are not used.", rows))
	const k, b, at, ld, row R = 0, 1, 2, 3, 4 // rows of A are R4 to R9
	acc := func(r, c int) V { return V(columns*r + c) }
	x := func(r int) V { return V(columns*rows + r) }
	half := [2]V{30, 31}

	f.arg("k", k)
	f.arg("b", b)
	f.rowPointers("a", "lda", row, rows, 2)

	f.comment("start from init: a bias (stride 0), zeros, or what C holds already")
	f.arg("init", at)
	f.stride("ldi", ld, 2)
	for r := range rows {
		f.loads(vectors(acc(r, 0), columns), at, 0)
		if r < rows-1 {
			f.ins("ADD %v, %v, %v", ld, at, at)
		}
	}

	step := func(i int) {
		for c := 0; c < columns; c += 2 {
			f.loads(half[:], b, rowBytes*i+vectorBytes*c)
			for r := range rows {
				f.fmlaLane(acc(r, c), half[0], x(r), i)
				f.fmlaLane(acc(r, c+1), half[1], x(r), i)
			}
		}
	}

	f.ins("SUBS $%d, %v, %v", lanes, k, k)
	f.ins("BLT tail")
	f.label("loop")
	for r := range rows {
		f.ins("FMOVQ.P %d(%v), %s", vectorBytes, row+R(r), x(r).F())
	}
	for i := range lanes {
		step(i)
	}
	f.ins("ADD $%d, %v, %v", rowBytes*lanes, b, b)
	f.ins("SUBS $%d, %v, %v", lanes, k, k)
	f.ins("BGE loop")

	f.label("tail")
	f.ins("ADDS $%d, %v, %v", lanes, k, k)
	f.ins("BEQ store")
	f.label("single")
	for r := range rows {
		f.ins("FMOVS.P 4(%v), %s", row+R(r), x(r).F())
	}
	step(0)
	f.ins("ADD $%d, %v, %v", rowBytes, b, b)
	f.ins("SUBS $1, %v, %v", k, k)
	f.ins("BNE single")

	f.label("store")
	f.arg("c", at)
	f.stride("ldc", ld, 2)
	for r := range rows {
		f.stores(vectors(acc(r, 0), columns), at, 0)
		if r < rows-1 {
			f.ins("ADD %v, %v, %v", ld, at, at)
		}
	}
	f.ins("RET")
}

// rowPointers makes one pointer a row, in registers from first on, of a matrix of elements of
// 1<<shift bytes. The register after them is changed.
func (f *file) rowPointers(base, stride string, first R, rows, shift int) {
	ld := first + R(rows)
	f.arg(base, first)
	f.stride(stride, ld, shift)
	for r := range rows - 1 {
		f.ins("ADD %v, %v, %v", ld, first+R(r), first+R(r+1))
	}
}
