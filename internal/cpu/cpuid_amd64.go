//go:build !purego

package cpu

// cpuid executes CPUID: x/sys/cpu does not say what the CPU has where the system does not allow it.
func cpuid(leaf, subleaf uint32) (eax, ebx, ecx, edx uint32)
