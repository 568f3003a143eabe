package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// rotary writes the kernel that turns the heads of a row. A span of a head is a vector of first
// elements of pairs and one of their second elements; the table has their cosines and sines alike.
// There is no fused multiplication, so that every tier has the same bits.
func rotary() {
	TEXT("rotateAVX2", NOSPLIT, "func(x *float32, heads int, size int, table *float32)")
	Pragma("noescape")
	Doc("rotateAVX2 is rotate: heads of size elements side by side. heads is at least 1, size a multiple of 16 and at least 16.")
	x := Load(Param("x"), GP64())
	heads := Load(Param("heads"), GP64())
	size := Load(Param("size"), GP64())
	table := Load(Param("table"), GP64())
	SHLQ(Imm(2), size)
	at := GP64()
	Label("head")
	XORQ(at, at)
	Label("span")
	a, b, cos, sin := YMM(), YMM(), YMM(), YMM()
	VMOVUPS(Mem{Base: x, Index: at, Scale: 1}, a)
	VMOVUPS(Mem{Base: x, Index: at, Scale: 1, Disp: vectorBytes}, b)
	VMOVUPS(Mem{Base: table, Index: at, Scale: 1}, cos)
	VMOVUPS(Mem{Base: table, Index: at, Scale: 1, Disp: vectorBytes}, sin)
	Comment("(a cos - b sin, b cos + a sin)")
	aSin, bSin := YMM(), YMM()
	VMULPS(a, sin, aSin)
	VMULPS(b, sin, bSin)
	VMULPS(a, cos, a)
	VMULPS(b, cos, b)
	VSUBPS(bSin, a, a)
	VADDPS(aSin, b, b)
	VMOVUPS(a, Mem{Base: x, Index: at, Scale: 1})
	VMOVUPS(b, Mem{Base: x, Index: at, Scale: 1, Disp: vectorBytes})
	ADDQ(Imm(2*vectorBytes), at)
	CMPQ(at, size)
	JLT(LabelRef("span"))
	ADDQ(size, x)
	DECQ(heads)
	JNZ(LabelRef("head"))
	VZEROUPPER()
	RET()
}
