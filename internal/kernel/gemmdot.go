package kernel

import (
	"unsafe"

	"github.com/crossrank/crossrank/internal/cpu"
	"github.com/crossrank/crossrank/internal/half"
)

// panelsDot holds weights as bfloat16, for rows of A that are rounded to bfloat16 too. Inputs go in
// pairs: each column's two weights are side by side, as are a row's two activations.
//
// A pair has the size of a float32. So where there are instructions that multiply pairs (Set.dot),
// panels are those of float32, and their microkernels have its signature: every element of A and B
// is a pair, and k, lda and apart count pairs. A microkernel adds the two products of a pair as its
// instruction does, see dotTile.
//
// Elsewhere the panels are those of 16 bits, and rows are rounded and left in float32. The two
// inputs of a pair have changed places in both, so that one chain of fused multiply-adds adds the
// products in the order of dotTile: a product of two bfloat16 numbers is exact in float32, and the
// result has the same bits.
type panelsDot struct {
	rounds bool // the panels have floats of 16 bits, not pairs
	panels *Panels
}

// pairInputs is the multiple of inputs to which panels and rows of pairs are padded with zeros:
// what a tile of AMX holds.
const pairInputs = 32

func padPairs(in int) int { return (in + pairInputs - 1) / pairInputs * pairInputs }

// pairStride is the distance of rows of bfloat16 numbers, see blockStride.
func pairStride(in int) int { return blockStride(2*padPairs(in)) / 2 }

// PackDot packs weights as [Packer.Pack] does, rounded to bfloat16, for a product whose rows are
// rounded to it too: to the nearest number, of two to the even one. A weight that is too large
// becomes infinite, see [half.Format.Overflow]. Products are summed in float32, two by two; see
// dotTile for the order and for what happens to subnormal numbers. The error is that of rounding
// both operands, half a step of 8 bits each, and of In additions.
func (k *Packer) PackDot(weight Weights, bias []float32, in, out int) *Panels {
	w := &Panels{In: in, Out: out, dot: &panelsDot{rounds: k.kernels != nil && k.kernels.dot.tile == nil}}
	if w.dot.rounds {
		w.dot.panels = k.PackHalf(swapped{weight, make([]float32, in)}, bias, Pad(in), out, half.BF16)
	} else {
		w.dot.panels = k.packPairs(weight, bias, in, out)
	}
	return w
}

// swapped are weights rounded to bfloat16, with the inputs of each pair in the other order and
// padded with zeros to Pad(In).
type swapped struct {
	weights Weights
	row     []float32 // a buffer of In elements
}

// Rows implements [Weights].
func (s swapped) Rows(low, high int, buffer []float32) []float32 {
	in := Pad(len(s.row))
	buffer = buffer[:(high-low)*in]
	clear(buffer)
	for o := low; o < high; o++ {
		for i, w := range s.weights.Rows(o, o+1, s.row) {
			buffer[(o-low)*in+i^1] = round(w)
		}
	}
	return buffer
}

// packPairs packs pairs as if each were a float32.
func (k *Packer) packPairs(weight Weights, bias []float32, in, out int) *Panels {
	pairs := padPairs(in) / 2
	p := &Panels{In: pairs, Out: out, data: alloc[float32](k, Pad(out)*pairs), bias: make([]float32, Pad(out))}
	copy(p.bias, bias[:out])
	bits, narrow, buffer := numbersOf(p.data), make([]uint16, in), make([]float32, in)
	for o := range out {
		roundTo(narrow, weight.Rows(o, o+1, buffer))
		panel := bits[o/Width*Width*2*pairs:]
		for i, v := range narrow {
			panel[(i/2*Width+o%Width)*2+i%2] = v
		}
	}
	return p
}

// numbersOf returns the numbers of pairs.
func numbersOf(pairs []float32) []uint16 {
	return unsafe.Slice((*uint16)(unsafe.Pointer(unsafe.SliceData(pairs))), 2*len(pairs))
}

// pairsOf returns the pairs of numbers.
func pairsOf(numbers []uint16) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(numbers))), len(numbers)/2)
}

// MultipliesPairs reports whether the set has instructions for the product of [Packer.PackDot], so
// that it is faster than that of [Packer.PackHalf].
func (s *Set) MultipliesPairs() bool { return s.Tier != cpu.Generic && s.dot.tile != nil }

func (s *Set) rowBlockDot(c []float32, ldc int, a []float32, lda int, rows int, w *Panels, e epilogue, buf *Buffers) {
	in := Pad(w.In)
	_ = a[(rows-1)*lda+in-1]
	if w.dot.rounds {
		s.rowBlockRounded(c, ldc, a, lda, rows, w.dot.panels, e, buf)
		return
	}
	ld := pairStride(in)
	for r := range rows {
		row := buf.pairs[r*ld : (r+1)*ld]
		s.roundPairs(&row[0], &a[r*lda], in)
		clear(row[in:padPairs(in)])
	}
	if s.dotBlock != nil {
		s.panelBlocksDot(c, ldc, ld, rows, w.dot.panels, e, buf)
		return
	}
	s.rowBlock(&s.dot, c, ldc, pairsOf(buf.pairs), ld/2, rows, w.dot.panels, e, buf)
}

// rowBlockRounded multiplies rows, rounded slab by slab, by panels of swapped weights.
func (s *Set) rowBlockRounded(c []float32, ldc int, a []float32, lda int, rows int, w *Panels, e epilogue, buf *Buffers) {
	for k := 0; k < w.In; k += depthBlock {
		depth := min(depthBlock, w.In-k)
		for r := range rows {
			roundSwapped(buf.rounded[r*depthBlock:][:depth], a[r*lda+k:][:depth])
		}
		s.slab(&s.tiles, c, ldc, buf.rounded, depthBlock, rows, w, k, e, buf)
	}
}
