package kernel

// dotBlock computes the product of a block of rows of k pairs and several panels of pairs at once,
// see dotBlockGeneric. k is a multiple of pairInputs/2, lda counts numbers, and rows is from 1 to
// rowBlock.
type dotBlock func(k int, a *uint16, lda, rows int, b *uint16, panels int, bias, c *float32, ldc int)

// panelBlocksDot multiplies rows of pairs, which are lda numbers apart, by all panels, in blocks.
func (s *Set) panelBlocksDot(c []float32, ldc, lda, rows int, w *Panels, e epilogue, buf *Buffers) {
	weights := numbersOf(w.data)
	s.eachBlock(c, ldc, rows, w, e, func(col, panels int) {
		s.dotBlock(w.In, &buf.pairs[0], lda, rows, &weights[2*col*w.In], panels, &w.bias[col], &c[col], ldc)
	})
}
