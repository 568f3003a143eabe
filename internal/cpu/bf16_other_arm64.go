//go:build !linux && !darwin

package cpu

// hasBF16: other systems are not asked.
func hasBF16() bool { return false }
