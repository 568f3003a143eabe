//go:build !linux

package cpu

// tilesAllowed: other systems are not asked.
func tilesAllowed() bool { return false }
