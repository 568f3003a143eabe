package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// product writes the products and sums of elements.
func product() {
	multiply()
	add()
}

func multiply() {
	TEXT("multiplyAVX2", NOSPLIT, "func(x *float32, ldx int, y *float32, ldy int, rows int)")
	Pragma("noescape")
	Doc("multiplyAVX2 multiplies rows × 16 elements of x by those of y. rows is at least 1.")
	x := Load(Param("x"), GP64())
	ldx := Load(Param("ldx"), GP64())
	y := Load(Param("y"), GP64())
	ldy := Load(Param("ldy"), GP64())
	rows := Load(Param("rows"), GP64())
	SHLQ(Imm(2), ldx)
	SHLQ(Imm(2), ldy)
	Label("loop")
	for c := range 2 {
		v := YMM()
		VMOVUPS(Mem{Base: x, Disp: vectorBytes * c}, v)
		VMULPS(Mem{Base: y, Disp: vectorBytes * c}, v, v)
		VMOVUPS(v, Mem{Base: x, Disp: vectorBytes * c})
	}
	ADDQ(ldx, x)
	ADDQ(ldy, y)
	DECQ(rows)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

func add() {
	TEXT("addAVX2", NOSPLIT, "func(x *float32, y *float32, n int)")
	Pragma("noescape")
	Doc("addAVX2 adds n elements of y to x. n is a multiple of 16 and at least 16.")
	x := Load(Param("x"), GP64())
	y := Load(Param("y"), GP64())
	n := Load(Param("n"), GP64())
	SHLQ(Imm(2), n)
	at := GP64()
	XORQ(at, at)
	Label("loop")
	for c := range 2 {
		v := YMM()
		VMOVUPS(Mem{Base: x, Index: at, Scale: 1, Disp: vectorBytes * c}, v)
		VADDPS(Mem{Base: y, Index: at, Scale: 1, Disp: vectorBytes * c}, v, v)
		VMOVUPS(v, Mem{Base: x, Index: at, Scale: 1, Disp: vectorBytes * c})
	}
	ADDQ(Imm(2*vectorBytes), at)
	CMPQ(at, n)
	JLT(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
