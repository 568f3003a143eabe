package kernel

import "math"

// tileRows8 is the height of the largest tile of the int8 product.
const tileRows8 = 4

// Quantised operands have 7 bits: activations 0 to 127, weights -63 to 63. Two sums of two products of such bytes fit 16
// bits together, which spares AVX2 one multiplication in four; see gemm8 in package _asm.
const (
	activationMax = 127
	weightMax     = 63
)

// panels8 holds int8 weights. A panel is Pad(In)·16 bytes: 4 inputs of one column are side by side, then the same of the
// next column; 4 inputs of 16 columns are 64 bytes.
type panels8 struct {
	data   []int8
	params []float32 // for each panel 16 scales, 16 sums of the column's weights times its scale, 16 biases
}

// columnParams is the number of parameters of a panel.
const columnParams = 3 * Width

// Pack8 packs weights as [Pack] does, quantised to 7 bits with one scale for each output: w ≈ scale·q, q from -63 to 63. The
// error of a weight is at most half its scale, which is the output's largest weight over 63.
//
// The product quantises each row of A as it reads it: a ≈ low + step·u, u from 0 to 127, over the row's range with zero
// included. The error of an element is at most half the step. Σ a·w is then step·scale·Σ u·q + low·scale·Σ q.
func Pack8(weight, bias []float32, in, out int) *Panels {
	p := &panels8{data: make([]int8, Pad(out)*Pad(in)), params: make([]float32, Pad(out)/Width*columnParams)}
	for o := range out {
		row := weight[o*in : (o+1)*in]
		top := float32(0)
		for _, w := range row {
			top = max(top, float32(math.Abs(float64(w))))
		}
		scale := top / weightMax
		panel, sum := p.data[o/Width*Width*Pad(in):], 0
		for i, w := range row {
			q := 0
			if scale > 0 {
				q = int(math.RoundToEven(float64(w / scale)))
			}
			panel[i/4*4*Width+o%Width*4+i%4] = int8(q)
			sum += q
		}
		column := p.params[o/Width*columnParams:]
		column[o%Width], column[Width+o%Width], column[2*Width+o%Width] = scale, scale*float32(sum), bias[o]
	}
	return &Panels{In: in, Out: out, int8: p}
}

func (p *panels8) columns(low, high, in int) *panels8 {
	return &panels8{
		data:   p.data[low*Pad(in) : high*Pad(in)],
		params: p.params[low/Width*columnParams : high/Width*columnParams],
	}
}

// Quantized is memory for a block of quantised rows.
type Quantized struct {
	bytes  []uint8   // rowBlock × the widest row
	params []float32 // each row's step and low
}

// NewQuantized makes memory for rows of up to width elements.
func NewQuantized(width int) *Quantized {
	return &Quantized{bytes: make([]uint8, rowBlock*Pad(width)), params: make([]float32, 2*rowBlock)}
}

func (s *Set) rowBlock8(c []float32, ldc int, a []float32, lda int, rows int, w *Panels, act Act, q *Quantized) {
	in := Pad(w.In)
	_, _ = a[(rows-1)*lda+in-1], q.bytes[rows*in-1]
	for r := range rows {
		s.quantize(&q.bytes[r*in], &a[r*lda], in, &q.params[2*r])
	}
	for col := 0; col < w.Out; col += Width {
		panel, params := &w.int8.data[col*in], &w.int8.params[col/Width*columnParams]
		for low := 0; low < rows; low += tileRows8 {
			r := min(rows-low, tileRows8)
			s.tile8[r-1](in, &q.bytes[low*in], in, panel, &q.params[2*low], params, &c[low*ldc+col], ldc)
		}
		s.activate(&c[col], rows, ldc, act)
	}
}
