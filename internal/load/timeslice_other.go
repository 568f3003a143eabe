//go:build !linux

package load

// shortTimeSlices does nothing where the kernel has no such setting.
func shortTimeSlices() (restore func()) { return func() {} }
