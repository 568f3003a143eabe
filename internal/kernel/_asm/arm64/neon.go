package main

// The instructions on vectors that Go's assembler lacks, encoded as the Arm Architecture Reference
// Manual (DDI 0487) gives them. Vectors are 4S, that is of 32-bit lanes, unless the name says
// otherwise.

// three writes an instruction with the destination in bits 0 to 4, sources in bits 5 to 9 and 16 to
// 20.
func (f *file) three(code uint32, name string, d, n, m V) {
	f.word(code|uint32(m)<<16|uint32(n)<<5|uint32(d), "%s v%d.4s, v%d.4s, v%d.4s", name, d, n, m)
}

func (f *file) fadd(d, n, m V)  { f.three(0x4e20d400, "fadd", d, n, m) }
func (f *file) fsub(d, n, m V)  { f.three(0x4ea0d400, "fsub", d, n, m) }
func (f *file) fmul(d, n, m V)  { f.three(0x6e20dc00, "fmul", d, n, m) }
func (f *file) fdiv(d, n, m V)  { f.three(0x6e20fc00, "fdiv", d, n, m) }
func (f *file) fmax(d, n, m V)  { f.three(0x4e20f400, "fmax", d, n, m) }
func (f *file) fmin(d, n, m V)  { f.three(0x4ea0f400, "fmin", d, n, m) }
func (f *file) faddp(d, n, m V) { f.three(0x6e20d400, "faddp", d, n, m) }

// fmla adds the product of n and m to d with one rounding; fmls subtracts it. Go's assembler has
// these.
func (f *file) fmla(d, n, m V) { f.ins("VFMLA %s, %s, %s", m.S4(), n.S4(), d.S4()) }
func (f *file) fmls(d, n, m V) { f.ins("VFMLS %s, %s, %s", m.S4(), n.S4(), d.S4()) }

func (f *file) two(code uint32, name string, d, n V) {
	f.word(code|uint32(n)<<5|uint32(d), "%s v%d.4s, v%d.4s", name, d, n)
}

// frintn rounds to whole numbers, ties to even; fcvtns does too and makes integers; scvtf makes
// floats of integers.
func (f *file) frintn(d, n V) { f.two(0x4e218800, "frintn", d, n) }
func (f *file) fcvtns(d, n V) { f.two(0x4e21a800, "fcvtns", d, n) }
func (f *file) scvtf(d, n V)  { f.two(0x4e21d800, "scvtf", d, n) }
func (f *file) fabs(d, n V)   { f.two(0x4ea0f800, "fabs", d, n) }
func (f *file) fneg(d, n V)   { f.two(0x6ea0f800, "fneg", d, n) }

// fmaxv and fminv fold the lanes of n into lane 0 of d, whose others become zero.
func (f *file) fmaxv(d, n V) { f.word(0x6e30f800|uint32(n)<<5|uint32(d), "fmaxv s%d, v%d.4s", d, n) }
func (f *file) fminv(d, n V) { f.word(0x6eb0f800|uint32(n)<<5|uint32(d), "fminv s%d, v%d.4s", d, n) }

// element places the number of a 32-bit lane of m: its low bit is bit 21, its high bit is bit 11.
func element(code uint32, d, n, m V, lane int) uint32 {
	return code | uint32(lane&1)<<21 | uint32(m)<<16 | uint32(lane>>1)<<11 | uint32(n)<<5 | uint32(d)
}

// fmlaLane is fmla with one lane of m for all of it.
func (f *file) fmlaLane(d, n, m V, lane int) {
	f.word(element(0x4f801000, d, n, m, lane), "fmla v%d.4s, v%d.4s, v%d.s[%d]", d, n, m, lane)
}

func (f *file) fmulLane(d, n, m V, lane int) {
	f.word(element(0x4f809000, d, n, m, lane), "fmul v%d.4s, v%d.4s, v%d.s[%d]", d, n, m, lane)
}

// sdotLane adds to each lane of d the products of the four signed bytes there in n with the four in
// a lane of m. It needs the feature that Linux calls asimddp.
func (f *file) sdotLane(d, n, m V, lane int) {
	f.word(element(0x4f80e000, d, n, m, lane), "sdot v%d.4s, v%d.16b, v%d.4b[%d]", d, n, m, lane)
}

