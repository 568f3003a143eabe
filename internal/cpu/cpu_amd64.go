package cpu

import "golang.org/x/sys/cpu"

// native lists the tiers of x86-64. What the CPU has comes from CPUID. What the system allows comes
// from XCR0 too: x/sys/cpu sets a feature of AVX only if the YMM registers are saved, and one of
// AVX-512 only if the mask registers and all parts of the ZMM registers are saved.
func native() []Support {
	c, x := readCPUID(), &cpu.X86
	avx2 := x.HasAVX2 && x.HasFMA
	avx512 := avx2 && x.HasAVX512F && x.HasAVX512BW && x.HasAVX512DQ && x.HasAVX512VL
	vnni := avx512 && x.HasAVX512VNNI
	avxVNNI := avx2 && x.HasAVXVNNI
	bf16 := vnni && x.HasAVX512BF16
	tiles := bf16 && x.HasAMXTile && x.HasAMXInt8 && x.HasAMXBF16
	hasVNNI := c.avx512() && c.vnni()
	return []Support{
		{AMX, tiles || hasVNNI && c.bf16() && c.tiles(), tiles && tilesAllowed(), assembly},
		{AVX512BF16, bf16 || hasVNNI && c.bf16(), bf16, assembly},
		{AVX512VNNI, vnni || hasVNNI, vnni, assembly},
		{AVX512, avx512 || c.avx512(), avx512, assembly},
		{AVXVNNI, avxVNNI || c.avx2() && c.avxVNNI(), avxVNNI, assembly},
		{AVX2, avx2 || c.avx2(), avx2, assembly},
	}
}

// features has the words of CPUID that list instructions.
type features struct {
	ecx1             uint32 // leaf 1
	ebx7, ecx7, edx7 uint32 // leaf 7
	eax71            uint32 // leaf 7, part 1
}

func readCPUID() (f features) {
	last, _, _, _ := cpuid(0, 0)
	if last >= 1 {
		_, _, f.ecx1, _ = cpuid(1, 0)
	}
	if last >= 7 {
		_, f.ebx7, f.ecx7, f.edx7 = cpuid(7, 0)
		f.eax71, _, _, _ = cpuid(7, 1) // zeros where there is no part 1
	}
	return f
}

func (f features) avx2() bool {
	const fma, avx2 = 1 << 12, 1 << 5
	return f.ecx1&fma != 0 && f.ebx7&avx2 != 0
}

func (f features) avx512() bool {
	const f512, dq, bw, vl = 1 << 16, 1 << 17, 1 << 30, 1 << 31
	const all = f512 | dq | bw | vl
	return f.avx2() && f.ebx7&all == all
}

func (f features) vnni() bool { return f.ecx7&(1<<11) != 0 }

func (f features) avxVNNI() bool { return f.eax71&(1<<4) != 0 }

func (f features) bf16() bool { return f.eax71&(1<<5) != 0 }

func (f features) tiles() bool {
	const bf16, tiles, int8 = 1 << 22, 1 << 24, 1 << 25
	const all = bf16 | tiles | int8
	return f.edx7&all == all
}
