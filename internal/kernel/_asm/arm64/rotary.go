package main

// rotary writes the kernel that turns the heads of a row. A span of a head is eight first elements
// of pairs and their eight second elements; the table has their cosines and sines alike. There is
// no fused multiplication, so that every tier has the same bits.
func rotary(f *file) {
	f.function("rotateNEON", "(x *float32, heads int, size int, table *float32)",
		"is rotate: heads of size elements side by side. heads is at least 1, size a multiple of 16 and at least 16.")
	const x, heads, size, table, turn, left R = 0, 1, 2, 3, 4, 5
	f.arg("x", x)
	f.arg("heads", heads)
	f.stride("size", size, 2)
	f.arg("table", table)
	span, turns, a, b := vectors(0, 4), vectors(4, 4), vectors(16, 4), vectors(20, 4)
	f.label("head")
	f.ins("MOVD %v, %v", table, turn)
	f.ins("MOVD %v, %v", size, left)
	f.label("span")
	f.loads(span, x, 0)
	f.loads(turns, turn, 0)
	f.comment("(a cos - b sin, b cos + a sin)")
	for i := range 2 {
		first, second, cos, sin := span[i], span[i+2], turns[i], turns[i+2]
		f.fmul(a[i], first, cos)
		f.fmul(a[i+2], second, sin)
		f.fmul(b[i], second, cos)
		f.fmul(b[i+2], first, sin)
	}
	for i := range 2 {
		f.fsub(span[i], a[i], a[i+2])
		f.fadd(span[i+2], b[i], b[i+2])
	}
	f.stores(span, x, 0)
	f.ins("ADD $%d, %v, %v", rowBytes, x, x)
	f.ins("ADD $%d, %v, %v", rowBytes, turn, turn)
	f.ins("SUBS $%d, %v, %v", rowBytes, left, left)
	f.ins("BNE span")
	f.ins("SUBS $1, %v, %v", heads, heads)
	f.ins("BNE head")
	f.ins("RET")
}
