package main

// product writes the products and sums of elements.
func product(f *file) {
	multiply(f)
	add(f)
}

func multiply(f *file) {
	f.function("multiplyNEON", "(x *float32, ldx int, y *float32, ldy int, rows int)",
		"multiplies rows × 16 elements of x by those of y. rows is at least 1.")
	const x, ldx, y, ldy, rows R = 0, 1, 2, 3, 4
	f.arg("x", x)
	f.stride("ldx", ldx, 2)
	f.arg("y", y)
	f.stride("ldy", ldy, 2)
	f.arg("rows", rows)
	a, b := vectors(0, columns), vectors(4, columns)
	f.label("loop")
	f.loads(a, x, 0)
	f.loads(b, y, 0)
	for i := range a {
		f.fmul(a[i], a[i], b[i])
	}
	f.stores(a, x, 0)
	f.ins("ADD %v, %v, %v", ldx, x, x)
	f.ins("ADD %v, %v, %v", ldy, y, y)
	f.ins("SUBS $1, %v, %v", rows, rows)
	f.ins("BNE loop")
	f.ins("RET")
}

func add(f *file) {
	f.function("addNEON", "(x *float32, y *float32, n int)", "adds n elements of y to x. n is a multiple of 16 and at least 16.")
	const x, y, n R = 0, 1, 2
	f.arg("x", x)
	f.arg("y", y)
	f.arg("n", n)
	a, b := vectors(0, columns), vectors(4, columns)
	f.label("loop")
	f.loads(a, x, 0)
	f.loads(b, y, 0)
	for i := range a {
		f.fadd(a[i], a[i], b[i])
	}
	f.stores(a, x, 0)
	f.ins("ADD $%d, %v, %v", rowBytes, x, x)
	f.ins("ADD $%d, %v, %v", rowBytes, y, y)
	f.ins("SUBS $%d, %v, %v", panelWidth, n, n)
	f.ins("BNE loop")
	f.ins("RET")
}
