package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// activations512 writes the activations for vectors of 16. Each element goes through the operations
// of the AVX2 versions, in their order, so it has their bits.
func activations512() {
	strip512("geluAVX512", "x·Φ(x), by a rational approximation of erf", gelu512)
	strip512("geluTanhAVX512", "the tanh approximation of x·Φ(x)", geluTanh512)
	strip512("reluAVX512", "max(x, 0)", relu512)
}

func strip512(name, what string, f func(x VecVirtual)) {
	TEXT(name, NOSPLIT, "func(x *float32, rows int, ld int)")
	Pragma("noescape")
	Doc(name + " replaces rows × 16 elements by " + what + ". rows is at least 1.")
	x := Load(Param("x"), GP64())
	rows := Load(Param("rows"), GP64())
	ld := Load(Param("ld"), GP64())
	SHLQ(Imm(2), ld)
	Label("loop")
	v := ZMM()
	VMOVUPS(Mem{Base: x}, v)
	f(v)
	VMOVUPS(v, Mem{Base: x})
	ADDQ(ld, x)
	DECQ(rows)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// horner512 is horner for vectors of 16; its constants are broadcast from the same memory.
func horner512(x VecVirtual, c []float32) VecVirtual {
	y := ZMM()
	VBROADCASTSS(splat(c[len(c)-1]), y)
	for i := len(c) - 2; i >= 0; i-- {
		VFMADD213PS_BCST(splat(c[i]), x, y)
	}
	return y
}

func gelu512(x VecVirtual) {
	Comment("z = x, moved into the domain of the approximation; with x as the second source, a NaN is kept")
	z, low := ZMM(), ZMM()
	VBROADCASTSS(splat(geluLimit), z)
	VMINPS(x, z, z)
	VBROADCASTSS(splat(-geluLimit), low)
	VMAXPS(z, low, z)
	square := ZMM()
	VMULPS(z, z, square)
	p, q := horner512(square, geluP), horner512(square, geluQ)
	VMULPS(z, p, p)
	VDIVPS(q, p, p)
	Comment("x (½ + p/q)")
	VADDPS_BCST(splat(0.5), p, p)
	VMULPS(p, x, x)
}

func geluTanh512(x VecVirtual) {
	c := -2 * math.Sqrt(2/math.Pi) * math.Log2E
	u, cubic := ZMM(), ZMM()
	VMULPS(x, x, u)
	VBROADCASTSS(splat(float32(c*0.044715)), cubic)
	VFMADD213PS_BCST(splat(float32(c)), u, cubic)
	VMULPS(cubic, x, u)
	Comment("beyond the highest power x / (1 + 2^u) is as good as 0")
	high := ZMM()
	VBROADCASTSS(splat(exp2High), high)
	VMINPS(u, high, u)
	exp2In512(u)
	VADDPS_BCST(splat(1), u, u)
	VDIVPS(u, x, x)
}

// exp2In512 is exp2 for vectors of 16.
func exp2In512(x VecVirtual) {
	Comment("x = max(low, x); with x as the second source, a NaN is kept")
	n := ZMM()
	VBROADCASTSS(splat(exp2Low), n)
	VMAXPS(x, n, x)
	Comment("2^f = 1 + f q(f) with f = x - round(x), then times 2^n")
	VRNDSCALEPS(U8(0), x, n)
	VSUBPS(n, x, x)
	q := horner512(x, exp2Coefficients)
	VFMADD213PS_BCST(splat(1), x, q)
	VCVTPS2DQ(n, n)
	VPSLLD(U8(23), n, n)
	VPADDD(n, q, x)
}

func relu512(x VecVirtual) {
	zero := ZMM()
	VPXORD(zero, zero, zero)
	VMAXPS(x, zero, x)
}
