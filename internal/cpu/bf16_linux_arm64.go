package cpu

import "golang.org/x/sys/unix"

// hasBF16 reports the feature bf16, which x/sys/cpu lacks, as Linux tells a program with its
// auxiliary vector.
func hasBF16() bool {
	const hwcap2, bf16 = 26, 1 << 14
	vector, _ := unix.Auxv() // without one there are no features
	for _, entry := range vector {
		if entry[0] == hwcap2 {
			return entry[1]&bf16 != 0
		}
	}
	return false
}
