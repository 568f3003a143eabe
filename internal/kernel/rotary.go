package kernel

import "math"

// rotarySpan is how many elements of a head turn together: rotarySpan/2 first elements of pairs,
// then their second elements. So a kernel reads both as whole vectors, whatever the size of a head.
const rotarySpan = Width

// rotaryPlace returns where the first element of a pair stands in its head, or the second one if
// side is 1.
func rotaryPlace(pair, side int) int {
	const half = rotarySpan / 2
	return pair/half*rotarySpan + side*half + pair%half
}

// RotaryOrder returns where each of a head's elements stands when its pairs are arranged for
// [Set.Rotate]: element d at order[d], below Pad(size). The first 2·pairs elements turn, element k
// together with element k + pairs; the others are paired in order and not rotated. Queries
// and keys arranged alike have the same products.
func RotaryOrder(size, pairs int) []int {
	order := make([]int, size)
	for k := range pairs {
		order[k], order[k+pairs] = rotaryPlace(k, 0), rotaryPlace(k, 1)
	}
	for d := 2 * pairs; d < size; d++ {
		order[d] = rotaryPlace(pairs+(d-2*pairs)/2, (d-2*pairs)%2)
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
			row[rotaryPlace(pair, 0)], row[rotaryPlace(pair, 1)] = float32(cos), float32(sin)
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
