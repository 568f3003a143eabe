package kernel

// packRowsGeneric turns 16 rows of k elements into a panel: dst[i·16+r] = src[r·ld+i].
func packRowsGeneric(dst, src *float32, ld, k int) {
	panel := view(dst, k*Width)
	for r := range Width {
		for i, v := range view(skip(src, r*ld), k) {
			panel[i*Width+r] = v
		}
	}
}
