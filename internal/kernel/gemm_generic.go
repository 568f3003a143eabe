package kernel

// gemmTile returns the plain version of the microkernel of a given height.
func gemmTile(rows int) microkernel {
	return func(k int, a *float32, lda int, b, init *float32, ldi int, c *float32, ldc int, _ *float32, _ int) {
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

// gemmPair returns the plain version of the microkernel of a given height for two panels.
func gemmPair(rows int) microkernelPair { return twoPanels(gemmTile(rows)) }

// twoPanels makes a microkernel for two panels of one for one panel.
func twoPanels(tile microkernel) microkernelPair {
	return func(k int, a *float32, lda int, b *float32, apart int, init *float32, ldi int, c *float32, ldc int, _ *float32, _ int) {
		tile(k, a, lda, b, init, ldi, c, ldc, nil, 0)
		tile(k, a, lda, skip(b, apart), skip(init, Width), ldi, skip(c, Width), ldc, nil, 0)
	}
}
