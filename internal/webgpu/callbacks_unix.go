//go:build !windows

package webgpu

import "unsafe"

// A string is passed as its two parts, in registers, by the calling conventions of these systems.

func onRequested(status, result uintptr, data unsafe.Pointer, length, number, _ uintptr) uintptr {
	requested(status, result, stringView{data, length}, number)
	return 0
}

func onMapped(status uintptr, data unsafe.Pointer, length, number, _ uintptr) uintptr {
	requested(status, 0, stringView{data, length}, number)
	return 0
}

func onDeviceLost(_, reason uintptr, data unsafe.Pointer, length, number, _ uintptr) uintptr {
	deviceLost(reason, stringView{data, length}, number)
	return 0
}

func onFailed(_, kind uintptr, data unsafe.Pointer, length, number, _ uintptr) uintptr {
	failed(kind, stringView{data, length}, number)
	return 0
}
