package kernel

import (
	"unsafe"

	"github.com/crossrank/crossrank/internal/half"
)

// halfTile returns the plain version of the microkernel for 16-bit weights of a given height.
func halfTile(rows, panels int, format half.Format) microkernelHalf {
	tile := gemmTile(rows)
	return func(k int, a *float32, lda int, b *uint16, wide, init *float32, ldi int, c *float32, ldc int, _ *float32, _ int) {
		format.Widen(view(wide, panels*k*Width), unsafe.Slice(b, panels*k*Width))
		for p := range panels {
			tile(k, a, lda, skip(wide, p*k*Width), skip(init, p*Width), ldi, skip(c, p*Width), ldc, nil, 0)
		}
	}
}

// halfTilesUpTo returns the plain versions for 1 to largest rows, of one panel and of two.
func halfTilesUpTo(largest int, format half.Format) halfTiles {
	of := func(panels int) []microkernelHalf {
		return tilesUpTo(largest, func(rows int) microkernelHalf { return halfTile(rows, panels, format) })
	}
	return halfTiles{of(1), of(2)}
}
