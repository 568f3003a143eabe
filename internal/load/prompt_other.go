//go:build !linux

package load

// prompt does nothing where the system cannot be asked.
func prompt() (restore func()) { return func() {} }
