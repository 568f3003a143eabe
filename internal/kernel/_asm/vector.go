package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// A vector is one YMM register, 8 float32.
const (
	lanes       = 8
	vectorBytes = 4 * lanes
)

// constants caches the read-only data of the file being written, by bit pattern.
var constants = map[uint32]Mem{}

// splat returns memory that holds v in all lanes, for use as an instruction's operand.
func splat(v float32) Mem { return splatBits(math.Float32bits(v)) }

func splatBits(bits uint32) Mem {
	if m, ok := constants[bits]; ok {
		return m
	}
	m := GLOBL(fmt.Sprintf("x%08x", bits), RODATA|NOPTR)
	for i := range lanes {
		DATA(4*i, U32(bits))
	}
	constants[bits] = m
	return m
}

// tailMask returns a register whose first rem lanes are all ones and whose others are zero.
func tailMask(rem Register) VecVirtual {
	table := GLOBL("tailmask", RODATA|NOPTR)
	for i := range 2 * lanes {
		bits := uint32(0)
		if i < lanes {
			bits = math.MaxUint32
		}
		DATA(4*i, U32(bits))
	}
	Comment("The mask's table is 8 lanes of ones, then 8 of zeros: start it at 8 - rem.")
	base, at := GP64(), GP64()
	LEAQ(table, base)
	MOVQ(U32(lanes), at)
	SUBQ(rem, at)
	mask := YMM()
	VMOVUPS(Mem{Base: base, Index: at, Scale: 4}, mask)
	return mask
}

// horner evaluates c[0] + c[1]·x + c[2]·x² … in every lane.
func horner(x VecVirtual, c []float32) VecVirtual {
	y := YMM()
	VMOVUPS(splat(c[len(c)-1]), y)
	for i := len(c) - 2; i >= 0; i-- {
		VFMADD213PS(splat(c[i]), x, y)
	}
	return y
}

// expCoefficients are those of q in e^r = 1 + r + r²·q(r), a minimax fit for |r| ≤ ln 2 / 2: relative error 3.1e-9 in exact
// arithmetic, 7e-8 in float32.
var expCoefficients = []float32{0.499999934323135, 0.16666520398931237, 0.04166839074451793, 0.008368745141809629, 0.0013814542377776004}

// The ends of exp's domain; arguments outside are moved there, NaN stays NaN.
const expLow, expHigh = -86.5, 88

// exp replaces x by e^x in every lane: x = n·ln 2 + r with n whole, then 2^n is added to the exponent of e^r.
func exp(x VecVirtual) {
	Comment("x = max(low, min(high, x)); with x as the second source, a NaN is kept")
	limit := YMM()
	VMOVUPS(splat(expHigh), limit)
	VMINPS(x, limit, x)
	VMOVUPS(splat(expLow), limit)
	VMAXPS(x, limit, x)

	Comment("n = round(x / ln 2), r = x - n ln 2, in two parts so that the product with the first is exact")
	n := YMM()
	VMULPS(splat(math.Log2E), x, n)
	VROUNDPS(U8(0), n, n)
	VFNMADD231PS(splat(0.693359375), n, x)
	VFNMADD231PS(splat(math.Ln2-0.693359375), n, x)

	Comment("e^r = 1 + r + r² q(r), then times 2^n")
	q := horner(x, expCoefficients)
	square := YMM()
	VMULPS(x, x, square)
	VFMADD213PS(x, square, q)
	VADDPS(splat(1), q, q)
	VCVTPS2DQ(n, n)
	VPSLLD(U8(23), n, n)
	VPADDD(n, q, x)
}

// reduce folds the lanes of y into the first lane of the result, by add or by maximum.
func reduce(y VecVirtual, fold func(a, b, dst Op)) VecVirtual {
	low, high := y.AsX(), XMM()
	VEXTRACTF128(U8(1), y, high)
	fold(high, low, low)
	VMOVHLPS(low, low, high)
	fold(high, low, low)
	VMOVSHDUP(low, high)
	fold(high, low, low)
	return y
}
