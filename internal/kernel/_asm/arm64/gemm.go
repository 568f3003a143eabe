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
	x := func(r int) V { return V(columns*rows + r) }
	half := [2]V{30, 31}

	f.arg("k", k)
	f.arg("b", b)
	f.rowPointers("a", "lda", row, rows, 2)
	f.startTile(rows, at, ld)
	step := func(i int) {
		for c := 0; c < columns; c += 2 {
			f.loads(half[:], b, rowBytes*i+vectorBytes*c)
			f.multiplyAdd(rows, c, half, x, i)
		}
	}
	f.tileSteps(k, row, rows, x, step, func(steps int) { f.ins("ADD $%d, %v, %v", rowBytes*steps, b, b) })
	f.storeTile(rows, at, ld)
}

// accumulator is the register of the sums of a row and a vector of columns.
func accumulator(r, c int) V { return V(columns*r + c) }

// startTile writes the beginning of a tile of float32 sums.
func (f *file) startTile(rows int, at, ld R) {
	f.comment("start from init: a bias (stride 0), zeros, or what C holds already")
	f.arg("init", at)
	f.stride("ldi", ld, 2)
	for r := range rows {
		f.loads(vectors(accumulator(r, 0), columns), at, 0)
		if r < rows-1 {
			f.ins("ADD %v, %v, %v", ld, at, at)
		}
	}
}

// storeTile writes the end of such a tile.
func (f *file) storeTile(rows int, at, ld R) {
	f.label("store")
	f.arg("c", at)
	f.stride("ldc", ld, 2)
	for r := range rows {
		f.stores(vectors(accumulator(r, 0), columns), at, 0)
		if r < rows-1 {
			f.ins("ADD %v, %v, %v", ld, at, at)
		}
	}
	f.ins("RET")
}

// multiplyAdd adds, in each row, the products of two vectors of the panel from column c on with the
// i-th of four elements of A.
func (f *file) multiplyAdd(rows, c int, panel [2]V, x func(r int) V, i int) {
	for r := range rows {
		f.fmlaLane(accumulator(r, c), panel[0], x(r), i)
		f.fmlaLane(accumulator(r, c+1), panel[1], x(r), i)
	}
}

// tileSteps writes the loops over k: four steps at a time, with as many elements of each row of A
// in x, then one by one. step writes the i-th step, and advance moves the pointers into the panel.
func (f *file) tileSteps(k, row R, rows int, x func(r int) V, step func(i int), advance func(steps int)) {
	f.ins("SUBS $%d, %v, %v", lanes, k, k)
	f.ins("BLT tail")
	f.label("loop")
	for r := range rows {
		f.ins("FMOVQ.P %d(%v), %s", vectorBytes, row+R(r), x(r).F())
	}
	for i := range lanes {
		step(i)
	}
	advance(lanes)
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
	advance(1)
	f.ins("SUBS $1, %v, %v", k, k)
	f.ins("BNE single")
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
