package main

import "math"

// activations writes the functions of the feed-forward block, each in place over a strip 16 columns
// wide: the strip that a panel of a matrix product has just left in the first-level cache.
func activations(f *file) {
	strip(f, "geluNEON", "x·Φ(x), by a rational approximation of erf", gelu)
	strip(f, "geluTanhNEON", "the tanh approximation of x·Φ(x)", geluTanh)
	strip(f, "reluNEON", "max(x, 0)", relu)
	strip(f, "siluNEON", "x·sigmoid(x)", silu)
}

func strip(f *file, name, what string, function func(f *file, x []V)) {
	f.function(name, "(x *float32, rows int, ld int)", "replaces rows × 16 elements by "+what+". rows is at least 1.")
	const x, rows, ld R = 0, 1, 2
	f.arg("x", x)
	f.arg("rows", rows)
	f.stride("ld", ld, 2)
	f.useConstants()
	f.label("loop")
	v := vectors(0, columns)
	f.loads(v, x, 0)
	function(f, v)
	f.stores(v, x, 0)
	f.ins("ADD %v, %v, %v", ld, x, x)
	f.ins("SUBS $1, %v, %v", rows, rows)
	f.ins("BNE loop")
	f.ins("RET")
}

// ½·erf(x/√2) = x·P(x²)/Q(x²) for |x| ≤ geluLimit, where it reaches ±½ in float32; a minimax fit
// with error 6.3e-9 in exact arithmetic, 1.5e-7 in float32.
var (
	geluP = []float32{0.3989422402800846, 0.033606868581324334, 0.004663599245906016, 0.0001665072188480196, 6.354567185144942e-06, 2.3064292774398675e-08}
	geluQ = []float32{1, 0.25090593491957086, 0.02850880177905553, 0.0018713213495697143, 7.299779598670249e-05, 1.2068384386148514e-06}
)

const geluLimit = 5.45

// gelu(x) = x·½ + x·(½·erf(x/√2)).
func gelu(f *file, x []V) {
	z, square, p, q, spare := vectors(4, 4), vectors(8, 4), vectors(12, 4), vectors(16, 4), vectors(20, 4)
	f.comment("z = x, moved into the domain of the approximation; a NaN is kept")
	f.splat(geluLimit, spare[0])
	f.splat(-geluLimit, spare[1])
	for i := range x {
		f.fmin(z[i], x[i], spare[0])
	}
	for i := range x {
		f.fmax(z[i], z[i], spare[1])
	}
	for i := range x {
		f.fmul(square[i], z[i], z[i])
	}
	p, spare = f.keep(f.horner(p, spare, square, geluP), p, spare)
	q, spare = f.keep(f.horner(q, spare, square, geluQ), q, spare)
	for i := range x {
		f.fmul(p[i], p[i], z[i])
	}
	for i := range x {
		f.fdiv(p[i], p[i], q[i])
	}
	f.comment("x (½ + p/q)")
	f.splat(0.5, spare[0])
	for i := range x {
		f.fadd(p[i], p[i], spare[0])
	}
	for i := range x {
		f.fmul(x[i], x[i], p[i])
	}
}

// keep returns the registers that hold a result, which are a or b, and the others.
func (f *file) keep(result, a, b []V) (kept, free []V) {
	if result[0] == a[0] {
		return a, b
	}
	return b, a
}

// geluTanh(x) = ½·x·(1 + tanh u) = x / (1 + e^(-2u)) with u = √(2/π)·(x + 0.044715·x³).
func geluTanh(f *file, x []V) {
	c := -2 * math.Sqrt(2/math.Pi)
	u, cubic, q, spare := vectors(4, 4), vectors(8, 4), vectors(12, 4), vectors(16, 4)
	for i := range x {
		f.fmul(u[i], x[i], x[i])
	}
	f.splat(float32(c), cubic...)
	f.splat(float32(c*0.044715), spare[0])
	for i := range x {
		f.fmla(cubic[i], u[i], spare[0])
	}
	for i := range x {
		f.fmul(u[i], x[i], cubic[i])
	}
	f.divideByPower(x, u, cubic, q, spare)
}

// silu(x) = x / (1 + e^(-x)).
func silu(f *file, x []V) {
	u, n, q, spare := vectors(4, 4), vectors(8, 4), vectors(12, 4), vectors(16, 4)
	for i := range x {
		f.fneg(u[i], x[i])
	}
	f.divideByPower(x, u, n, q, spare)
}

// divideByPower replaces x by x / (1 + e^u) and changes u, n, q and spare.
func (f *file) divideByPower(x, u, n, q, spare []V) {
	f.exp(u, n, q, spare)
	f.splat(1, spare[0])
	for i := range x {
		f.fadd(u[i], u[i], spare[0])
	}
	for i := range x {
		f.fdiv(x[i], x[i], u[i])
	}
}

func relu(f *file, x []V) {
	const zero V = 4
	f.zero(zero)
	for _, x := range x {
		f.fmax(x, x, zero)
	}
}
