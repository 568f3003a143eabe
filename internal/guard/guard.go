// Package guard gives tests memory that lies between two pages which cannot be touched, so that a kernel that reads or
// writes one element too far is caught, whatever happens to lie behind ordinary slices.
//
// A [Memory] holds one operand at a time, put at its end or at its beginning by [Place], exactly at the page or a few
// elements away from it, where alignment is worse. Elements in that gap are known and must stay as they are, which
// [Memory.Intact] tells. [Faults] runs a function and turns a touch of the pages into an answer instead of the end of the
// process.
package guard

import (
	"fmt"
	"runtime/debug"
	"testing"
	"unsafe"
)

// Memory is a run of pages between two that cannot be touched. It is for one goroutine, and holds one operand at a time.
type Memory struct {
	pages []byte
	used  []byte // the operand placed last, within pages
}

// Edge says at which of the two pages an operand is placed.
type Edge string

const (
	End   Edge = "end"
	Begin Edge = "begin"
)

// gapByte fills what no operand covers, near it.
const gapByte = 0xa5

// gapBytes is how much of the memory on each side of an operand is filled and checked.
const gapBytes = 256

// New makes memory for operands of up to size bytes that lasts until the test ends. It skips the test where the system is
// not Linux.
func New(tb testing.TB, size int) *Memory {
	tb.Helper()
	pages, free, err := mapPages(size + 2*gapBytes)
	if err != nil {
		tb.Fatalf("mapping guarded memory: %v", err)
	}
	if pages == nil {
		tb.Skip("guarded memory is made on Linux only")
	}
	tb.Cleanup(func() {
		if err := free(); err != nil {
			tb.Errorf("freeing guarded memory: %v", err)
		}
	})
	return &Memory{pages: pages}
}

// Place copies data to where it ends, or begins, shift elements from an edge of the memory, and returns the copy. What was
// placed before is gone. T holds no pointers. The copy of nothing has an address, that of the edge.
func Place[T any](m *Memory, at Edge, shift int, data []T) []T {
	element := int(unsafe.Sizeof(*new(T)))
	size, gap := len(data)*element, shift*element
	if size+gap > len(m.pages) {
		panic(fmt.Sprintf("guard: %d bytes, %d from the edge, do not fit %d", size, gap, len(m.pages)))
	}
	low := gap
	if at == End {
		low = len(m.pages) - gap - size
	}
	m.used = m.pages[low : low+size]
	before, after := m.gaps()
	for _, part := range [][]byte{before, after} {
		for i := range part {
			part[i] = gapByte
		}
	}
	start := unsafe.Add(unsafe.Pointer(unsafe.SliceData(m.pages)), low)
	out := unsafe.Slice((*T)(start), len(data))
	copy(out, data)
	return out
}

// Intact says whether what surrounds the operand is as Place left it.
func (m *Memory) Intact() bool {
	before, after := m.gaps()
	for _, part := range [][]byte{before, after} {
		for _, b := range part {
			if b != gapByte {
				return false
			}
		}
	}
	return true
}

func (m *Memory) gaps() (before, after []byte) {
	low := int(uintptr(unsafe.Pointer(unsafe.SliceData(m.used))) - uintptr(unsafe.Pointer(unsafe.SliceData(m.pages))))
	high := low + len(m.used)
	return m.pages[max(0, low-gapBytes):low], m.pages[high:min(len(m.pages), high+gapBytes)]
}

// Faults runs f and returns what stopped it, if it touched memory that it must not; any other panic goes on.
func Faults(f func()) (fault error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		at, ok := p.(interface {
			error
			Addr() uintptr
		})
		if !ok {
			panic(p)
		}
		fault = at
	}()
	f()
	return nil
}
