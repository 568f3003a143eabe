package kernel

import "unsafe"

// panels8Wide is what int8 weights have for rows of two digits.
type panels8Wide struct {
	bits   int       // of a digit
	params []float32 // those of the weights, without biases
}

// The bits of a digit: all 8, or as many as leave the weights theirs where six products are added
// in 16 bits, see [Packer.Pack8].
const (
	wideBits     = 6
	wideBitsFull = 8
)

// Pack8Wide packs weights as [Packer.Pack8] does, for a product whose rows have two digits of 6
// bits each. It multiplies each digit by the weights and adds both, so it takes twice the time of
// int8's. The error is that of half a scale of a weight; that of the rows is small beside it.
func (k *Packer) Pack8Wide(weight Weights, bias []float32, in, out int) *Panels {
	return widen8(k.Pack8(weight, bias, in, out, 1<<wideBits-1), wideBits)
}

// Pack8WideFull is Pack8Wide with digits of 8 bits, for the sets and inputs of [Packer.Pack8Full].
func (k *Packer) Pack8WideFull(weight Weights, bias []float32, in, out int) *Panels {
	return widen8(k.Pack8Full(weight, bias, in, out), wideBitsFull)
}

// widen8 makes panels those of rows with two digits.
func widen8(w *Panels, bits int) *Panels {
	p := &panels8Wide{bits: bits, params: make([]float32, len(w.int8.params))}
	copy(p.params, w.int8.params)
	for at := 2 * Width; at < len(p.params); at += columnParams {
		clear(p.params[at : at+Width])
	}
	w.int8.wide = p
	return w
}

// digits are quantized rows: their bytes, ld apart, and the step and low of each.
type digits struct {
	bytes  *uint8
	ld     int
	params []float32
}

// row is where a row's bytes begin.
func (d digits) row(r int) *uint8 { return (*uint8)(unsafe.Add(unsafe.Pointer(d.bytes), r*d.ld)) }

// rowBlock8Wide multiplies rows of two digits. A row is step·q with |q| at most half of what the
// digits hold, and q + half = high·2^bits + low.
func (s *Set) rowBlock8Wide(c []float32, ldc int, a []float32, lda int, rows int, w *Panels, e epilogue, buf *Buffers) {
	in, p, blocks := Pad(w.In), w.int8.wide, s.block8 != nil && rows >= blockRows
	ld := in
	if blocks {
		ld = blockStride(in)
	}
	words, lows := buf.words[:in], buf.lows()
	_, _, _ = a[(rows-1)*lda+in-1], buf.bytes[(rows-1)*ld+in-1], lows[(rows-1)*ld+in-1]
	half := 1<<(2*p.bits-1) - 1
	high, low := digits{&buf.bytes[0], ld, buf.params[:2*rowBlock]}, digits{&lows[0], ld, buf.params[2*rowBlock:]}
	for r := range rows {
		step := &low.params[2*r]
		s.quantize16(&words[0], &a[r*lda], in, float32(half), step)
		split8(buf.bytes[r*ld:][:in], lows[r*ld:][:in], words, half, p.bits)
		low.params[2*r+1] = 0
		high.params[2*r], high.params[2*r+1] = *step*float32(int(1)<<p.bits), -*step*float32(half)
	}
	if blocks {
		s.wideBlocks8(c, ldc, rows, w, e, high, low, buf)
		return
	}
	s.eachPanel(c, ldc, rows, w, e, s.pair8 != nil, func(col, next int, pair bool) {
		panel, params, lowParams := &w.int8.data[col*in], &w.int8.params[col/Width*columnParams], &p.params[col/Width*columnParams]
		if pair {
			s.pairs8(&c[col], ldc, rows, in, panel, params, panel, high)
			s.pairs8(&buf.rounded[0], depthBlock, rows, in, panel, lowParams, &w.int8.data[next*in], low)
			s.addRows(c[col:], ldc, rows, 2*Width, buf)
			return
		}
		s.tiles8(&c[col], ldc, rows, in, panel, params, high)
		s.tiles8(&buf.rounded[0], depthBlock, rows, in, panel, lowParams, low)
		s.addRows(c[col:], ldc, rows, Width, buf)
	})
}

// split8 writes the digits of words + half.
func split8(high, low []uint8, words []int16, half, bits int) {
	high, low = high[:len(words)], low[:len(words)]
	for i, w := range words {
		u := uint(int(w) + half)
		high[i], low[i] = uint8(u>>bits), uint8(u&(1<<bits-1))
	}
}

// wideBlocks8 is panelBlocks8 for rows of two digits.
func (s *Set) wideBlocks8(c []float32, ldc, rows int, w *Panels, e epilogue, high, low digits, buf *Buffers) {
	in := Pad(w.In)
	s.eachBlock(c, ldc, rows, w, e, func(col, panels int) {
		panel, at := &w.int8.data[col*in], col/Width*columnParams
		s.block8(in, high.bytes, high.ld, rows, panel, panels, &high.params[0], &w.int8.params[at], &c[col], ldc)
		s.block8(in, low.bytes, low.ld, rows, panel, panels, &low.params[0], &w.int8.wide.params[at], &buf.rounded[0], depthBlock)
		s.addRows(c[col:], ldc, rows, panels*Width, buf)
	})
}

// addRows adds the product of the low digits, of so many columns, to C.
func (s *Set) addRows(c []float32, ldc, rows, columns int, buf *Buffers) {
	for r := range rows {
		s.add(&c[r*ldc], &buf.rounded[r*depthBlock], columns)
	}
}
