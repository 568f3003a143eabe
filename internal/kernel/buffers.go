package kernel

import "unsafe"

// Buffers is memory that products convert their operands in. One product at a time uses it.
type Buffers struct {
	// A block of quantized rows.
	bytes  []uint8   // rowBlock × blockStride of the widest row, for int8
	words  []int16   // rowBlock × the widest row, for int16
	params []float32 // each row's step, and with int8 its low; twice for rows of two digits

	pairs   []uint16  // a block of rows as bfloat16, or low digits: rowBlock × pairStride of the widest row
	rounded []float32 // a slab of such rows as float32, or products of low digits: rowBlock × depthBlock

	wide []float32 // two panels of depthBlock inputs: 16-bit weights as float32
}

// NewBuffers makes memory for rows of up to width elements.
func NewBuffers(width int) *Buffers {
	return &Buffers{
		bytes: make([]uint8, rowBlock*blockStride(width)), words: make([]int16, rowBlock*Pad(width)),
		params: make([]float32, 4*rowBlock), wide: make([]float32, 2*Width*depthBlock),
		pairs: make([]uint16, rowBlock*pairStride(width)), rounded: make([]float32, rowBlock*depthBlock),
	}
}

// lows is memory for low digits, as large as bytes.
func (b *Buffers) lows() []uint8 {
	return unsafe.Slice((*uint8)(unsafe.Pointer(unsafe.SliceData(b.pairs))), 2*len(b.pairs))
}
