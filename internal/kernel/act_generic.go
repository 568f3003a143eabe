package kernel

import "math"

func eachInStrip(x *float32, rows, ld int, f func(float64) float64) {
	for r := range rows {
		row := view(skip(x, r*ld), Width)
		for i, v := range row {
			row[i] = float32(f(float64(v)))
		}
	}
}

// geluGeneric is x·Φ(x), where Φ is the normal distribution's cumulative function (Hendrycks and
// Gimpel 2016). The AVX2 and NEON versions' error is at most 2e-7·max(1, |x|).
func geluGeneric(x *float32, rows, ld int) {
	eachInStrip(x, rows, ld, func(v float64) float64 { return v * 0.5 * math.Erfc(-v/math.Sqrt2) })
}

// geluTanhGeneric is the tanh approximation of x·Φ(x) that Hugging Face calls gelu_new and
// gelu_pytorch_tanh. The AVX2 and NEON versions' error is at most 4e-7·max(1, |x|).
func geluTanhGeneric(x *float32, rows, ld int) {
	eachInStrip(x, rows, ld, func(v float64) float64 {
		return 0.5 * v * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(v+0.044715*v*v*v)))
	})
}

func reluGeneric(x *float32, rows, ld int) {
	eachInStrip(x, rows, ld, func(v float64) float64 { return max(v, 0) })
}

// siluGeneric is x·sigmoid(x) (Elfwing et al. 2018). The AVX2 and NEON versions' error is at most
// 4e-7·max(1, |x|).
func siluGeneric(x *float32, rows, ld int) {
	eachInStrip(x, rows, ld, func(v float64) float64 { return v / (1 + math.Exp(-v)) })
}