// smull multiplies the low or the high eight signed bytes of n and m into 16 bits; smlal adds the
// products to d.
func (f *file) smull(d, n, m V, high bool) { f.long(0x0e20c000, "smull", d, n, m, high) }
func (f *file) smlal(d, n, m V, high bool) { f.long(0x0e208000, "smlal", d, n, m, high) }

func (f *file) long(code uint32, name string, d, n, m V, high bool) {
	code |= uint32(m)<<16 | uint32(n)<<5 | uint32(d)
	if high {
		f.word(code|1<<30, "%s2 v%d.8h, v%d.16b, v%d.16b", name, d, n, m)
	} else {
		f.word(code, "%s v%d.8h, v%d.8b, v%d.8b", name, d, n, m)
	}
}

// sadalp adds pairs of signed 16-bit lanes of n to the 32-bit lanes of d.
func (f *file) sadalp(d, n V) {
	f.word(0x4e606800|uint32(n)<<5|uint32(d), "sadalp v%d.4s, v%d.8h", d, n)
}

// smlalLane adds to d the products of the low or the high four signed 16-bit lanes of n with one
// lane of m, which is one of V0 to V15. The lane's bits are 11, 21 and 20.
func (f *file) smlalLane(d, n, m V, lane int, high bool) {
	code := 0x0f402000 | uint32(lane>>2)<<11 | uint32(lane>>1&1)<<21 | uint32(lane&1)<<20
	code |= uint32(m)<<16 | uint32(n)<<5 | uint32(d)
	if m > 15 {
		panic("a lane of 16 bits can be taken of V0 to V15 only")
	}
	if high {
		f.word(code|1<<30, "smlal2 v%d.4s, v%d.8h, v%d.h[%d]", d, n, m, lane)
	} else {
		f.word(code, "smlal v%d.4s, v%d.4h, v%d.h[%d]", d, n, m, lane)
	}
}

// usmmla multiplies the two rows of 8 unsigned bytes in n by the two rows of 8 signed bytes in m,
// each by each, and adds the four sums to the lanes of d. It needs the feature that Linux calls
// i8mm.
func (f *file) usmmla(d, n, m V) {
	f.word(0x4e80ac00|uint32(m)<<16|uint32(n)<<5|uint32(d), "usmmla v%d.4s, v%d.16b, v%d.16b", d, n, m)
}

// bfmmla multiplies the two rows of 4 bfloat16 numbers in n by the two rows of 4 in m, each by
// each, and adds the four sums to the lanes of d; bfcvtn rounds four float32 of n to bfloat16, into
// the low or the high half of d. They need the feature that Linux calls bf16.
func (f *file) bfmmla(d, n, m V) {
	f.word(0x6e40ec00|uint32(m)<<16|uint32(n)<<5|uint32(d), "bfmmla v%d.4s, v%d.8h, v%d.8h", d, n, m)
}

func (f *file) bfcvtn(d, n V, high bool) {
	code := uint32(n)<<5 | uint32(d)
	if high {
		f.word(0x4ea16800|code, "bfcvtn2 v%d.8h, v%d.4s", d, n)
	} else {
		f.word(0x0ea16800|code, "bfcvtn v%d.4h, v%d.4s", d, n)
	}
}

// fcvtl makes float32 of the low or the high four binary16 lanes of n. shll moves such lanes up by
// 16 bits, which does it for bfloat16.
func (f *file) fcvtl(d, n V, high bool) { f.widen(0x0e217800, "fcvtl", "", d, n, high) }
func (f *file) shll(d, n V, high bool)  { f.widen(0x2e613800, "shll", ", #16", d, n, high) }

func (f *file) widen(code uint32, name, operand string, d, n V, high bool) {
	code |= uint32(n)<<5 | uint32(d)
	if high {
		f.word(code|1<<30, "%s2 v%d.4s, v%d.8h%s", name, d, n, operand)
	} else {
		f.word(code, "%s v%d.4s, v%d.4h%s", name, d, n, operand)
	}
}
