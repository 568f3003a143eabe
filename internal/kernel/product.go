package kernel

// MatMulGated computes C = (A·W + bias) ⊙ G, element by element: the product of a gated
// feed-forward layer, where G is the activated gate, rows × Pad(Out) with stride ldg. Each strip of
// C is multiplied while it is in the first-level cache. The rest is as in [Set.MatMul]; C and G do
// not overlap.
func (s *Set) MatMulGated(c []float32, ldc int, a []float32, lda int, rows int, w *Panels, g []float32, ldg int, buf *Buffers) {
	if rows == 0 {
		return
	}
	_ = g[(rows-1)*ldg+Pad(w.Out)-1]
	s.matMul(c, ldc, a, lda, rows, w, epilogue{gate: g, ldg: ldg}, buf)
}

// Add adds the rows of y to those of x, both of n elements and ld apart: the sum of a residual
// stream. n is a multiple of Width.
func (s *Set) Add(x, y []float32, ld, rows, n int) {
	if rows == 0 {
		return
	}
	_, _ = x[(rows-1)*ld+n-1], y[(rows-1)*ld+n-1]
	for r := range rows {
		s.add(&x[r*ld], &y[r*ld], n)
	}
}
