package kernel

import "math"

func layerNormGeneric(dst, x, residual, gain, bias *float32, n int, eps float32) {
	out, a, b := view(dst, Pad(n)), view(x, Pad(n)), view(residual, Pad(n))
	var mean, variance float64
	for i := range n {
		out[i] = a[i] + b[i]
		mean += float64(out[i])
	}
	mean /= float64(n)
	for _, v := range out[:n] {
		variance += (float64(v) - mean) * (float64(v) - mean)
	}
	scale := 1 / math.Sqrt(variance/float64(n)+float64(eps))
	g, c := view(gain, n), view(bias, n)
	for i, v := range out[:n] {
		out[i] = float32((float64(v)-mean)*scale)*g[i] + c[i]
	}
	clear(out[n:])
}

func rmsNormGeneric(dst, x, gain *float32, n int, eps float32) {
	out, a, g := view(dst, Pad(n)), view(x, Pad(n)), view(gain, Pad(n))
	var squares float64
	for _, v := range a {
		squares += float64(v) * float64(v)
	}
	scale := 1 / math.Sqrt(squares/float64(n)+float64(eps))
	for i, v := range a {
		out[i] = float32(float64(v)*scale) * g[i]
	}
}
