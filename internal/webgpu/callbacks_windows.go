package webgpu

// A string is passed by a pointer to it, by the calling convention of Windows.

func onRequested(status, result uintptr, message *stringView, number, _ uintptr) uintptr {
	requested(status, result, *message, number)
	return 0
}

func onMapped(status uintptr, message *stringView, number, _ uintptr) uintptr {
	requested(status, 0, *message, number)
	return 0
}

func onDeviceLost(_, reason uintptr, message *stringView, number, _ uintptr) uintptr {
	deviceLost(reason, *message, number)
	return 0
}

func onFailed(_, kind uintptr, message *stringView, number, _ uintptr) uintptr {
	failed(kind, *message, number)
	return 0
}
