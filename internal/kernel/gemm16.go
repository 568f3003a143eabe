package kernel

import "math"

// panels16 holds int16 weights. A panel is Pad(In)·16 numbers: 2 inputs of one column are side by
// side, then the same of the next column. Or it has two planes of Pad(In)·16 bytes in the order of
// panels8, of the numbers' low and of their high bytes.
type panels16 struct {
	quantMax float32 // largest magnitude of a quantized activation or weight
	data     []int16
	planes   []int8    // instead of data
	params   []float32 // for each panel 16 scales and 16 biases
}

const columnParams16 = 2 * Width

// Pack16 packs weights as [Packer.Pack] does, quantized to 12 bits or so with one scale for each
// output. The product quantizes each row of A likewise as it reads it. The error is that of half a
// step on both sides, about a thirtieth of [Packer.Pack8]'s. With AVX2 the product takes about 1.6
// times the time of int8's and two thirds of that of float32's.
//
// Sums are exact in 32 bits: quantMax² · In < 2³¹ decides quantMax, which is 2,364 for 384 inputs.
func (k *Packer) Pack16(weight Weights, bias []float32, in, out int) *Panels {
	data := alloc[int16](k, Pad(out)*Pad(in))
	p := pack16With(weight, bias, in, out, func(o, i int, q int16) {
		data[o/Width*Width*Pad(in)+i/2*2*Width+o%Width*2+i%2] = q
	})
	p.int16.data = data
	return p
}

// Pack16Planes is Pack16 with the bytes of weights in planes. Only sets whose [Set.Planes16] is
// true multiply such panels.
func (k *Packer) Pack16Planes(weight Weights, bias []float32, in, out int) *Panels {
	plane := Width * Pad(in)
	planes := alloc[int8](k, 2*Pad(out)*Pad(in))
	p := pack16With(weight, bias, in, out, func(o, i int, q int16) {
		at := o/Width*2*plane + i/4*4*Width + o%Width*4 + i%4
		planes[at], planes[at+plane] = int8(q), int8(q>>8)
	})
	p.int16.planes = planes
	return p
}

// pack16With quantizes weights and hands each to put.
func pack16With(weight Weights, bias []float32, in, out int, put func(o, i int, q int16)) *Panels {
	quantMax := min(math.MaxInt16, math.Floor(math.Sqrt(math.MaxInt32/float64(Pad(in)))))
	p := &panels16{
		quantMax: float32(quantMax),
		params:   make([]float32, Pad(out)/Width*columnParams16),
	}
	buffer := make([]float32, in)
	for o := range out {
		row, top := weight.Rows(o, o+1, buffer), float32(0)
		for _, w := range row {
			top = max(top, w, -w)
		}
		scale := top / p.quantMax
		if scale > 0 {
			for i, w := range row {
				put(o, i, int16(math.RoundToEven(float64(w/scale))))
			}
		}
		column := p.params[o/Width*columnParams16:]
		column[o%Width], column[Width+o%Width] = scale, bias[o]
	}
	return &Panels{In: in, Out: out, int16: p}
}

func (s *Set) rowBlock16(c []float32, ldc int, a []float32, lda int, rows int, w *Panels, e epilogue, buf *Buffers) {
	in, p := Pad(w.In), w.int16
	_, _ = a[(rows-1)*lda+in-1], buf.words[rows*in-1]
	for r := range rows {
		s.quantize16(&buf.words[r*in], &a[r*lda], in, p.quantMax, &buf.params[r])
	}
	if p.planes != nil {
		s.panelBlocks16(c, ldc, rows, w, e, buf)
		return
	}
	s.eachPanel(c, ldc, rows, w, e, s.pair16 != nil, func(col, next int, pair bool) {
		panel, params := &p.data[col*in], &p.params[col/Width*columnParams16]
		if pair {
			s.pairs16(&c[col], ldc, rows, in, panel, params, &p.data[next*in], buf)
			return
		}
		s.tiles16(&c[col], ldc, rows, in, panel, params, buf)
	})
}

// tiles16 multiplies quantized rows by a panel.
func (s *Set) tiles16(c *float32, ldc, rows, in int, panel *int16, params *float32, buf *Buffers) {
	for low, r := 0, 0; low < rows; low += r {
		r = min(rows-low, len(s.tile16))
		s.tile16[r-1](in, &buf.words[low*in], in, panel, &buf.params[low], params, skip(c, low*ldc), ldc)
	}
}

// pairs16 multiplies quantized rows by two panels, as pairs8 does.
func (s *Set) pairs16(c *float32, ldc, rows, in int, panel *int16, params *float32, next *int16, buf *Buffers) {
	for low, r := 0, 0; low < rows; low += r {
		r = min(rows-low, len(s.pair16))
		s.pair16[r-1](in, &buf.words[low*in], in, panel, in*Width, &buf.params[low], params, skip(c, low*ldc), ldc, ahead(next, panel, low/len(s.pair16)))
	}
}
