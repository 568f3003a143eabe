package kernel

import "unsafe"

// dotBlockGeneric is the plain version of the product of a block of rows and panels of pairs: C =
// A·B + bias. It adds as TDPBF16PS does: of 16 pairs the first numbers' products in one chain and
// the second numbers' in another, each with one rounding, then both together, and that to the sum
// of the pairs before. Numbers are rounded and subnormal ones treated as in dotTile.
func dotBlockGeneric(k int, a *uint16, lda, rows int, b *uint16, panels int, bias, c *float32, ldc int) {
	for p := range panels {
		panel := unsafe.Slice((*uint16)(unsafe.Add(unsafe.Pointer(b), p*k*Width*4)), 2*k*Width)
		for r := range rows {
			row := unsafe.Slice((*uint16)(unsafe.Add(unsafe.Pointer(a), 2*r*lda)), 2*k)
			out := view(skip(c, r*ldc+p*Width), Width)
			for j, v := range view(skip(bias, p*Width), Width) {
				sum := float32(0)
				for from := 0; from < k; from += pairInputs / 2 {
					var chains [2]float32
					for i := 2 * from; i < 2*from+pairInputs; i++ {
						chain := &chains[i%2]
						product := number(row[i]) * number(panel[2*(i/2*Width+j)+i%2])
						*chain = flush(float32(float64(*chain) + product))
					}
					sum = flush(sum + flush(chains[0]+chains[1]))
				}
				out[j] = sum + v
			}
		}
	}
}
