package kernel

import "unsafe"

// int8Block is the plain version of the product of a block of rows and panels: every row and panel
// is that of int8Tile.
func int8Block(k int, a *uint8, lda, rows int, b *int8, panels int, perRow, columns, c *float32, ldc int) {
	tile := int8Tile(1)
	for p := range panels {
		panel := (*int8)(unsafe.Add(unsafe.Pointer(b), p*k*Width))
		for r := range rows {
			row := (*uint8)(unsafe.Add(unsafe.Pointer(a), r*lda))
			tile(k, row, lda, panel, skip(perRow, 2*r), skip(columns, p*columnParams), skip(c, r*ldc+p*Width), ldc)
		}
	}
}
