// Package gpustat reads how busy the GPUs of the machine are, and how much of their memory is in
// use, as their drivers know it: of all programs together.
//
// NVIDIA's figures come from the driver's library NVML, which a program that opens no libraries
// cannot ask (see package dynlib); AMD's from files of the Linux kernel; Apple's from the system's
// registry of devices, by the program ioreg. What a driver does not say is nil, never 0. [Used]
// finds the GPUs among them that a program computes on.
package gpustat

import (
	"sync"

	"github.com/crossrank/crossrank/internal/state"
)

// Reader reads the figures of all GPUs that it found when it was opened. It is safe for concurrent
// use.
type Reader struct {
	mu      sync.Mutex
	sources []source
}

// source is one maker's GPUs.
type source interface{ read() []state.GPU }

// Open finds the GPUs of the machine. There may be none.
func Open() *Reader {
	r := &Reader{}
	for _, open := range []func() source{openNVML, openAMD, openApple} {
		if s := open(); s != nil {
			r.sources = append(r.sources, s)
		}
	}
	return r
}

// Read reads the figures now. NVIDIA's GPUs come first, each maker's in the order of its driver.
func (r *Reader) Read() []state.GPU {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []state.GPU
	for _, s := range r.sources {
		all = append(all, s.read()...)
	}
	for i := range all {
		all[i].Index = i
	}
	return all
}
