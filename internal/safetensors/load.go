package safetensors

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"unsafe"

	"github.com/crossrank/crossrank/internal/half"
)

// Target says what becomes of a tensor of type F32, F16 or BF16 that is read.
type Target struct {
	// Memory returns where the elements go. It is called right before they are read, so that memory
	// that an earlier tensor was read into can be used again.
	Memory func() Values

	// Part takes the elements in parts of whole rows, in place of Memory and Done, if it is not
	// nil. first is the index of the part's first element. A part is valid during the call.
	Part func(first int, part Values)

	// Finite has an element that is infinite or no number be an error.
	Finite bool

	// Done is called when the elements are complete and the hash no longer needs them; nil: no
	// call. Calls come one after the other, while what follows in the file is being read.
	Done func()
}

// Values is memory for the elements of a tensor: one of the two is as long as the tensor, the other
// is nil.
type Values struct {
	Float32 []float32 // converted
	Bits    []uint16  // as the file has them, from a tensor of type F16 or BF16
}

// chunk is how many bytes are read at once: enough to make system calls cheap, little enough to
// stay in cache. It is a multiple of every element size.
const chunk = 256 << 10

// Load reads the named tensors and returns the SHA-256 of the whole file. It makes one pass over
// the file and holds no more of it than a few chunks. After an error the contents of the memory are
// undefined. The error about an element that is not finite is a *[NotFiniteError].
func (f *File) Load(dst map[string]Target) (sum [sha256.Size]byte, err error) {
	for name := range dst {
		if err := f.loadable(name); err != nil {
			return sum, err
		}
	}
	p := &pass{r: io.NewSectionReader(f.r, 0, f.size), hash: startHash()}
	err = f.readAll(p, dst)
	return p.hash.finish(), err
}

func (f *File) readAll(p *pass, dst map[string]Target) error {
	if err := p.skip(f.data); err != nil {
		return &Error{File: f.name, Rule: RuleRead, Err: err}
	}
	for _, t := range f.tensors {
		target, ok := dst[t.Name]
		if !ok {
			if err := p.skip(t.Bytes()); err != nil {
				return &Error{File: f.name, Tensor: t.Name, Rule: RuleRead, Err: err}
			}
			continue
		}
		if err := f.readInto(p, t, target); err != nil {
			return err
		}
	}
	return nil
}

// readInto reads one tensor.
func (f *File) readInto(p *pass, t Tensor, target Target) error {
	p.finite, p.read = "", 0
	if target.Finite {
		p.finite = t.DType
	}
	if target.Part != nil {
		return f.readError(t, p.parts(t, target.Part))
	}
	values := target.Memory()
	switch n := len(values.Float32) + len(values.Bits); {
	case values.Bits != nil && t.DType == F32:
		return fmt.Errorf("%s: tensor %q is of type F32, not of 16 bits", f.name, t.Name)
	case n != t.Len():
		return fmt.Errorf("%s: tensor %q has %d elements, not %d", f.name, t.Name, t.Len(), n)
	}
	if err := p.values(values, t.DType); err != nil {
		return f.readError(t, err)
	}
	if target.Done != nil {
		p.hash.full <- piece{done: target.Done}
	}
	return nil
}

// readError is what an error that ended the reading of a tensor is to the caller.
func (f *File) readError(t Tensor, err error) error {
	if e, ok := err.(*NotFiniteError); ok {
		e.Tensor = t.Name
		return e
	}
	if err != nil {
		return &Error{File: f.name, Tensor: t.Name, Rule: RuleRead, Err: err}
	}
	return nil
}

func (f *File) loadable(name string) error {
	t, ok := f.Tensor(name)
	switch {
	case !ok:
		return fmt.Errorf("%s has no tensor %q", f.name, name)
	case t.DType != F32 && t.DType != F16 && t.DType != BF16:
		return fmt.Errorf("%s: tensor %q is of type %s; F32, F16 and BF16 can be read", f.name, name, t.DType)
	}
	return nil
}

// pass reads a file from its start to its end, handing each chunk to the hash as well.
type pass struct {
	r    io.Reader
	hash *hasher

	// Of the tensor at hand.
	finite DType // its type, if its elements must be finite; else ""
	read   int   // how many bytes of it are read
}

func (p *pass) skip(n int64) error {
	p.finite = ""
	return p.chunks(n, func([]byte) {})
}

func (p *pass) values(dst Values, t DType) error {
	switch {
	case dst.Bits != nil && littleEndian:
		return p.direct(bytesOf(dst.Bits))
	case dst.Bits != nil:
		return p.chunks(2*int64(len(dst.Bits)), func(src []byte) { dst.Bits = dst.Bits[copy(dst.Bits, uint16s(src)):] })
	case t == F32 && littleEndian:
		return p.direct(bytesOf(dst.Float32))
	case t == F32:
		return p.chunks(4*int64(len(dst.Float32)), func(src []byte) {
			n, _ := binary.Decode(src, binary.LittleEndian, dst.Float32[:len(src)/4])
			dst.Float32 = dst.Float32[n/4:]
		})
	}
	return p.chunks(2*int64(len(dst.Float32)), func(src []byte) {
		bits := uint16s(src)
		half.Format(t).Widen(dst.Float32[:len(bits)], bits)
		dst.Float32 = dst.Float32[len(bits):]
	})
}

