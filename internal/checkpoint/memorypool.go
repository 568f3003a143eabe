package checkpoint

import (
	"sync"

	"github.com/crossrank/crossrank/internal/safetensors"
)

// memoryPool has memory for the weights of blocks. Up to a limit it is new; then it is what blocks
// that were handed over leave, and who takes some waits for them.
type memoryPool struct {
	mu      sync.Mutex
	changed sync.Cond
	free    map[extent][]safetensors.Values
	left    int // bytes that may still be new
	handing int // blocks that are being handed over
}

// extent is the size of a tensor: a number of elements in one of two types.
type extent struct {
	n    int
	bits bool // 16 bits, not float32
}

func (e extent) bytes() int {
	if e.bits {
		return 2 * e.n
	}
	return 4 * e.n
}

func (p *memoryPool) init(bytes int) {
	p.changed.L, p.free, p.left = &p.mu, make(map[extent][]safetensors.Values), bytes
}

// take returns memory for n elements. It waits while blocks are being handed over that may leave
// some; if there are none, because the file mixes the tensors of blocks, it goes over the limit.
func (p *memoryPool) take(n int, bits bool) safetensors.Values {
	want := extent{n, bits}
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.free[want]) == 0 && p.left < want.bytes() && p.handing > 0 {
		p.changed.Wait()
	}
	if last := len(p.free[want]) - 1; last >= 0 {
		x := p.free[want][last]
		p.free[want] = p.free[want][:last]
		return x
	}
	p.left -= want.bytes()
	return newValues(n, bits)
}

func (p *memoryPool) give(buffers []safetensors.Values) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, x := range buffers {
		of := extent{len(x.Float32) + len(x.Bits), x.Bits != nil}
		p.free[of] = append(p.free[of], x)
	}
	p.changed.Signal()
}

// busy counts the blocks that are being handed over.
func (p *memoryPool) busy(change int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.handing += change
	p.changed.Signal()
}
