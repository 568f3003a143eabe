package main

// softmax writes the softmax of attention scores, row by row, 16 elements at a time. The last 16
// are masked.
func softmax(f *file) {
	f.function("softmaxNEON", "(x *float32, rows int, ld int, n int, scale float32)",
		"is softmaxRows: in place over rows of n elements, ld apart, zeros up to the next multiple of 16.\n// rows and n are at least 1.")
	const x, rows, ld, n, blocks, at, left R = 0, 1, 2, 3, 4, 5, 6
	v, whole, q, spare := vectors(0, 4), vectors(4, 4), vectors(8, 4), vectors(12, 4)
	mask, fold := vectors(16, 4), vectors(20, 4)
	const scale, top V = 24, 25
	f.arg("x", x)
	f.arg("rows", rows)
	f.stride("ld", ld, 2)
	f.arg("n", n)
	f.argSplat("scale", scale)
	f.useConstants()
	f.tailMask(n, at, mask)
	f.comment("blocks of 16 before the last")
	f.ins("SUB $1, %v, %v", n, blocks)
	f.ins("LSR $4, %v, %v", blocks, blocks)

	// eachBlock writes a loop over the blocks before the last, then the same for the last.
	eachBlock := func(name string, body func(last bool)) {
		f.ins("MOVD %v, %v", x, at)
		f.ins("MOVD %v, %v", blocks, left)
		f.ins("CBZ %v, %slast", left, name)
		f.label(name)
		body(false)
		f.ins("ADD $%d, %v, %v", rowBytes, at, at)
		f.ins("SUBS $1, %v, %v", left, left)
		f.ins("BNE %s", name)
		f.label(name + "last")
		body(true)
	}

	f.label("row")
	f.comment("the largest element")
	f.splatBits(0xff800000, fold...)
	eachBlock("max", func(last bool) {
		f.loads(v, at, 0)
		for i := range v {
			if last { // -Inf where the mask is zero
				f.splatBits(0xff800000, spare[i])
				f.ins("VBIF %s, %s, %s", mask[i].B16(), spare[i].B16(), v[i].B16())
			}
			f.fmax(fold[i], fold[i], v[i])
		}
	})
	f.fold(fold, f.fmax)
	f.fmaxv(top, fold[0])
	f.fmulLane(top, scale, top, 0)
	f.fneg(top, top)

	f.comment("e^(scale·(x - max)) and their sum")
	f.zero(fold...)
	eachBlock("exp", func(last bool) {
		f.loads(q, at, 0)
		for i := range v { // one rounding: scale·x - scale·max
			f.copy(v[i], top)
			f.fmla(v[i], q[i], scale)
		}
		f.exp(v, whole, q, spare)
		for i := range v {
			if last {
				f.ins("VAND %s, %s, %s", mask[i].B16(), v[i].B16(), v[i].B16())
			}
			f.fadd(fold[i], fold[i], v[i])
		}
		f.stores(v, at, 0)
	})
	f.sum(fold)
	f.splat(1, q[0])
	f.fdiv(fold[0], q[0], fold[0])
	eachBlock("scale", func(bool) {
		f.loads(v, at, 0)
		for _, v := range v {
			f.fmul(v, v, fold[0])
		}
		f.stores(v, at, 0)
	})

	f.ins("ADD %v, %v, %v", ld, x, x)
	f.ins("SUBS $1, %v, %v", rows, rows)
	f.ins("BNE row")
	f.ins("RET")
}
