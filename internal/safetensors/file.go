// Package safetensors reads weights files: an 8-byte little-endian header length, a JSON header
// that names each tensor with its type, shape and byte range, then the bytes themselves.
//
// Such a file often comes from a stranger, so nothing in it is believed before it is checked.
// [Open] reads the header as a stream, so that its declared size costs no memory, and refuses a
// file that breaks any [Rule]: after it, every range lies inside the file, and together they cover
// it without overlap or hole. [File.Load] then makes one pass over the file, puts the tensors that
// the caller wants into the caller's own slices, as float32 or as they are, and hashes all of it on
// the way. The file is read, never mapped: one that is truncated meanwhile is an error, not a dead
// process.
//
// The format is that of the safetensors project's README, with its reference reader's checks made
// explicit. Stricter than it, on purpose: keys other than dtype, shape and data_offsets are
// refused, and so are duplicate keys, names over 1,024 bytes, more than 64 dimensions and more than
// 20,000 tensors.
package safetensors

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// The limits of a header.
const (
	MaxHeader  = 100_000_000 // bytes
	MaxTensors = 20_000      // also of the entries in __metadata__
	MaxName    = 1_024       // bytes of a tensor's name, or of a key in __metadata__
	MaxDims    = 64
)

// File is an open weights file whose header obeys every rule. It is not safe for concurrent use,
// and must be closed.
type File struct {
	name    string
	r       io.ReaderAt
	size    int64
	data    int64 // where the first tensor begins
	tensors []Tensor
	byName  map[string]int
	close   func() error
}

// Tensor describes one tensor of a file.
type Tensor struct {
	Name  string
	DType DType
	Shape []int // each ≥ 0; empty for a scalar

	begin, end int64 // its bytes, counted from the end of the header
}

// Len is the number of elements.
func (t Tensor) Len() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// Bytes is the number of bytes that the tensor takes in the file.
func (t Tensor) Bytes() int64 { return t.end - t.begin }

// Open opens a weights file and checks its header. Errors about its content are of type *[Error].
func Open(path string) (*File, error) {
	// Asked before opening, because opening a pipe would wait for its other end.
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if info, err = f.Stat(); err != nil {
		f.Close()
		return nil, err
	}
	file, err := New(f, info.Size(), filepath.Base(path))
	if err != nil {
		f.Close()
		return nil, err
	}
	file.close = f.Close
	return file, nil
}

// New is [Open] for any source of size bytes; name is what errors call it. Closing the file leaves
// r open.
func New(r io.ReaderAt, size int64, name string) (*File, error) {
	fail := func(rule Rule, format string, args ...any) (*File, error) {
		return nil, &Error{File: name, Rule: rule, Err: fmt.Errorf(format, args...)}
	}
	if size < 8 {
		return fail(RuleSize, "it has %d bytes", size)
	}
	var prefix [8]byte
	if _, err := r.ReadAt(prefix[:], 0); err != nil {
		return fail(RuleRead, "the header's length: %w", err)
	}
	n := binary.LittleEndian.Uint64(prefix[:])
	if n > MaxHeader {
		return fail(RuleHeaderLimit, "it says %d", n)
	}
	if n > uint64(size-8) {
		return fail(RuleHeaderFits, "it says %d, and %d bytes follow", n, size-8)
	}
	f := &File{name: name, r: r, size: size, data: 8 + int64(n)}
	tensors, err := parseHeader(io.NewSectionReader(r, 8, int64(n)))
	if err == nil {
		err = cover(tensors, size-f.data)
	}
	if err != nil {
		err.File = name
		return nil, err
	}
	f.tensors = tensors
	f.byName = make(map[string]int, len(tensors))
	for i, t := range tensors {
		f.byName[t.Name] = i
	}
	return f, nil
}

// Tensors lists all tensors in the order of their bytes in the file. The caller must not change the
// list.
func (f *File) Tensors() []Tensor { return f.tensors }

// Tensor finds a tensor by its name.
func (f *File) Tensor(name string) (Tensor, bool) {
	i, ok := f.byName[name]
	if !ok {
		return Tensor{}, false
	}
	return f.tensors[i], true
}

// Close closes the file.
func (f *File) Close() error {
	if f.close == nil {
		return nil
	}
	return f.close()
}
