package kernel

// multiplyGeneric multiplies a strip of rows × Width elements of x by one of y.
func multiplyGeneric(x *float32, ldx int, y *float32, ldy, rows int) {
	for r := range rows {
		a, b := (*[Width]float32)(view(skip(x, r*ldx), Width)), (*[Width]float32)(view(skip(y, r*ldy), Width))
		for i := range a {
			a[i] *= b[i]
		}
	}
}

// addGeneric adds n elements of y to x.
func addGeneric(x, y *float32, n int) {
	a, b := view(x, n), view(y, n)
	for i := range a {
		a[i] += b[i]
	}
}
