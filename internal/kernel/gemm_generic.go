package kernel

// gemmTile returns the plain version of the tile of a given height: C = init + A·B for rows of A and one panel B of k × 16.
// Strides are in elements; ldi is 0 to start every row from the same init. C may be init. next is where so many lines of the
// cache are for each four rows of B, 4·Width elements apart, that will be read soon: a hint that changes no result, and need
// not be memory at all.
func gemmTile(rows int) func(k int, a *float32, lda int, b *float32, init *float32, ldi int, c *float32, ldc int, next *float32, lines int) {
	return func(k int, a *float32, lda int, b *float32, init *float32, ldi int, c *float32, ldc int, _ *float32, _ int) {
		panel := view(b, k*Width)
		for r := range rows {
			var acc [Width]float32
			copy(acc[:], view(skip(init, r*ldi), Width))
			for i, x := range view(skip(a, r*lda), k) {
				for j, w := range (*[Width]float32)(panel[i*Width:]) {
					acc[j] += x * w
				}
			}
			copy(view(skip(c, r*ldc), Width), acc[:])
		}
	}
}
