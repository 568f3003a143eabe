package main

import (
	"fmt"
	"log"
	"math"
	"strings"
)

// R is a general register, V a vector register of 128 bits: 4 float32.
type (
	R int
	V int
)

const (
	panelWidth  = 16 // columns of a panel
	lanes       = 4
	vectorBytes = 16
	columns     = 4                     // vectors in a row of a panel
	rowBytes    = columns * vectorBytes // bytes of 16 float32
)

func (r R) String() string { return fmt.Sprintf("R%d", int(r)) }

// F is the register's name in loads, stores and scalar instructions; S4, H8, B16 and D2 are its
// views as vectors.
func (v V) F() string   { return fmt.Sprintf("F%d", int(v)) }
func (v V) S4() string  { return fmt.Sprintf("V%d.S4", int(v)) }
func (v V) H8() string  { return fmt.Sprintf("V%d.H8", int(v)) }
func (v V) B16() string { return fmt.Sprintf("V%d.B16", int(v)) }
func (v V) D2() string  { return fmt.Sprintf("V%d.D2", int(v)) }

// vectors returns n registers from first on.
func vectors(first V, n int) []V {
	v := make([]V, n)
	for i := range v {
		v[i] = first + V(i)
	}
	return v
}

// file collects the functions of one family and the read-only data that they share.
type file struct {
	op          string
	code, decls strings.Builder
	params      map[string]int // offsets of the current function's
	constants   []uint32
	needMask    bool
}

func newFile(op string) *file { return &file{op: op} }

// function starts a function. Its parameters are pointers and ints of 8 bytes and float32 of 4.
func (f *file) function(name, signature, doc string) {
	f.params = map[string]int{}
	at := 0
	for param := range strings.SplitSeq(strings.TrimSuffix(strings.TrimPrefix(signature, "("), ")"), ", ") {
		field, kind, ok := strings.Cut(param, " ")
		if !ok {
			log.Fatalf("%s: parameter %q has no type of its own", name, param)
		}
		size := 8
		if kind == "float32" {
			size = 4
		}
		at = (at + size - 1) &^ (size - 1)
		f.params[field] = at
		at += size
	}
	fmt.Fprintf(&f.code, "\n// func %s%s\nTEXT ·%s(SB), NOSPLIT, $0-%d\n", name, signature, name, at)
	fmt.Fprintf(&f.decls, "\n// %s %s\n//\n//go:noescape\nfunc %s%s\n", name, doc, name, signature)
}

// ins writes an instruction that Go's assembler knows, in its order of operands: sources first.
func (f *file) ins(format string, args ...any) {
	name, operands, _ := strings.Cut(fmt.Sprintf(format, args...), " ")
	if operands == "" {
		fmt.Fprintf(&f.code, "\t%s\n", name)
		return
	}
	fmt.Fprintf(&f.code, "\t%-8s %s\n", name, operands)
}

// word writes an encoded instruction and, as a comment, what it is in Arm's words: destination
// first.
func (f *file) word(code uint32, format string, args ...any) {
	fmt.Fprintf(&f.code, "\tWORD     $0x%08x // %s\n", code, fmt.Sprintf(format, args...))
}

func (f *file) label(name string)   { fmt.Fprintf(&f.code, "\n%s:\n", name) }
func (f *file) comment(text string) { fmt.Fprintf(&f.code, "\n\t// %s\n", text) }

func (f *file) param(name string) string {
	at, ok := f.params[name]
	if !ok {
		log.Fatalf("no parameter %q", name)
	}
	return fmt.Sprintf("%s+%d(FP)", name, at)
}

// arg loads a pointer or an int.
func (f *file) arg(name string, r R) { f.ins("MOVD %s, %v", f.param(name), r) }

// stride loads a number of elements and turns it into bytes: elements of 1<<shift bytes.
func (f *file) stride(name string, r R, shift int) {
	f.arg(name, r)
	if shift > 0 {
		f.ins("LSL $%d, %v, %v", shift, r, r)
	}
}

