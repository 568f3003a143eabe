package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// activations writes the functions of the feed-forward block, each in place over a strip 16 columns
// wide: the strip that a panel of a matrix product has just left in the first-level cache. An
// element goes through the same operations in vectors of either size, so it has the same bits.
func activations(s size) {
	s.strip("gelu", "x·Φ(x), by a rational approximation of erf", s.gelu)
	s.strip("geluTanh", "the tanh approximation of x·Φ(x)", s.geluTanh)
	s.strip("relu", "max(x, 0)", s.relu)
	s.strip("silu", "x·sigmoid(x)", s.silu)
}

func (s size) strip(name, what string, f func(x VecVirtual)) {
	name += s.tier
	TEXT(name, NOSPLIT, "func(x *float32, rows int, ld int)")
	Pragma("noescape")
	Doc(name + " replaces rows × 16 elements by " + what + ". rows is at least 1.")
	x := Load(Param("x"), GP64())
	rows := Load(Param("rows"), GP64())
	ld := Load(Param("ld"), GP64())
	SHLQ(Imm(2), ld)
	Label("loop")
	for at := 0; at < panelBytes; at += s.bytes {
		v := s.register()
		m := Mem{Base: x, Disp: at}
		VMOVUPS(m, v)
		f(v)
		VMOVUPS(v, m)
	}
	ADDQ(ld, x)
	DECQ(rows)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// ½·erf(x/√2) = x·P(x²)/Q(x²) for |x| ≤ geluLimit, where it reaches ±½ in float32; a minimax fit
// with error 6.3e-9 in exact arithmetic, 1.5e-7 in float32.
var (
	geluP = []float32{0.3989422402800846, 0.033606868581324334, 0.004663599245906016, 0.0001665072188480196, 6.354567185144942e-06, 2.3064292774398675e-08}
	geluQ = []float32{1, 0.25090593491957086, 0.02850880177905553, 0.0018713213495697143, 7.299779598670249e-05, 1.2068384386148514e-06}
)

const geluLimit = 5.45

// gelu(x) = x·½ + x·(½·erf(x/√2)).
func (s size) gelu(x VecVirtual) {
	Comment("z = x, moved into the domain of the approximation; with x as the second source, a NaN is kept")
	z := s.register()
	s.constant(splat(geluLimit), z)
	VMINPS(x, z, z)
	low := s.register()
	s.constant(splat(-geluLimit), low)
	VMAXPS(z, low, z)
	square := s.register()
	VMULPS(z, z, square)
	p, q := s.horner(square, geluP), s.horner(square, geluQ)
	VMULPS(z, p, p)
	VDIVPS(q, p, p)
	Comment("x (½ + p/q)")
	s.add(splat(0.5), p, p)
	VMULPS(p, x, x)
}

// geluTanh(x) = ½·x·(1 + tanh v) = x / (1 + e^(-2v)) with v = √(2/π)·(x + 0.044715·x³); u is the
// power of 2.
func (s size) geluTanh(x VecVirtual) {
	c := -2 * math.Sqrt(2/math.Pi) * math.Log2E
	u := s.register()
	VMULPS(x, x, u)
	cubic := s.register()
	s.constant(splat(float32(c*0.044715)), cubic)
	s.fma(splat(float32(c)), u, cubic)
	VMULPS(cubic, x, u)
	s.divideByPower(x, u)
}

// silu(x) = x / (1 + e^(-x)); u is the power of 2.
func (s size) silu(x VecVirtual) {
	u := s.register()
	s.constant(splat(-math.Log2E), u)
	VMULPS(u, x, u)
	s.divideByPower(x, u)
}

// divideByPower replaces x by x / (1 + 2^u).
func (s size) divideByPower(x, u VecVirtual) {
	Comment("beyond the highest power x / (1 + 2^u) is as good as 0")
	high := s.register()
	s.constant(splat(exp2High), high)
	VMINPS(u, high, u)
	s.exp2(u)
	s.add(splat(1), u, u)
	VDIVPS(u, x, x)
}

func (s size) relu(x VecVirtual) {
	zero := s.register()
	s.xor(zero, zero, zero)
	VMAXPS(x, zero, x)
}
