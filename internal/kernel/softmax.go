package kernel

// Softmax replaces each of rows rows of n elements by e^(scale·(x-max)) over its sum, and the
// elements from n to Pad(n) by zero. scale is positive; rows are ld apart. A row that holds a NaN
// or +Inf becomes NaN.
//
// Exponents below -86.5 count as -86.5, whose power, 3e-38, is negligible beside the largest
// element's 1. The AVX2 and NEON versions' error is at most 5e-7 of each element, which is that of
// e^x (7e-8), of its argument and of the sum.
func (s *Set) Softmax(x []float32, rows, ld, n int, scale float32) {
	if rows == 0 {
		return
	}
	_ = x[(rows-1)*ld+Pad(n)-1]
	s.softmax(&x[0], rows, ld, n, scale)
}
