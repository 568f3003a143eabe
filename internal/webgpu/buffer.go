package webgpu

import (
	"fmt"
	"unsafe"
)

// buffer is memory of a device.
type buffer struct {
	d      *device
	handle handle
	size   uint64
}

// newBuffer allocates memory that shaders read and write, and that the host can write.
func (d *device) newBuffer(label string, size int) (*buffer, error) {
	return d.allocate(label, size, usageStorage|usageCopyTarget|usageCopySource)
}

func (d *device) allocate(label string, size int, usage uint64) (*buffer, error) {
	const align = 16
	bytes := uint64(max(size, align)+align-1) &^ (align - 1)
	if most := min(d.adapter.limits.bufferSize, d.adapter.limits.storageBufferBinding); usage&usageStorage != 0 && bytes > most {
		return nil, fmt.Errorf("%s take %d bytes; %s has buffers of %d bytes at most", label, bytes, d.adapter.name, most)
	}
	desc := &bufferDescriptor{label: viewOf(label), usage: usage, size: bytes}
	h := handle(call(d.lib.DeviceCreateBuffer, uintptr(d.device), uintptr(unsafe.Pointer(desc))))
	if err := d.takeError(); err != nil || h == 0 {
		if h != 0 {
			call(d.lib.BufferRelease, uintptr(h))
		}
		return nil, fmt.Errorf("allocating %d bytes for %s: %w", bytes, label, orNoMemory(err))
	}
	d.memory.Add(int64(bytes))
	return &buffer{d, h, bytes}, nil
}

func orNoMemory(err error) error {
	if err == nil {
		return fmt.Errorf("the device gives no memory")
	}
	return err
}

// write copies bytes to the buffer, before what is submitted next. Their number is a multiple of 4.
func (b *buffer) write(offset int, data []byte) {
	if len(data) > 0 {
		call(b.d.lib.QueueWriteBuffer, uintptr(b.d.queue), uintptr(b.handle), uintptr(offset),
			uintptr(unsafe.Pointer(&data[0])), uintptr(len(data)))
	}
}

// release gives the memory back.
func (b *buffer) release() {
	if b == nil || b.handle == 0 {
		return
	}
	call(b.d.lib.BufferDestroy, uintptr(b.handle))
	call(b.d.lib.BufferRelease, uintptr(b.handle))
	b.d.memory.Add(-int64(b.size))
	b.handle = 0
}

// bytesOf returns the memory of a slice.
func bytesOf[T any](x []T) []byte {
	if len(x) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&x[0])), len(x)*int(unsafe.Sizeof(x[0])))
}
