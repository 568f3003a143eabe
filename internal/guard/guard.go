// Package guard gives tests memory between two inaccessible pages, so that a kernel that reads or
// writes one element too far is caught, whatever happens to lie behind ordinary slices.
//
// A [Memory] holds one operand at a time. [Place] puts it at the end or at the beginning, exactly
// at the page or a few elements away from it, where alignment is worse. The bytes in that gap are
// known, and [Memory.Intact] reports whether they are unchanged. [Faults] runs a function and
// returns an access to the pages as an error instead of ending the process.
package guard

import (
	"fmt"
	"runtime/debug"
	"testing"
	"unsafe"
)

// Memory is a run of pages between two inaccessible ones. It is for one goroutine, and holds one
// operand at a time.
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

// New makes memory for operands of up to size bytes that lasts until the test ends. It skips the
// test where the system is not Linux.
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

// Place copies data to where it ends, or begins, shift elements from an edge of the memory, and
// returns the copy. It overwrites what was placed before. T holds no pointers. The copy of an empty
// slice has an address, that of the edge.
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

// Intact reports whether the bytes around the operand are as Place left them.
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

// Faults runs f and returns the fault if f accessed inaccessible memory; any other panic goes on.
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
