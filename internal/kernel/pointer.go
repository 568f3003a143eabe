package kernel

import "unsafe"

// Kernels take pointers to first elements, as assembly does; the exported methods check lengths
// before they make them.

// skip returns the address n elements after p.
func skip(p *float32, n int) *float32 { return (*float32)(unsafe.Add(unsafe.Pointer(p), 4*n)) }

// view returns the n elements from p on.
func view(p *float32, n int) []float32 { return unsafe.Slice(p, n) }
