package main

// transpose writes the kernel that turns 16 rows into one panel, in squares of 4 × 4.
func transpose(f *file) {
	f.function("packRowsNEON", "(dst *float32, src *float32, ld int, k int)",
		"is packRows: dst[i·16+r] = src[r·ld+i] for 16 rows r and k columns i, a multiple of 4 and at least 4.")
	const dst, src, ld, k, at R = 0, 1, 2, 3, 4
	f.arg("dst", dst)
	f.arg("src", src)
	f.stride("ld", ld, 2)
	f.arg("k", k)
	f.label("loop")
	f.ins("MOVD %v, %v", src, at)
	for group := range columns {
		in, pairs := vectors(0, 4), vectors(4, 4)
		for r := range in {
			f.load(in[r], at, 0)
			f.ins("ADD %v, %v, %v", ld, at, at)
		}
		for i := range V(2) { // elements 0 and 2, then 1 and 3, of two rows
			f.ins("VTRN1 %s, %s, %s", in[2*i+1].S4(), in[2*i].S4(), pairs[2*i].S4())
			f.ins("VTRN2 %s, %s, %s", in[2*i+1].S4(), in[2*i].S4(), pairs[2*i+1].S4())
		}
		for i := range 2 {
			const low, high V = 8, 9
			f.ins("VZIP1 %s, %s, %s", pairs[i+2].D2(), pairs[i].D2(), low.D2())
			f.ins("VZIP2 %s, %s, %s", pairs[i+2].D2(), pairs[i].D2(), high.D2())
			f.store(low, dst, rowBytes*i+vectorBytes*group)
			f.store(high, dst, rowBytes*(i+2)+vectorBytes*group)
		}
	}
	f.ins("ADD $%d, %v, %v", vectorBytes, src, src)
	f.ins("ADD $%d, %v, %v", lanes*rowBytes, dst, dst)
	f.ins("SUBS $%d, %v, %v", lanes, k, k)
	f.ins("BNE loop")
	f.ins("RET")
}
