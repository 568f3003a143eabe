package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// A vector is one YMM register, 8 float32, except in methods of size.
const (
	lanes       = 8
	vectorBytes = 4 * lanes
	panelBytes  = 64 // a row of a panel: two of them, or one ZMM register
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

// size is a size of vectors, with what differs between the instructions for it. A constant, as
// splat has it, fills the memory operand of instructions for YMM; those for ZMM broadcast its first
// lane.
type size struct {
	tier                 string // the end of a kernel's name
	plainTile, plainPair string // the plain versions of products
	bytes                int
	register             func() VecVirtual
	xor                  func(...Op)
	round                func(x, rounded Op)

	// multiplyAdd adds the products of the first two operands to the third one. If it broadcasts, the
	// first may be in memory, one element for all.
	multiplyAdd func(...Op)
	broadcasts  bool

	// With a constant as the first operand, in memory or in a register: move, VADDPS and VFMADD213PS.
	constant, add, fma func(...Op)

	held map[float32]VecVirtual // constants in registers
}

// hold returns s with constants in registers, where a loop need not load them again.
func (s size) hold(constants ...float32) size {
	s.held = map[float32]VecVirtual{}
	for _, v := range constants {
		r := s.register()
		s.constant(splat(v), r)
		s.held[v] = r
	}
	return s
}

// value returns a constant as an operand.
func (s size) value(v float32) Op {
	if r, ok := s.held[v]; ok {
		return r
	}
	return splat(v)
}

// broadcasting returns an instruction that takes its first operand from memory by broadcasting it,
// or else from a register.
func broadcasting(memory, register func(...Op)) func(...Op) {
	return func(ops ...Op) {
		if _, ok := ops[0].(Mem); ok {
			memory(ops...)
		} else {
			register(ops...)
		}
	}
}

var (
	ymm = size{
		tier: "AVX2", plainTile: "gemmTile", plainPair: "gemmPair", bytes: vectorBytes, register: YMM, xor: VXORPS,
		round:       func(x, rounded Op) { VROUNDPS(U8(0), x, rounded) },
		multiplyAdd: VFMADD231PS,
		constant:    VMOVUPS, add: VADDPS, fma: VFMADD213PS,
	}
	zmm = size{
		tier: "AVX512", plainTile: "gemmTile", plainPair: "gemmPair", bytes: 2 * vectorBytes, register: ZMM, xor: VPXORD,
		round:       func(x, rounded Op) { VRNDSCALEPS(U8(0), x, rounded) },
		multiplyAdd: broadcasting(VFMADD231PS_BCST, VFMADD231PS), broadcasts: true,
		constant: broadcasting(VBROADCASTSS, VMOVAPS),
		add:      broadcasting(VADDPS_BCST, VADDPS),
		fma:      broadcasting(VFMADD213PS_BCST, VFMADD213PS),
	}
)

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
func (s size) horner(x VecVirtual, c []float32) VecVirtual {
	y := s.register()
	s.constant(s.value(c[len(c)-1]), y)
	for i := len(c) - 2; i >= 0; i-- {
		s.fma(s.value(c[i]), x, y)
	}
	return y
}

// exp2Coefficients are those of q in 2^f = 1 + f·q(f), a minimax fit for |f| ≤ ½: relative error
// 2e-9 in exact arithmetic, 8e-8 in float32.
var exp2Coefficients = []float32{0.6931472029070829, 0.24022647906930555, 0.055503323476523064, 0.009618437854947776,
	0.0013398926147807112, 0.00015353320527989635}

// The ends of exp2's domain. Lower arguments are moved there; NaN stays NaN; the caller keeps
// higher ones away.
const exp2Low, exp2High = -125, 127

// exp2 replaces x by 2^x in every lane: x = n + f with n whole, then n is added to the exponent of
// 2^f.
func (s size) exp2(x VecVirtual) {
	Comment("x = max(low, x); with x as the second source, a NaN is kept")
	n := s.register()
	s.constant(s.value(exp2Low), n)
	VMAXPS(x, n, x)
	Comment("2^f = 1 + f q(f) with f = x - round(x), then times 2^n")
	s.round(x, n)
	VSUBPS(n, x, x)
	q := s.horner(x, exp2Coefficients)
	s.fma(s.value(1), x, q)
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
