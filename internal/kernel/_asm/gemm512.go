package main

// height512 is the height of the largest tile.
const height512 = 12

// gemm512 writes the tiles of C = init + A·B for 1 to 12 rows of A and one panel of B, or two
// panels side by side.
//
// With 12 rows and two panels there are 24 accumulators, 2 registers for a row of both panels and
// up to 6 for broadcast elements of A: all 32 registers. A step of k is then 24 FMAs for 14 loads.
// Every element is one chain of FMAs in the order of k, as in the AVX2 tiles, so it has their bits.
func gemm512() {
	for panels := 1; panels <= 2; panels++ {
		for rows := 1; rows <= height512; rows++ {
			zmm.tile(rows, panels)
		}
	}
}
