package kernel

// gemmTile returns the plain version of the tile of a given height: C = init + A·B for rows of A and one panel B of k × 16.
// Strides are in elements; ldi is 0 to start every row from the same init. C may be init.
func gemmTile(rows int) func(k int, a *float32, lda int, b *float32, init *float32, ldi int, c *float32, ldc int) {
	return func(k int, a *float32, lda int, b *float32, init *float32, ldi int, c *float32, ldc int) {
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
