package kernel

import "math"

// RotarySpan is how many elements of a head turn together: Width/2 first elements of pairs, then
// their second elements. So a kernel reads both as whole vectors, whatever the size of a head.
const RotarySpan = Width

// RotaryOrder returns where each of a head's elements stands when its pairs are arranged for
// [Set.Rotate]: element d at order[d], below Pad(size). The first 2·pairs elements turn, element k
// together with element k + pairs; the others are paired in order and not rotated. Queries
// and keys arranged alike have the same products.
func RotaryOrder(size, pairs int) []int {
	order := make([]int, size)
	place := func(d, pair, side int) { order[d] = pair/(Width/2)*Width + side*(Width/2) + pair%(Width/2) }
	for k := range pairs {
		place(k, k, 0)
		place(k+pairs, k, 1)
	}
	for d := 2 * pairs; d < size; d++ {
		place(d, pairs+(d-2*pairs)/2, (d-2*pairs)%2)
	}
	return order
}

// RotaryTable returns the cosines and sines of the first positions, Pad(size) elements a position,
// in the order of [RotaryOrder]: for each span Width/2 cosines, then Width/2 sines. Frequencies
// are in radians a position. What does not turn has the cosine 1.
func RotaryTable(positions, size int, frequencies []float64) []float32 {
	table := make([]float32, positions*Pad(size))
	for p := range positions {
		row := table[p*Pad(size) : (p+1)*Pad(size)]
		for pair := range Pad(size) / 2 {
			sin, cos := 0.0, 1.0
			if pair < len(frequencies) {
				sin, cos = math.Sincos(float64(p) * frequencies[pair])
			}
			at := pair/(Width/2)*Width + pair%(Width/2)
			row[at], row[at+Width/2] = float32(cos), float32(sin)
		}
	}
	return table
}

// Rotate turns the heads of rows in place by rotary positions (Su et al. 2021): each pair (a, b)
// becomes (a·cos − b·sin, b·cos + a·sin), where the products are rounded, then the sum. Row r of x,
// ld apart, holds heads of size elements side by side, arranged as [RotaryOrder] says, and turns
// by row r of table, of size elements. size is a multiple of Width.
func (s *Set) Rotate(x []float32, ld, rows, heads, size int, table []float32) {
	if rows == 0 {
		return
	}
	_, _ = x[(rows-1)*ld+heads*size-1], table[rows*size-1]
	for r := range rows {
		s.rotate(&x[r*ld], heads, size, &table[r*size])
	}
}
