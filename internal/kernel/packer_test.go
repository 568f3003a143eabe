package kernel

import (
	"sync"
	"testing"
	"unsafe"
)

// TestAllocationsAreSeparate has many goroutines allocate many sizes, from a few bytes to more than
// a chunk, and fill them: each allocation is zero at first, and keeps what was written.
func TestAllocationsAreSeparate(t *testing.T) {
	var p Packer
	sizes := []int{0, 1, 7, 64, 65, 1000, 100_000, hugePage/4 - 1, hugePage, largestChunk/4 + 5}
	blocks := make([][]float32, 4*len(sizes))
	var wg sync.WaitGroup
	for i := range blocks {
		wg.Go(func() {
			blocks[i] = alloc[float32](&p, sizes[i%len(sizes)])
			for j, v := range blocks[i] {
				if v != 0 {
					t.Errorf("block %d has %g at %d, want 0", i, v, j)
					return
				}
				blocks[i][j] = float32(i)
			}
		})
	}
	wg.Wait()
	for i, r := range blocks {
		if len(r) != sizes[i%len(sizes)] || cap(r) < len(r) {
			t.Fatalf("block %d has %d elements, want %d", i, len(r), sizes[i%len(sizes)])
		}
		for j, v := range r {
			if v != float32(i) {
				t.Fatalf("block %d has %g at %d: another goroutine wrote there", i, v, j)
			}
		}
	}
}

// TestChunksAreHugePages: a chunk begins where a huge page does; otherwise its first and last pages
// could not be huge.
func TestChunksAreHugePages(t *testing.T) {
	for _, n := range []int{hugePage, hugePage + cacheLine, 3 * hugePage} {
		b := chunk(n)
		if at := uintptr(unsafe.Pointer(unsafe.SliceData(b))) % hugePage; len(b) != n || at != 0 {
			t.Errorf("a chunk of %d bytes has %d, %d bytes past a huge page", n, len(b), at)
		}
	}
}
