package kernel

import "math"

func softmaxGeneric(x *float32, rows, ld, n int, scale float32) {
	for r := range rows {
		row := view(skip(x, r*ld), Pad(n))
		top := math.Inf(-1)
		for _, v := range row[:n] {
			top = max(top, float64(v))
		}
		var sum float64
		for i, v := range row[:n] {
			e := math.Exp(float64(scale) * (float64(v) - top))
			row[i] = float32(e)
			sum += e
		}
		for i := range row[:n] {
			row[i] = float32(float64(row[i]) / sum)
		}
		clear(row[n:])
	}
}
