package safetensors

import (
	"crypto/sha256"
	"fmt"
	"io"
)

// chunk is how many bytes are read at once: enough to make system calls cheap, little enough to
// stay in cache. It is a multiple of every element size.
const chunk = 256 << 10

// Load reads the named tensors into the slices given for them, converted to float32, and returns
// the SHA-256 of the whole file. Each slice must be as long as its tensor, and the tensor of type
// F32, F16 or BF16. It makes one pass over the file and holds no more of it than a few chunks.
// After an error the contents of the slices are undefined.
func (f *File) Load(dst map[string][]float32) (sum [sha256.Size]byte, err error) {
	for name, d := range dst {
		if err := f.loadable(name, d); err != nil {
			return sum, err
		}
	}
	p := &pass{r: io.NewSectionReader(f.r, 0, f.size), hash: startHash()}
	err = f.readAll(p, dst)
	return p.hash.finish(), err
}

func (f *File) readAll(p *pass, dst map[string][]float32) error {
	if err := p.skip(f.data); err != nil {
		return &Error{File: f.name, Rule: RuleRead, Err: err}
	}
	for _, t := range f.tensors {
		var err error
		if d, ok := dst[t.Name]; ok {
			err = p.read(d, decoders[t.DType], int(bitsOf[t.DType]/8))
		} else {
			err = p.skip(t.Bytes())
		}
		if err != nil {
			return &Error{File: f.name, Tensor: t.Name, Rule: RuleRead, Err: err}
		}
	}
	return nil
}

func (f *File) loadable(name string, dst []float32) error {
	t, ok := f.Tensor(name)
	if !ok {
		return fmt.Errorf("%s has no tensor %q", f.name, name)
	}
	if decoders[t.DType] == nil {
		return fmt.Errorf("%s: tensor %q is of type %s; F32, F16 and BF16 can be read", f.name, name, t.DType)
	}
	if len(dst) != t.Len() {
		return fmt.Errorf("%s: tensor %q has %d elements, not %d", f.name, name, t.Len(), len(dst))
	}
	return nil
}

// pass reads a file from its start to its end, handing each chunk to the hash as well.
type pass struct {
	r    io.Reader
	hash *hasher
}

func (p *pass) skip(n int64) error {
	for n > 0 {
		buf := (<-p.hash.free)[:min(n, chunk)]
		if err := p.fill(buf); err != nil {
			return err
		}
		p.hash.full <- buf
		n -= int64(len(buf))
	}
	return nil
}

func (p *pass) read(dst []float32, decode decoder, size int) error {
	for len(dst) > 0 {
		n := min(len(dst), chunk/size)
		buf := (<-p.hash.free)[:n*size]
		if err := p.fill(buf); err != nil {
			return err
		}
		decode(dst[:n], buf)
		p.hash.full <- buf
		dst = dst[n:]
	}
	return nil
}

func (p *pass) fill(buf []byte) error {
	_, err := io.ReadFull(p.r, buf)
	if err == io.EOF {
		return io.ErrUnexpectedEOF // shorter than when it was opened
	}
	return err
}

// hasher computes a SHA-256 beside the reading: buffers go round from free to full and back.
type hasher struct {
	free, full chan []byte
	sum        chan [sha256.Size]byte
}

func startHash() *hasher {
	const buffers = 4
	h := &hasher{
		free: make(chan []byte, buffers),
		full: make(chan []byte, buffers),
		sum:  make(chan [sha256.Size]byte, 1),
	}
	for range buffers {
		h.free <- make([]byte, chunk)
	}
	go func() {
		sha := sha256.New()
		for buf := range h.full {
			sha.Write(buf)
			h.free <- buf[:chunk]
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
