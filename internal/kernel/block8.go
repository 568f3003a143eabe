package kernel

// block8 computes the product of a block of quantized rows and several panels of int8 weights at
// once, each element as a [microkernel8] does, see int8Block. k is a multiple of [Width], and rows
// is from 1 to rowBlock. A tier has one where its instructions want more than one panel.
type block8 func(k int, a *uint8, lda, rows int, b *int8, panels int, perRow, columns, c *float32, ldc int)

const (
	// blockPanels is the number of panels that a block takes at once. Then their strips of C, 96
	// rows × 256 columns, are still in the second-level cache for what follows the product.
	blockPanels = 16

	// blockRows is the least number of rows for a block; fewer would leave most of a tile empty.
	blockRows = 4
)

// blockStride is the distance of quantized rows for blocks: an odd number of cache lines, so that
// the rows of a tile are not in the same few sets of the first-level cache.
func blockStride(in int) int { return ((in+cacheLine-1)/cacheLine | 1) * cacheLine }

// panelBlocks8 multiplies quantized rows by all panels, in blocks.
func (s *Set) panelBlocks8(c []float32, ldc, lda, rows int, w *Panels, e epilogue, buf *Buffers) {
	in := Pad(w.In)
	s.eachBlock(c, ldc, rows, w, e, func(col, panels int) {
		panel, params := &w.int8.data[col*in], &w.int8.params[col/Width*columnParams]
		s.block8(in, &buf.bytes[0], lda, rows, panel, panels, &buf.params[0], params, &c[col], ldc)
	})
}

// eachBlock multiplies by all panels, as many at a time as a block takes, from column col on, and
// finishes their products.
func (s *Set) eachBlock(c []float32, ldc, rows int, w *Panels, e epilogue, multiply func(col, panels int)) {
	out := Pad(w.Out)
	for col := 0; col < out; col += blockPanels * Width {
		panels := min(blockPanels, (out-col)/Width)
		multiply(col, panels)
		for at := col; at < col+panels*Width; at += Width {
			s.finish(c[at:], rows, ldc, e, at)
		}
	}
}
