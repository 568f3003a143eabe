package kernel

import (
	"math"
	"unsafe"
)

// panels8 holds int8 weights. A panel is Pad(In)·16 bytes: 4 inputs of one column are side by side,
// then the same of the next column; 4 inputs of 16 columns are 64 bytes.
type panels8 struct {
	quantMax float32 // largest u of a quantized activation
	data     []int8
	params   []float32    // for each panel 16 scales, 16 sums of the column's q times its scale, 16 biases, the 16 sums as int32
	wide     *panels8Wide // nil: a row has one byte an element
}

// columnParams is the number of parameters of a panel.
const columnParams = 4 * Width

// Pack8 packs weights as [Packer.Pack] does, quantized with one scale for each output: w ≈ scale·q.
//
// The product quantizes each row of A as it reads it: a ≈ low + step·u with u from 0 to quantMax,
// at most 255, over the row's range with zero included. So Σ a·w is step·scale·Σ u·q + low·scale·Σ
// q. The errors are at most half a step of an activation and, where no group is at its limit, half
// a scale of a weight.
//
// The AVX2 microkernel adds six products in 16 bits: of twelve inputs those of 0, 1, 4, 5, 8 and 9,
// and the others. They cannot overflow if quantMax times the sum of the group's positive q, and of
// its negative ones, is below 2¹⁵. The scale is the smallest that keeps every group of the output
// within that, and every q within ±127. A bound on the operands alone would leave 6½ bits to each;
// weights that are not all at their largest at once leave about 7.
func (k *Packer) Pack8(weight Weights, bias []float32, in, out, quantMax int) *Panels {
	return k.pack8(weight, bias, in, out, quantMax, math.MaxInt16/quantMax)
}

// Pack8Full is Pack8 with all 8 bits of both operands: quantMax is 255, and only q within ±127
// bound the scale. Only sets whose [Set.FullRange8] is true multiply such panels, of up to
// [MaxFull8] inputs.
func (k *Packer) Pack8Full(weight Weights, bias []float32, in, out int) *Panels {
	return k.pack8(weight, bias, in, out, math.MaxUint8, noLimit)
}

// MaxFull8 is the largest number of inputs whose sum of full 8-bit products fits 32 bits.
const MaxFull8 = math.MaxInt32 / (math.MaxUint8 * math.MaxInt8) &^ (Width - 1)

func (k *Packer) pack8(weight Weights, bias []float32, in, out, quantMax, limit int) *Panels {
	p := &panels8{
		quantMax: float32(quantMax),
		data:     alloc[int8](k, Pad(out)*Pad(in)),
		params:   make([]float32, Pad(out)/Width*columnParams),
	}
	row, q := make([]float32, Pad(in)), make([]int8, Pad(in))
	for o := range out {
		copy(row, weight.Rows(o, o+1, row))
		scale := quantizeWeights(q, row, limit)
		panel, sum := p.data[o/Width*Width*Pad(in):], 0
		for i, v := range q {
			panel[i/4*4*Width+o%Width*4+i%4] = v
			sum += int(v)
		}
		column := p.params[o/Width*columnParams:]
		column[o%Width], column[Width+o%Width], column[2*Width+o%Width] = scale, scale*float32(sum), bias[o]
		column[3*Width+o%Width] = math.Float32frombits(uint32(int32(sum)))
	}
	return &Panels{In: in, Out: out, int8: p}
}

// groupSpan is how many inputs in a row make two groups, whose products are added in 16 bits: those
// whose index in the span is 0 or 1 modulo 4, and the others.
const groupSpan = 12

// noLimit is more than any group sums to.
const noLimit = groupSpan * math.MaxInt8

// quantizeWeights writes q with w ≈ scale·q such that in no group the positive or the negative q
// sum to more than limit.
func quantizeWeights(q []int8, w []float32, limit int) (scale float32) {
	var top, sum float32
	for at := 0; at < len(w); at += groupSpan {
		span := w[at:min(at+groupSpan, len(w))]
		var positive, negative [2]float32
		for i, v := range span {
			g := i >> 1 & 1
			positive[g], negative[g] = positive[g]+max(v, 0), negative[g]+max(-v, 0)
			top = max(top, v, -v)
		}
		sum = max(sum, positive[0], positive[1], negative[0], negative[1])
	}
	scale = max(top/math.MaxInt8, sum/float32(limit))
	if scale == 0 {
		clear(q)
		return 0
	}
	inverse := 1 / scale
	for i, v := range w {
		q[i] = int8(max(-math.MaxInt8, min(math.MaxInt8, roundToEven(v*inverse))))
	}
	for at := 0; at < len(w); at += groupSpan {
		end := min(at+groupSpan, len(w))
		trim(q[at:end], w[at:end], 0, scale, limit)
		trim(q[at:end], w[at:end], 1, scale, limit)
	}
	return scale
}

