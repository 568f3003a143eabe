//go:build amd64 && !purego

package cpu

import "golang.org/x/sys/cpu"

func native() []Tier {
	// x/sys/cpu reports a feature only if the operating system also saves the registers it needs.
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		return []Tier{AVX2}
	}
	return nil
}
