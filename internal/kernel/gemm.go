package kernel

import "cmp"

// A product is computed in blocks of the inner dimension, so that the part of a panel that is in
// use (depthBlock × 16 floats, 24 KiB) and the rows of A above it stay in the first-level cache
// together; and in blocks of rows, so that those rows of A (rowBlock × 384 floats, 144 KiB) stay in
// the second level while all panels pass by.
const (
	depthBlock = 384
	rowBlock   = 96
)

// Panels is a weight matrix packed for [Set.MatMul]: for every 16 output columns a panel of In ×
// 16, the 16 weights of one input side by side. Output columns beyond Out are zero. Weights are
// float32 ([Packer.Pack]), floats of 16 bits ([Packer.PackHalf], and for rows that are rounded too
// [Packer.PackDot]), int8 ([Packer.Pack8], and for rows of 16 bits [Packer.Pack8Wide]) or int16
// ([Packer.Pack16]).
type Panels struct {
	In, Out int
	data    []float32   // Pad(Out)/16 panels of In·16
	half    *panelsHalf // instead of data, if the weights have 16 bits
	bias    []float32   // Pad(Out)
	dot     *panelsDot  // instead of all three, if rows are rounded
	int8    *panels8    // likewise, if the weights are quantized
	int16   *panels16   // likewise
}

// Pack packs weights and bias, of Out elements.
func (k *Packer) Pack(weight Weights, bias []float32, in, out int) *Panels {
	p := &Panels{In: in, Out: out, data: alloc[float32](k, Pad(out)*in), bias: make([]float32, Pad(out))}
	copy(p.bias, bias[:out])
	buffer := make([]float32, Width*in)
	for o := 0; o < out; o += Width {
		k.packPanel(p.data[o*in:(o+Width)*in], panelRows(weight, o, in, out, buffer), in, in)
	}
	return p
}

// packPanel turns the first depth elements of Width rows, which are ld apart, into a panel.
func (k *Packer) packPanel(panel, rows []float32, ld, depth int) {
	const step = 8 // see packRows
	at := depth / step * step
	if at > 0 {
		cmp.Or(k.kernels, generic).packRows(&panel[0], &rows[0], ld, at)
	}
	for ; at < depth; at++ {
		for r := range Width {
			panel[at*Width+r] = rows[r*ld+at]
		}
	}
}

// Act is an activation fused into a product.
type Act uint8

const (
	None Act = iota
	GELU
	GELUTanh
	ReLU
	SiLU
)

// MatMul computes C = act(A·W + bias) for rows rows: A is rows × In with stride lda, C is rows ×
// Pad(Out) with stride ldc, and they do not overlap. If rows are rounded or quantized, A's rows are
// padded with zeros to Pad(In). buf is memory to convert A or the weights in; with float32 weights
// it is not used.
//
// With float32 weights each element is the bias plus a chain of fused multiply-adds in the order of
// the inner dimension (separate multiply and add in the generic tier), so the error is at most
// In·ε·Σ|a·w|. With weights of 16 bits it has the same bits as with the float32 numbers that they
// are. With those of [Packer.PackDot] A is rounded first. With quantized weights the sum of
// products is exact, and the error is that of quantizing, see [Packer.Pack8] and [Packer.Pack16].
// The activation adds its own.
func (s *Set) MatMul(c []float32, ldc int, a []float32, lda int, rows int, w *Panels, act Act, buf *Buffers) {
	s.matMul(c, ldc, a, lda, rows, w, epilogue{act: act}, buf)
}

// epilogue is what follows a product, strip by strip: an activation, and a multiplication by the
// elements of another matrix if there is one.
type epilogue struct {
	act  Act
	gate []float32
	ldg  int
}

func (s *Set) matMul(c []float32, ldc int, a []float32, lda int, rows int, w *Panels, e epilogue, buf *Buffers) {
	if rows == 0 {
		return
	}
	_, _ = a[(rows-1)*lda+w.In-1], c[(rows-1)*ldc+Pad(w.Out)-1]
	for low := 0; low < rows; low += rowBlock {
		n, c, a := min(rowBlock, rows-low), c[low*ldc:], a[low*lda:]
		switch {
		case w.int8 != nil:
			s.rowBlock8(c, ldc, a, lda, n, w, e, buf)
		case w.int16 != nil:
			s.rowBlock16(c, ldc, a, lda, n, w, e, buf)
		case w.dot != nil:
			s.rowBlockDot(c, ldc, a, lda, n, w, e, buf)
		default:
			s.rowBlock(&s.tiles, c, ldc, a, lda, n, w, e, buf)
		}
		if e.gate != nil {
			e.gate = e.gate[min(n*e.ldg, len(e.gate)):]
		}
	}
}

func (s *Set) rowBlock(t *tiles, c []float32, ldc int, a []float32, lda int, rows int, w *Panels, e epilogue, buf *Buffers) {
	for k := 0; k < w.In; k += depthBlock {
		s.slab(t, c, ldc, a[k:], lda, rows, w, k, e, buf)
	}
}