// parts reads a tensor in parts of whole rows, as many as a chunk holds.
func (p *pass) parts(t Tensor, use func(first int, part Values)) error {
	first, step := 0, int64(chunk)
	if n := len(t.Shape); n > 0 {
		if row := int64(t.Shape[n-1]) * int64(bitsOf[t.DType]/8); row > 0 {
			step = max(1, chunk/row) * row
		}
	}
	if step > chunk {
		return fmt.Errorf("a row has more than %d bytes", chunk)
	}
	return p.inSteps(t.Bytes(), step, func(src []byte) {
		part := partOf(src, t.DType)
		use(first, part)
		first += len(part.Float32) + len(part.Bits)
	})
}

// partOf are the numbers in a chunk.
func partOf(src []byte, t DType) Values {
	switch {
	case t != F32:
		return Values{Bits: uint16s(src)}
	case littleEndian:
		return Values{Float32: unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(src))), len(src)/4)}
	}
	x := make([]float32, len(src)/4)
	_, _ = binary.Decode(src, binary.LittleEndian, x) // x is as long as src
	return Values{Float32: x}
}

// direct reads into memory that the hash may read until the pass ends.
func (p *pass) direct(dst []byte) error {
	for len(dst) > 0 {
		n := min(len(dst), chunk)
		if err := p.fill(dst[:n]); err != nil {
			return err
		}
		p.hash.full <- piece{bytes: dst[:n]}
		dst = dst[n:]
	}
	return nil
}

// chunks reads n bytes and has use see them, a chunk at a time.
func (p *pass) chunks(n int64, use func([]byte)) error { return p.inSteps(n, chunk, use) }

// inSteps is chunks with fewer bytes at a time.
func (p *pass) inSteps(n, step int64, use func([]byte)) error {
	for n > 0 {
		buf := (<-p.hash.free)[:min(n, step)]
		if err := p.fill(buf); err != nil {
			return err
		}
		use(buf)
		p.hash.full <- piece{bytes: buf, buffer: true}
		n -= int64(len(buf))
	}
	return nil
}

// fill reads a chunk, and looks at its elements while they are in cache.
func (p *pass) fill(buf []byte) error {
	_, err := io.ReadFull(p.r, buf)
	if err == io.EOF {
		return io.ErrUnexpectedEOF // shorter than when it was opened
	}
	if err != nil || p.finite == "" {
		return err
	}
	size := int(bitsOf[p.finite] / 8)
	if at := notFinite(buf, p.finite); at >= 0 {
		return &NotFiniteError{Element: p.read/size + at, Value: element(buf[at*size:], p.finite)}
	}
	p.read += len(buf)
	return nil
}

// littleEndian says that numbers lie in memory as they lie in a file. Tests clear it.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// bytesOf is the memory of numbers.
func bytesOf[T uint16 | float32](x []T) []byte {
	var one T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), len(x)*int(unsafe.Sizeof(one)))
}

// uint16s are the numbers in a chunk, whose memory is aligned.
func uint16s(src []byte) []uint16 {
	if littleEndian {
		return unsafe.Slice((*uint16)(unsafe.Pointer(unsafe.SliceData(src))), len(src)/2)
	}
	x := make([]uint16, len(src)/2)
	for i := range x {
		x[i] = binary.LittleEndian.Uint16(src[2*i:])
	}
	return x
}

// hasher computes a SHA-256 beside the reading: pieces of the file come in through full; those that
// are buffers go back through free.
type hasher struct {
	free chan []byte
	full chan piece
	sum  chan [sha256.Size]byte
}

// piece is a part of the file, or what is to be called when all pieces before it are hashed.
type piece struct {
	bytes  []byte
	buffer bool
	done   func()
}

func startHash() *hasher {
	const buffers = 4
	h := &hasher{
		free: make(chan []byte, buffers),
		full: make(chan piece, buffers),
		sum:  make(chan [sha256.Size]byte, 1),
	}
	for range buffers {
		h.free <- make([]byte, chunk)
	}
	go func() {
		sha := sha256.New()
		for p := range h.full {
			sha.Write(p.bytes)
			if p.done != nil {
				p.done()
			}
			if p.buffer {
				h.free <- p.bytes[:chunk]
			}
		}
		h.sum <- [sha256.Size]byte(sha.Sum(nil))
	}()
	return h
}

// finish ends the goroutine and waits for it.
func (h *hasher) finish() [sha256.Size]byte {
	close(h.full)
	return <-h.sum
}
