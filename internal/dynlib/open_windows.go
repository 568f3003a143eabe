package dynlib

import (
	"fmt"
	"syscall"
)

func open(name string) (uintptr, error) {
	handle, err := syscall.LoadLibrary(name)
	if err != nil {
		return 0, fmt.Errorf("loading the library: %w", err)
	}
	return uintptr(handle), nil
}

func symbol(library uintptr, name string) (uintptr, error) {
	return syscall.GetProcAddress(syscall.Handle(library), name)
}
