//go:build amd64 && purego

package cpu

// cpuid reports nothing in a build without assembly, where the CPU is known by what the system
// allows.
func cpuid(uint32, uint32) (eax, ebx, ecx, edx uint32) { return 0, 0, 0, 0 }
