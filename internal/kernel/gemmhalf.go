package kernel

import (
	"fmt"
	"unsafe"

	"github.com/crossrank/crossrank/internal/half"
)

// panelsHalf holds weights as floats of 16 bits. They are in blocks of depthBlock inputs, the last
// one lower: first the panels of all columns for the first inputs, then those for the next. So the
// panels that a product reads one after another follow each other, and tiles of float32, which
// fetch twice as many bytes ahead as a panel here has, fetch just the next ones.
type panelsHalf struct {
	format half.Format
	data   []uint16
	first  int // of these columns, among those that data has
	all    int // columns that data has
}

// at returns the panel of k × 16 for depth inputs from k on and column col, and those after it.
func (p *panelsHalf) at(k, depth, col int) *uint16 { return &p.data[k*p.all+(p.first+col)*depth] }

// PackHalf packs weights as [Packer.Pack] does, rounded to a format of 16 bits. A weight that is
// too large for it becomes infinite, see [half.Format.Overflow].
//
// The first tile of a product widens a panel as it multiplies, and leaves it in float32 for the
// other rows. So the arithmetic is that of float32, and the memory half of its.
func (k *Packer) PackHalf(weight Weights, bias []float32, in, out int, format half.Format) *Panels {
	p := &panelsHalf{format: format, data: alloc[uint16](k, Pad(out)*in), all: Pad(out)}
	panel, buffer := make([]float32, depthBlock*Width), make([]float32, Width*in)
	for col := 0; col < out; col += Width {
		rows := panelRows(weight, col, in, out, buffer)
		for from := 0; from < in; from += depthBlock {
			depth := min(depthBlock, in-from)
			wide := panel[:depth*Width]
			k.packPanel(wide, rows[from:], in, depth)
			format.Narrow(unsafe.Slice(p.at(from, depth, col), len(wide)), wide)
		}
	}
	w := &Panels{In: in, Out: out, half: p, bias: make([]float32, Pad(out))}
	copy(w.bias, bias[:out])
	return w
}

// halfTiles returns the tiles for a format.
func (s *Set) halfTiles(f half.Format) halfTiles {
	switch f {
	case half.F16:
		return s.fp16
	case half.BF16:
		return s.bf16
	}
	panic(fmt.Sprintf("no tiles for %q", string(f)))
}

// halfStrip is [Set.strip] for 16-bit weights and depth inputs. The panels, once they are wide, are
// in buf.
func (s *Set) halfStrip(w *Panels, k, depth, col int, buf *Buffers) (width int, b strip) {
	width, b.apart = s.abreast(len(w.bias)-col, depth*Width)
	tiles := s.halfTiles(w.half.format)
	b.half, b.tiles = w.half.at(k, depth, col), tiles.tile
	if b.apart > 0 {
		b.tiles = tiles.pair
	}
	b.panel = &buf.wide[:width*depth][0]
	b.next = b.panel
	if end := col + width; end < len(w.bias) {
		b.next = (*float32)(unsafe.Pointer(w.half.at(k, depth, end)))
	}
	return width, b
}
