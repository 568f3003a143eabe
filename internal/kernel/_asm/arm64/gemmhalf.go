package main

import "fmt"

// gemmhalf writes the tiles of C = init + A·B for 1 to 6 rows of A and one panel of 16-bit weights.
// A tile leaves the panel in float32, for the tiles of float32 to multiply the other rows by.
func gemmhalf(f *file) {
	for _, format := range []string{"fp16", "bf16"} {
		for rows := 1; rows <= 6; rows++ {
			halfTile(f, format, rows)
		}
	}
}

// halfTile: each row of the panel is widened, which is exact, stored for the tiles that follow, and
// multiplied as in the tiles of float32: the sums have their bits. With 6 rows there are 24
// accumulators, 6 registers for four elements of each row of A and 2 for half a row of the panel,
// which is widened in place.
func halfTile(f *file, format string, rows int) {
	f.function(fmt.Sprintf("%sTile%dNEON", format, rows),
		"(k int, a *float32, lda int, b *uint16, wide *float32, init *float32, ldi int, c *float32, ldc int, next *float32, lines int)",
		fmt.Sprintf("is halfTile for %d rows, one panel and %s. Strides are in elements; k may be 0; next and lines are not used.", rows, format))
	const k, b, at, ld, wide, row R = 0, 1, 2, 3, 4, 5 // rows of A are R5 to R10
	x := func(r int) V { return V(columns*rows + r) }
	half := [2]V{30, 31}

	f.arg("k", k)
	f.arg("b", b)
	f.arg("wide", wide)
	f.rowPointers("a", "lda", row, rows, 2)
	f.startTile(rows, at, ld)
	step := func(i int) {
		for c := 0; c < columns; c += 2 {
			f.load(half[1], b, (rowBytes*i+vectorBytes*c)/2)
			widen := f.fcvtl
			if format == "bf16" {
				widen = f.shll
			}
			widen(half[0], half[1], false)
			widen(half[1], half[1], true)
			f.stores(half[:], wide, rowBytes*i+vectorBytes*c)
			f.multiplyAdd(rows, c, half, x, i)
		}
	}
	f.tileSteps(k, row, rows, x, step, func(steps int) {
		f.ins("ADD $%d, %v, %v", rowBytes/2*steps, b, b)
		f.ins("ADD $%d, %v, %v", rowBytes*steps, wide, wide)
	})
	f.storeTile(rows, at, ld)
}
