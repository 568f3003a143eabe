package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// quantize512 writes the quantization of one row in vectors of 16. An element goes through the same
// operations as in the AVX2 kernel, and a range does not depend on an order, so rows have the same
// bytes.
func quantize512() {
	TEXT("quantizeAVX512", NOSPLIT, "func(dst *uint8, src *float32, n int, quantMax float32, param *float32)")
	Pragma("noescape")
	Doc("quantizeAVX512 is quantize for one row of n elements, a multiple of 16 and at least 16.")
	dst := Load(Param("dst"), GP64())
	src := Load(Param("src"), GP64())
	n := Load(Param("n"), GP64())
	param := Load(Param("param"), GP64())

	Comment("the range of the row, zero included")
	low, high, at := ZMM(), ZMM(), GP64()
	VPXORD(low, low, low)
	VPXORD(high, high, high)
	XORQ(at, at)
	Label("range")
	v := ZMM()
	VMOVUPS(Mem{Base: src, Index: at, Scale: 4}, v)
	VMINPS(v, low, low)
	VMAXPS(v, high, high)
	ADDQ(Imm(16), at)
	CMPQ(at, n)
	JLT(LabelRef("range"))
	lowest := reduce512(low, func(a, b, dst Op) { VMINPS(a, b, dst) })
	highest := reduce512(high, func(a, b, dst Op) { VMAXPS(a, b, dst) })
	inverse := quantizeStep(lowest, highest, param)

	Comment("round((x - low) · inverse), 16 at a time; what is no number becomes 0")
	steps, zero := ZMM(), ZMM()
	VBROADCASTSS(inverse, steps)
	VBROADCASTSS(lowest, low)
	VPXORD(zero, zero, zero)
	XORQ(at, at)
	Label("round")
	x := ZMM()
	VMOVUPS(Mem{Base: src, Index: at, Scale: 4}, x)
	VSUBPS(low, x, x)
	VMULPS(steps, x, x)
	VCVTPS2DQ(x, x)
	VPMAXSD(zero, x, x)
	VPMOVUSDB(x, Mem{Base: dst, Index: at, Scale: 1})
	ADDQ(Imm(16), at)
	CMPQ(at, n)
	JLT(LabelRef("round"))
	VZEROUPPER()
	RET()
}

// reduce512 folds the lanes of y into the first lane of the result.
func reduce512(y VecVirtual, fold func(a, b, dst Op)) VecVirtual {
	half := YMM()
	VEXTRACTF64X4(U8(1), y, half)
	fold(half, y.AsY(), half)
	return reduce(half, fold).AsX().(VecVirtual)
}

// quantizeStep writes the step and the low of a row's range to param, and returns the inverse of
// the step, in the first lane: a row of zeros has range 0, so that its step is 0 and all its bytes
// are.
func quantizeStep(low, high, param Register) (inverse VecVirtual) {
	Comment("step = (high - low)/quantMax, and its inverse")
	quantMax, width, inverse, step := XMM(), XMM(), XMM(), XMM()
	VMOVSS(NewParamAddr("quantMax", 24), quantMax)
	VSUBSS(low, high, width)
	VDIVSS(quantMax, width, step)
	VMOVSS(step, Mem{Base: param})
	VMOVSS(low, Mem{Base: param, Disp: 4})
	tiny := XMM()
	VMOVSS(splatBits(0x00800000), tiny)
	VMAXSS(tiny, width, width)
	VDIVSS(width, quantMax, inverse)
	VMINSS(splatBits(math.Float32bits(math.MaxFloat32)), inverse, inverse)
	return inverse
}