// roundToEven rounds |x| < 2²²: adding 1.5·2²³ leaves the whole part in the low bits.
func roundToEven(x float32) int32 {
	const shift = 3 << 22
	return int32(math.Float32bits(x+shift)) - int32(math.Float32bits(shift))
}

// trim lowers those q of a group that were rounded up the most, until both signs are within the
// limit. Rounding may have put a sum at most three above it.
func trim(q []int8, w []float32, group int, scale float32, limit int) {
	for {
		positive, negative := 0, 0
		for i, v := range q {
			if i>>1&1 == group {
				positive, negative = positive+max(int(v), 0), negative+max(-int(v), 0)
			}
		}
		switch {
		case positive > limit:
			lower(q, w, group, scale, 1)
		case negative > limit:
			lower(q, w, group, scale, -1)
		default:
			return
		}
	}
}

// lower subtracts one from the magnitude of the q of a group and sign that exceeds its weight the
// most.
func lower(q []int8, w []float32, group int, scale float32, sign int8) {
	most, excess := 0, float32(math.Inf(-1))
	for i, v := range q {
		if i>>1&1 == group && v*sign > 0 {
			if e := float32(v*sign) - w[i]/scale*float32(sign); e > excess {
				most, excess = i, e
			}
		}
	}
	q[most] -= sign
}

func (s *Set) rowBlock8(c []float32, ldc int, a []float32, lda int, rows int, w *Panels, e epilogue, buf *Buffers) {
	if w.int8.wide != nil {
		s.rowBlock8Wide(c, ldc, a, lda, rows, w, e, buf)
		return
	}
	in := Pad(w.In)
	ldq, blocks := in, s.block8 != nil && rows >= blockRows
	if blocks {
		ldq = blockStride(in)
	}
	_, _ = a[(rows-1)*lda+in-1], buf.bytes[(rows-1)*ldq+in-1]
	for r := range rows {
		s.quantize(&buf.bytes[r*ldq], &a[r*lda], in, w.int8.quantMax, &buf.params[2*r])
	}
	if blocks {
		s.panelBlocks8(c, ldc, ldq, rows, w, e, buf)
		return
	}
	q := digits{&buf.bytes[0], ldq, buf.params}
	s.eachPanel(c, ldc, rows, w, e, s.pair8 != nil, func(col, next int, pair bool) {
		panel, params := &w.int8.data[col*in], &w.int8.params[col/Width*columnParams]
		if pair {
			s.pairs8(&c[col], ldc, rows, in, panel, params, &w.int8.data[next*in], q)
			return
		}
		s.tiles8(&c[col], ldc, rows, in, panel, params, q)
	})
}

// eachPanel has the panels of quantized weights multiplied, by two where there are kernels for it
// and two are left, and finishes their columns. The multiplication gets the first of its columns,
// and that of what follows.
func (s *Set) eachPanel(c []float32, ldc, rows int, w *Panels, e epilogue, pairs bool, multiply func(col, next int, pair bool)) {
	width := 0
	for col := 0; col < w.Out; col += width {
		width = Width
		pair := pairs && w.Out-col > Width
		if pair {
			width = 2 * Width
		}
		multiply(col, min(col+width, Pad(w.Out)-Width), pair)
		for at := col; at < col+width; at += Width {
			s.finish(c[at:], rows, ldc, e, at)
		}
	}
}

// tiles8 multiplies quantized rows by a panel.
func (s *Set) tiles8(c *float32, ldc, rows, in int, panel *int8, params *float32, q digits) {
	for low, r := 0, 0; low < rows; low += r {
		r = min(rows-low, len(s.tile8))
		s.tile8[r-1](in, q.row(low), q.ld, panel, &q.params[2*low], params, skip(c, low*ldc), ldc)
	}
}

// pairs8 multiplies quantized rows by two panels. The first two tiles fetch one half each of what
// is next; for the others, that is what they read anyway.
func (s *Set) pairs8(c *float32, ldc, rows, in int, panel *int8, params *float32, next *int8, q digits) {
	for low, r := 0, 0; low < rows; low += r {
		r = min(rows-low, len(s.pair8))
		s.pair8[r-1](in, q.row(low), q.ld, panel, in*Width, &q.params[2*low], params, skip(c, low*ldc), ldc, ahead(next, panel, low/len(s.pair8)))
	}
}

// fetchLines is how many cache lines of what is next a tile of two quantized panels fetches while
// it reads four.
const fetchLines = 2

// ahead is where the n-th tile of two panels begins to fetch.
func ahead[T int8 | int16](next, panel *T, n int) *T {
	if n >= 4/fetchLines {
		return panel
	}
	return (*T)(unsafe.Add(unsafe.Pointer(next), n*fetchLines*cacheLine))
}