// argSplat loads a float32 into all lanes.
func (f *file) argSplat(name string, v V) {
	f.ins("FMOVS %s, %s", f.param(name), v.F())
	f.ins("VDUP V%d.S[0], %s", int(v), v.S4())
}

func (f *file) load(v V, r R, disp int)  { f.ins("FMOVQ %d(%v), %s", disp, r, v.F()) }
func (f *file) store(v V, r R, disp int) { f.ins("FMOVQ %s, %d(%v)", v.F(), disp, r) }

// loads and stores are for an even number of registers that follow each other in memory.
func (f *file) loads(v []V, r R, disp int) {
	for i := 0; i < len(v); i += 2 {
		f.ins("FLDPQ %d(%v), (%s, %s)", disp+vectorBytes*i, r, v[i].F(), v[i+1].F())
	}
}

func (f *file) stores(v []V, r R, disp int) {
	for i := 0; i < len(v); i += 2 {
		f.ins("FSTPQ (%s, %s), %d(%v)", v[i].F(), v[i+1].F(), disp+vectorBytes*i, r)
	}
}

func (f *file) zero(v ...V) {
	for _, v := range v {
		f.ins("VEOR %s, %s, %s", v.B16(), v.B16(), v.B16())
	}
}

func (f *file) copy(dst, src V) { f.ins("VMOV %s, %s", src.B16(), dst.B16()) }

// constantBase is the register that functions with constants keep the address of their table in.
const constantBase R = 15

func (f *file) useConstants() { f.ins("MOVD $constants<>(SB), %v", constantBase) }

// splat loads a constant into all lanes of registers.
func (f *file) splat(value float32, v ...V) { f.splatBits(math.Float32bits(value), v...) }

func (f *file) splatBits(bits uint32, v ...V) {
	at := 0
	for at < len(f.constants) && f.constants[at] != bits {
		at++
	}
	if at == len(f.constants) {
		f.constants = append(f.constants, bits)
	}
	for _, v := range v {
		f.load(v, constantBase, vectorBytes*at)
	}
}

// tailMask loads the mask of the last 16 elements of a row of n: lanes of elements below n are all
// ones, others zero. It changes at.
func (f *file) tailMask(n, at R, mask []V) {
	f.needMask = true
	f.comment("the mask's table is 16 lanes of ones, then 16 of zeros: start it at 15 - (n-1) mod 16")
	f.ins("SUB $1, %v, %v", n, at)
	f.ins("AND $15, %v, %v", at, at)
	f.ins("EOR $15, %v, %v", at, at)
	f.ins("LSL $2, %v, %v", at, at)
	f.ins("MOVD $tailmask<>(SB), R14")
	f.ins("ADD R14, %v, %v", at, at)
	f.loads(mask, at, 0)
}

const header = "// Code generated by command: go run ./arm64 -op %s. DO NOT EDIT.\n\n//go:build arm64 && !purego\n\n"

func (f *file) assembly() string {
	var b strings.Builder
	fmt.Fprintf(&b, header+"#include \"textflag.h\"\n%s", f.op, f.code.String())
	if len(f.constants) > 0 {
		b.WriteString("\n// Constants, each in four lanes.\n")
		for i, bits := range f.constants {
			for lane := range lanes {
				fmt.Fprintf(&b, "DATA constants<>+%d(SB)/4, $0x%08x\n", vectorBytes*i+4*lane, bits)
			}
		}
		fmt.Fprintf(&b, "GLOBL constants<>(SB), RODATA|NOPTR, $%d\n", vectorBytes*len(f.constants))
	}
	if f.needMask {
		b.WriteString("\n")
		for i := range 32 {
			bits := uint32(0)
			if i < 16 {
				bits = math.MaxUint32
			}
			fmt.Fprintf(&b, "DATA tailmask<>+%d(SB)/4, $0x%08x\n", 4*i, bits)
		}
		b.WriteString("GLOBL tailmask<>(SB), RODATA|NOPTR, $128\n")
	}
	return b.String()
}

func (f *file) stubs() string {
	return fmt.Sprintf(header+"package kernel\n%s", f.op, f.decls.String())
}
