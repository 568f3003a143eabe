package kernel

import "unsafe"

// block16 computes the product of a block of quantized rows and several panels of int16 weights,
// all of them in planes of their low and high bytes, see int16Block. k is a multiple of [Width],
// and rows is from 1 to rowBlock.
type block16 func(k int, low *uint8, ldl int, high *uint8, ldh, rows int, b *int8, panels int, perRow, columns, c *float32, ldc int)

// Planes16 reports whether the set multiplies int16 panels of planes, as [Packer.Pack16Planes]
// makes them, faster than those of [Packer.Pack16].
func (s *Set) Planes16() bool { return s.planes16 }

// panelBlocks16 multiplies quantized rows by all panels, in blocks. The rows' low bytes go to the
// memory for int8, their high bytes to the first half of each row's words.
func (s *Set) panelBlocks16(c []float32, ldc, rows int, w *Panels, e epilogue, buf *Buffers) {
	in := Pad(w.In)
	ldl := blockStride(in)
	_ = buf.bytes[(rows-1)*ldl+in-1]
	for r := range rows {
		s.split16(&buf.bytes[r*ldl], &buf.words[r*in], in)
	}
	high := (*uint8)(unsafe.Pointer(&buf.words[0]))
	s.eachBlock(c, ldc, rows, w, e, func(col, panels int) {
		panel, params := &w.int16.planes[2*col*in], &w.int16.params[col/Width*columnParams16]
		s.block16(in, &buf.bytes[0], ldl, high, 2*in, rows, panel, panels, &buf.params[0], params, &c[col], ldc)
	})
}