// slab adds the products of the inputs from k on, as many as a slab has. A begins with them.
func (s *Set) slab(t *tiles, c []float32, ldc int, a []float32, lda int, rows int, w *Panels, k int, e epilogue, buf *Buffers) {
	depth := min(depthBlock, w.In-k)
	last := k+depth == w.In
	width := 0
	for col := 0; col < len(w.bias); col += width {
		var b strip
		if w.half != nil {
			width, b = s.halfStrip(w, k, depth, col, buf)
		} else {
			width, b = t.strip(w, k, col)
		}
		init, ldi := &w.bias[col], 0
		if k > 0 {
			init, ldi = &c[col], ldc
		}
		t.column(&c[col], ldc, &a[0], lda, rows, depth, b, init, ldi)
		for at := col; last && at < col+width; at += Width {
			s.finish(c[at:], rows, ldc, e, at)
		}
	}
}

// strip is a panel of k × 16, or two of them that are apart elements apart; and what will be read
// next, of the same kind.
type strip struct {
	panel, next *float32
	apart       int // 0: one panel

	// Of 16-bit weights panel is memory that the first tile, one of these, widens them to.
	half  *uint16 // nil: none
	tiles []microkernelHalf
}

// strip returns the strip of w from input k and column col on, and its width.
func (t *tiles) strip(w *Panels, k, col int) (width int, b strip) {
	b.panel = &w.data[col*w.In+k*Width]
	width, b.apart = t.abreast(len(w.bias)-col, w.In*Width)
	b.next = b.panel
	if end := col + width; end < len(w.bias) {
		b.next = &w.data[end*w.In+k*Width]
	}
	return width, b
}

// abreast returns how many of the columns that are left a strip takes, and the distance of its
// panels if it takes two of them.
func (t *tiles) abreast(left, apart int) (width, distance int) {
	if t.pair == nil || left < 2*Width {
		return Width, 0
	}
	return 2 * Width, apart
}

// column computes rows × 16 of a product, or rows × 32 with two panels: C = init + A·B. It cuts the
// rows into tiles. The first tiles prefetch the next panels into the second-level cache, each its
// part of every four lines: one tile all four, two or three tiles half of them each, more tiles a
// quarter each, so that no tile waits long for memory.
func (t *tiles) column(c *float32, ldc int, a *float32, lda int, rows, k int, b strip, init *float32, ldi int) {
	height := len(t.tile)
	lines := 1
	if rows <= height {
		lines = 4
	} else if rows <= 3*height {
		lines = 2
	}
	fetched := 0
	for low, r := 0, 0; low < rows; low += r {
		widens := low == 0 && b.half != nil
		r = min(rows-low, height)
		if widens {
			r = min(r, len(b.tiles))
		}
		ahead := b.panel
		if fetched < 4 && k >= 8 { // then what is next has as many lines
			ahead = skip(b.next, fetched*Width)
			fetched += lines
		}
		a, init, c := skip(a, low*lda), skip(init, low*ldi), skip(c, low*ldc)
		switch {
		case widens:
			b.tiles[r-1](k, a, lda, b.half, b.panel, init, ldi, c, ldc, ahead, lines)
		case b.apart > 0:
			t.pair[r-1](k, a, lda, b.panel, b.apart, init, ldi, c, ldc, ahead, lines)
		default:
			t.tile[r-1](k, a, lda, b.panel, init, ldi, c, ldc, ahead, lines)
		}
	}
}

// columns computes rows × width of a product, where A has k columns and B's panels are apart
// elements apart. It starts from zero, or goes on from what C holds.
func (s *Set) columns(c []float32, ldc int, a []float32, lda, rows, k int, panels []float32, apart, width int, goOn bool) {
	step := 0
	for col := 0; col < width; col += step {
		panel, init, ldi := &panels[col/Width*apart], &zeros[0], 0
		if goOn {
			init, ldi = &c[col], ldc
		}
		b := strip{panel: panel, next: panel}
		step, b.apart = s.abreast(width-col, apart)
		s.column(&c[col], ldc, &a[0], lda, rows, k, b, init, ldi)
	}
}

var zeros [2 * Width]float32

// finish applies an epilogue to the strip of C that begins at column col.
func (s *Set) finish(c []float32, rows, ldc int, e epilogue, col int) {
	s.activate(&c[0], rows, ldc, e.act)
	if e.gate != nil {
		s.multiply(&c[0], ldc, &e.gate[col], e.ldg, rows)
	}
}

// activate applies act in place to a strip of rows × 16.
func (s *Set) activate(x *float32, rows, ld int, act Act) {
	switch act {
	case GELU:
		s.gelu(x, rows, ld)
	case GELUTanh:
		s.geluTanh(x, rows, ld)
	case ReLU:
		s.relu(x, rows, ld)
	case SiLU:
		s.silu(x, rows, ld)
	}
}
