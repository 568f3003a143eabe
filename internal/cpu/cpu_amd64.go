//go:build amd64 && !purego

package cpu

import "golang.org/x/sys/cpu"

// native reads what CPUID says that the CPU has and what XCR0 says that the operating system saves:
// x/sys/cpu sets a feature of AVX only if the YMM registers are saved, and one of AVX-512 only if
// the mask registers and all parts of the ZMM registers are saved too.
func native() []Tier {
	x := &cpu.X86
	avx2 := x.HasAVX2 && x.HasFMA
	avx512 := avx2 && x.HasAVX512F && x.HasAVX512BW && x.HasAVX512DQ && x.HasAVX512VL
	switch {
	case avx512 && x.HasAVX512VNNI:
		return []Tier{AVX512VNNI, AVX512, AVX2}
	case avx512:
		return []Tier{AVX512, AVX2}
	case avx2:
		return []Tier{AVX2}
	}
	return nil
}
