// Package cpu decides which instruction tier the kernels use.
//
// A tier is a set of instructions that a family of kernels was written for. [Choose] returns the
// best that the machine has, unless the environment variable CROSSRANK_CPU names another: to
// compare tiers, or to work around a faulty machine.
package cpu

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// Tier names a set of instructions.
type Tier string

const (
	Generic    Tier = "generic"      // plain Go, on every machine; slow, and the truth in tests
	AVX2       Tier = "avx2"         // amd64 with AVX2 and FMA3
	AVXVNNI    Tier = "avxvnni"      // the same with VNNI's products of integers in vectors of 256 bits (client CPUs from Alder Lake)
	AVX512     Tier = "avx512"       // AVX2 with AVX-512 F, BW, DQ and VL (from Skylake-SP)
	AVX512VNNI Tier = "avx512-vnni"  // the same with VNNI's products of integers (from Ice Lake and Zen 4)
	AVX512BF16 Tier = "avx512-bf16"  // the same with products of bfloat16 (Cooper Lake, from Sapphire Rapids and Zen 4)
	AMX        Tier = "amx"          // the same with AMX's products of int8 and bfloat16 (from Sapphire Rapids)
	NEON       Tier = "neon"         // arm64 with its vector instructions, which every 64-bit Arm CPU outside of deep embedding has
	NEONDot    Tier = "neon-dotprod" // the same with SDOT (Armv8.2 and later: from Cortex-A55 and A76, Neoverse N1, Apple A13)
	NEONI8MM   Tier = "neon-i8mm"    // the same with USMMLA (from Neoverse V1 and N2, Cortex-A510 and A710, Apple M2)
	NEONBF16   Tier = "neon-bf16"    // the same with BFMMLA (from Neoverse V1 and N2, Cortex-A510 and A710, Apple M2)
)

// Variable is the environment variable that forces a tier.
const Variable = "CROSSRANK_CPU"

// Tiers lists the tiers that this machine and this build can run, best first. The last is always
// Generic.
func Tiers() []Tier {
	var tiers []Tier
	for _, s := range Supports() {
		if s.Runs() {
			tiers = append(tiers, s.Tier)
		}
	}
	return tiers
}

// Choose returns the tier to use: the one that CROSSRANK_CPU names, else the best. A tier that the
// machine lacks, or that does not exist, is an error: running slower or differently than asked
// would go unnoticed.
func Choose() (Tier, error) {
	tiers := Tiers()
	asked := Tier(strings.ToLower(os.Getenv(Variable)))
	switch {
	case asked == "":
		return tiers[0], nil
	case slices.Contains(tiers, asked):
		return asked, nil
	}
	return "", fmt.Errorf("%s=%s: this machine and build can run only %v", Variable, asked, tiers)
}
