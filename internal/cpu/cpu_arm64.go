//go:build arm64 && !purego

package cpu

import "golang.org/x/sys/cpu"

func native() []Tier {
	// On Linux x/sys/cpu has these from the kernel, which knows of machines whose cores differ;
	// HasASIMDDP is the dot product, whatever its comment says.
	switch {
	case cpu.ARM64.HasASIMD && cpu.ARM64.HasASIMDDP && cpu.ARM64.HasI8MM:
		return []Tier{NEONI8MM, NEONDot, NEON}
	case cpu.ARM64.HasASIMD && cpu.ARM64.HasASIMDDP:
		return []Tier{NEONDot, NEON}
	case cpu.ARM64.HasASIMD:
		return []Tier{NEON}
	}
	return nil
}
