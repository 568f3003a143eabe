package main

import "math"

// Functions work on several vectors at once, one instruction on each of them in turn: the next
// instruction of a vector then finds the last one done, on cores that execute in order too.

// horner writes c[0] + c[1]·x + c[2]·x² … to y and changes spare; all have as many registers. The
// result is in what it returns, y or spare.
func (f *file) horner(y, spare, x []V, c []float32) []V {
	f.splat(c[len(c)-1], y...)
	for i := len(c) - 2; i >= 0; i-- {
		f.splat(c[i], spare...)
		for j := range x {
			f.fmla(spare[j], y[j], x[j])
		}
		y, spare = spare, y
	}
	return y
}

// expCoefficients are those of q in e^r = 1 + r + r²·q(r), a minimax fit for |r| ≤ ln 2 / 2:
// relative error 3.1e-9 in exact arithmetic, 7e-8 in float32.
var expCoefficients = []float32{0.499999934323135, 0.16666520398931237, 0.04166839074451793, 0.008368745141809629, 0.0013814542377776004}

// The ends of exp's domain; arguments outside are moved there, NaN stays NaN.
const expLow, expHigh = -86.5, 88

// exp replaces x by e^x: x = n·ln 2 + r with n whole, then 2^n is added to the exponent of e^r. It
// changes n, q and spare, each of as many registers as x.
func (f *file) exp(x, n, q, spare []V) {
	f.comment("x = max(low, min(high, x)), n = round(x / ln 2)")
	limit := spare[:3]
	f.splat(expHigh, limit[0])
	f.splat(expLow, limit[1])
	f.splat(math.Log2E, limit[2])
	for _, x := range x {
		f.fmin(x, x, limit[0])
	}
	for _, x := range x {
		f.fmax(x, x, limit[1])
	}
	for i := range x {
		f.fmul(n[i], x[i], limit[2])
	}
	for _, n := range n {
		f.frintn(n, n)
	}
	f.comment("r = x - n ln 2, in two parts so that the product with the first is exact")
	f.splat(0.693359375, limit[0])
	f.splat(math.Ln2-0.693359375, limit[1])
	for _, part := range limit[:2] {
		for i := range x {
			f.fmls(x[i], n[i], part)
		}
	}
	f.comment("e^r = 1 + r + r² q(r), then times 2^n")
	y, square := f.keep(f.horner(q, spare, x, expCoefficients), q, spare)
	for i := range x {
		f.fmul(square[i], x[i], x[i])
	}
	for i := range x {
		f.fmla(x[i], square[i], y[i])
	}
	f.splat(1, square...)
	for i := range x {
		f.fadd(x[i], x[i], square[i])
	}
	for _, n := range n {
		f.fcvtns(n, n)
	}
	for _, n := range n {
		f.ins("VSHL $23, %s, %s", n.S4(), n.S4())
	}
	for i := range x {
		f.ins("VADD %s, %s, %s", n[i].S4(), x[i].S4(), x[i].S4())
	}
}

// sum adds four registers and their lanes into all lanes of the first.
func (f *file) sum(v []V) {
	f.fold(v, f.fadd)
	f.faddp(v[0], v[0], v[0])
	f.faddp(v[0], v[0], v[0])
}
