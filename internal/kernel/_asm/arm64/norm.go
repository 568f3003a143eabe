package main

// norms writes the norms of rows.
func norms(f *file) {
	norm(f)
	rms(f)
}

// rms writes the root mean square norm of a row, 16 elements at a time.
func rms(f *file) {
	f.function("rmsNormNEON", "(dst *float32, x *float32, gain *float32, n int, eps float32)",
		"is rmsNorm for one row of n elements, padded with zeros to a multiple of 16. n is at least 1.")
	const dst, x, gain, n, blocks, at, left R = 0, 1, 2, 3, 4, 5, 6
	a, b, sums := vectors(0, 4), vectors(4, 4), vectors(12, 4)
	const count, eps, inverse V = 16, 17, 18
	for name, r := range []string{"dst", "x", "gain", "n"} {
		f.arg(r, R(name))
	}
	f.ins("ADD $15, %v, %v", n, blocks)
	f.ins("LSR $4, %v, %v", blocks, blocks)

	f.comment("the mean square; the padding adds zeros")
	f.zero(sums...)
	f.ins("MOVD %v, %v", x, at)
	f.ins("MOVD %v, %v", blocks, left)
	f.label("rmssquare")
	f.loads(a, at, 0)
	for i := range a {
		f.fmla(sums[i], a[i], a[i])
	}
	f.ins("ADD $%d, %v, %v", rowBytes, at, at)
	f.ins("SUBS $1, %v, %v", left, left)
	f.ins("BNE rmssquare")
	f.sum(sums)
	mean := sums[0].F()
	f.ins("SCVTFS %v, %s", n, count.F())
	f.ins("FDIVS %s, %s, %s", count.F(), mean, mean)
	f.ins("FMOVS %s, %s", f.param("eps"), eps.F())
	f.ins("FADDS %s, %s, %s", eps.F(), mean, mean)
	f.ins("FSQRTS %s, %s", mean, mean)
	f.ins("FMOVS $(1.0), %s", eps.F())
	f.ins("FDIVS %s, %s, %s", mean, eps.F(), inverse.F())

	f.comment("x / root mean square · gain, which is zero in the padding")
	f.label("rmsscale")
	f.loads(a, x, 0)
	f.loads(b, gain, 0)
	f.ins("ADD $%d, %v, %v", rowBytes, x, x)
	f.ins("ADD $%d, %v, %v", rowBytes, gain, gain)
	for _, a := range a {
		f.fmulLane(a, a, inverse, 0)
	}
	for i := range a {
		f.fmul(a[i], a[i], b[i])
	}
	f.stores(a, dst, 0)
	f.ins("ADD $%d, %v, %v", rowBytes, dst, dst)
	f.ins("SUBS $1, %v, %v", blocks, blocks)
	f.ins("BNE rmsscale")
	f.ins("RET")
}

// norm writes the layer norm of a sum of two rows, 16 elements at a time.
func norm(f *file) {
	f.function("layerNormNEON", "(dst *float32, x *float32, residual *float32, gain *float32, bias *float32, n int, eps float32)",
		"is layerNorm for one row of n elements, padded with zeros to a multiple of 16. n is at least 1.")
	const dst, x, residual, gain, bias, n, blocks, at, left R = 0, 1, 2, 3, 4, 5, 6, 7, 8
	a, b, c, sums, mask := vectors(0, 4), vectors(4, 4), vectors(8, 4), vectors(12, 4), vectors(16, 4)
	const count, mean, inverse, one V = 20, 21, 22, 23
	for name, r := range []string{"dst", "x", "residual", "gain", "bias", "n"} {
		f.arg(r, R(name))
	}
	f.tailMask(n, at, mask)
	f.comment("blocks of 16 before the last")
	f.ins("SUB $1, %v, %v", n, blocks)
	f.ins("LSR $4, %v, %v", blocks, blocks)

	f.comment("the sum of both rows, and its mean; the padding adds zeros")
	f.zero(sums...)
	f.ins("MOVD %v, %v", dst, at)
	f.ins("ADD $1, %v, %v", blocks, left)
	f.label("add")
	f.loads(a, x, 0)
	f.loads(b, residual, 0)
	f.ins("ADD $%d, %v, %v", rowBytes, x, x)
	f.ins("ADD $%d, %v, %v", rowBytes, residual, residual)
	for i := range a {
		f.fadd(a[i], a[i], b[i])
	}
	for i := range a {
		f.fadd(sums[i], sums[i], a[i])
	}
	f.stores(a, at, 0)
	f.ins("ADD $%d, %v, %v", rowBytes, at, at)
	f.ins("SUBS $1, %v, %v", left, left)
	f.ins("BNE add")
	f.sum(sums)
	f.ins("SCVTFS %v, %s", n, count.F())
	f.ins("FDIVS %s, %s, %s", count.F(), sums[0].F(), mean.F())
	f.ins("VDUP V%d.S[0], %s", int(mean), mean.S4())

	f.comment("the variance: the mean square of what is left, of the n elements only")
	f.zero(sums...)
	f.ins("MOVD %v, %v", dst, at)
	f.ins("MOVD %v, %v", blocks, left)
	f.ins("CBZ %v, squarelast", left)
	square := func(last bool) {
		f.loads(a, at, 0)
		for i := range a {
			f.fsub(a[i], a[i], mean)
			if last {
				f.ins("VAND %s, %s, %s", mask[i].B16(), a[i].B16(), a[i].B16())
			}
		}
		for i := range a {
			f.fmla(sums[i], a[i], a[i])
		}
	}
	f.label("square")
	square(false)
	f.ins("ADD $%d, %v, %v", rowBytes, at, at)
	f.ins("SUBS $1, %v, %v", left, left)
	f.ins("BNE square")
	f.label("squarelast")
	square(true)
	f.sum(sums)
	variance := sums[0].F()
	f.ins("FDIVS %s, %s, %s", count.F(), variance, variance)
	f.ins("FMOVS %s, %s", f.param("eps"), inverse.F())
	f.ins("FADDS %s, %s, %s", inverse.F(), variance, variance)
	f.ins("FSQRTS %s, %s", variance, variance)
	f.ins("FMOVS $(1.0), %s", one.F())
	f.ins("FDIVS %s, %s, %s", variance, one.F(), inverse.F())

	f.comment("(x - mean) / deviation · gain + bias; gain and bias are zero in the padding")
	f.ins("ADD $1, %v, %v", blocks, left)
	f.label("scale")
	f.loads(a, dst, 0)
	f.loads(b, gain, 0)
	f.loads(c, bias, 0)
	f.ins("ADD $%d, %v, %v", rowBytes, gain, gain)
	f.ins("ADD $%d, %v, %v", rowBytes, bias, bias)
	for _, a := range a {
		f.fsub(a, a, mean)
	}
	for _, a := range a {
		f.fmulLane(a, a, inverse, 0)
	}
	for i := range a {
		f.fmla(c[i], a[i], b[i])
	}
	f.stores(c, dst, 0)
	f.ins("ADD $%d, %v, %v", rowBytes, dst, dst)
	f.ins("SUBS $1, %v, %v", left, left)
	f.ins("BNE scale")
	f.ins("RET")
}
