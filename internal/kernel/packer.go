package kernel

import (
	"sync"
	"unsafe"
)

// Packer packs weight matrices and allocates their memory. Its zero value is ready, and it is safe
// for concurrent use.
//
// The weights of MiniLM-L-6 are 9,000 small pages, several times as many as a core's TLB has
// entries for, and every batch reads all of them. So they lie close together in chunks of huge
// pages, where the system has such. A chunk lives as long as any weights in it.
type Packer struct {
	kernels *Set // nil: plain Go

	mu    sync.Mutex
	free  []byte // what is left of the newest chunk
	taken int    // bytes of all chunks
}

// NewPacker makes a packer that uses the kernels of a set.
func NewPacker(s *Set) *Packer { return &Packer{kernels: s} }

const (
	hugePage     = 2 << 20
	largestChunk = 16 << 20 // but for a matrix that is larger
	cacheLine    = 64
)

// alloc returns memory for n elements, all zero.
func alloc[T float32 | int16 | uint16 | int8](p *Packer, n int) []T {
	var element T
	b := p.bytes(n * int(unsafe.Sizeof(element)))
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), n)
}

func (p *Packer) bytes(n int) []byte {
	n = (n + cacheLine - 1) / cacheLine * cacheLine
	p.mu.Lock()
	defer p.mu.Unlock()
	if n > len(p.free) {
		p.free = chunk(max(n, min(p.taken, largestChunk))) // as much again, so that small models have small ones
		p.taken += len(p.free)
	}
	b := p.free[:n:n]
	p.free = p.free[n:]
	return b
}

// chunk makes n bytes of memory, and asks for huge pages if they fill any. Pages that are never
// written cost no memory.
func chunk(n int) []byte {
	if n < hugePage {
		return make([]byte, n)
	}
	b := make([]byte, n+hugePage)
	past := uintptr(unsafe.Pointer(unsafe.SliceData(b))) % hugePage
	b = b[(hugePage-past)%hugePage:][:n:n]
	adviseHuge(b)
	return b
}
