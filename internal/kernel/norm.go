package kernel

// LayerNorm writes (t - mean t)/√(var t + eps)·gain + bias with t = x + residual (Ba, Kiros, Hinton
// 2016; the variance is the population's). All slices have Pad(n) elements; those from n on are
// zero in x, residual, gain and bias, and become zero in dst. dst may be x or residual.
//
// The mean and the variance are taken in two passes. The error is at most 4e-6 for gains of 1 and n
// up to 4,096.
func (s *Set) LayerNorm(dst, x, residual, gain, bias []float32, n int, eps float32) {
	p := Pad(n) - 1
	_, _, _, _, _ = dst[p], x[p], residual[p], gain[p], bias[p]
	s.layerNorm(&dst[0], &x[0], &residual[0], &gain[0], &bias[0], n, eps)
}

// RMSNorm writes x/√(mean x² + eps)·gain (Zhang and Sennrich 2019). All slices have Pad(n)
// elements; those that are padding are zero in x and gain, and become zero in dst. Padding may
// stand anywhere among the n elements, as in heads that [RotaryOrder] arranges. dst may be x.
//
// The error is at most 4e-6 for gains of 1 and n up to 8,192.
func (s *Set) RMSNorm(dst, x, gain []float32, n int, eps float32) {
	p := Pad(n) - 1
	_, _, _ = dst[p], x[p], gain[p]
	s.rmsNorm(&dst[0], &x[0], &gain[0], n, eps)
}
