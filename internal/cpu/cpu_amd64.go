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
	vnni := avx512 && x.HasAVX512VNNI
	var tiers []Tier
	for _, t := range []struct {
		tier Tier
		runs bool
	}{
		{AMX, vnni && x.HasAMXTile && x.HasAMXInt8 && tilesAllowed()},
		{AVX512VNNI, vnni},
		{AVX512, avx512},
		{AVXVNNI, avx2 && x.HasAVXVNNI},
		{AVX2, avx2},
	} {
		if t.runs {
			tiers = append(tiers, t.tier)
		}
	}
	return tiers
}
