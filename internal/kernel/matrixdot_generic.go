package kernel

import "math"

// matrixTile returns the plain version of the microkernel for pairs of a given height that adds as
// BFMMLA does: the two products of a pair first, then that to the sum, each time rounded by addOdd.
// It is dotTile in everything else.
func matrixTile(rows int) microkernel {
	return func(k int, a *float32, lda int, b, init *float32, ldi int, c *float32, ldc int, _ *float32, _ int) {
		panel := numbersOf(view(b, k*Width))
		for r := range rows {
			var sums [Width]float32
			copy(sums[:], view(skip(init, r*ldi), Width))
			row := numbersOf(view(skip(a, r*lda), k))
			for i := range k {
				x0, x1 := number(row[2*i]), number(row[2*i+1])
				for j := range sums {
					w := panel[2*(i*Width+j):]
					sums[j] = addOdd(flush(sums[j]), addOdd(toOdd(x0*number(w[0])), toOdd(x1*number(w[1]))))
				}
			}
			copy(view(skip(c, r*ldc), Width), sums[:])
		}
	}
}

// addOdd adds two numbers and rounds the exact sum to odd: if it is no float32, then to that
// neighbour whose last bit is 1.
func addOdd(a, b float32) float32 {
	x, y := float64(a), float64(b)
	sum := x + y
	part := sum - x
	lost := (x - (sum - part)) + (y - part) // the exact sum is sum + lost
	if bits := math.Float64bits(sum); lost != 0 && lost == lost && bits&1 == 0 {
		if math.Signbit(lost) == math.Signbit(sum) {
			bits++
		} else {
			bits--
		}
		sum = math.Float64frombits(bits)
	}
	return toOdd(sum)
}

// toOdd rounds to odd. What is subnormal becomes zero, and what is too large infinite.
func toOdd(x float64) float32 {
	const lostBits, bias = 52 - 23, 1023 - 127
	bits := math.Float64bits(x)
	exponent := int(bits>>52&0x7ff) - bias
	sign := uint32(bits>>32) & (1 << 31)
	switch {
	case x != x:
		return float32(x)
	case exponent <= 0:
		return math.Float32frombits(sign)
	case exponent >= 255:
		return math.Float32frombits(sign | 255<<23)
	}
	fraction := uint32(bits >> lostBits & (1<<23 - 1))
	if bits<<(64-lostBits) != 0 {
		fraction |= 1
	}
	return math.Float32frombits(sign | uint32(exponent)<<23 | fraction)
}
