package kernel

// rotateGeneric turns heads of size elements that lie side by side. The conversions keep the
// compiler from fusing a product with the sum.
func rotateGeneric(x *float32, heads, size int, table *float32) {
	turns := view(table, size)
	for h := range heads {
		head := view(skip(x, h*size), size)
		for at := 0; at < size; at += rotarySpan {
			span, turn := (*[rotarySpan]float32)(head[at:]), (*[rotarySpan]float32)(turns[at:])
			for i := range rotarySpan / 2 {
				a, b, cos, sin := span[i], span[i+rotarySpan/2], turn[i], turn[i+rotarySpan/2]
				span[i] = float32(a*cos) - float32(b*sin)
				span[i+rotarySpan/2] = float32(b*cos) + float32(a*sin)
			}
		}
	}
}
