package cpu

import "golang.org/x/sys/cpu"

// native lists the tiers of arm64. On Linux x/sys/cpu has the features from the kernel, which knows
// of machines whose cores differ; nothing else says what the CPU has. HasASIMDDP is the dot
// product, whatever its comment says.
func native() []Support {
	neon := cpu.ARM64.HasASIMD
	dot := neon && cpu.ARM64.HasASIMDDP
	i8mm := dot && cpu.ARM64.HasI8MM
	bf16 := i8mm && hasBF16()
	return []Support{{NEONBF16, bf16, bf16, assembly}, {NEONI8MM, i8mm, i8mm, assembly}, {NEONDot, dot, dot, assembly}, {NEON, neon, neon, assembly}}
}
