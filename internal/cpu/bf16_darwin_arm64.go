package cpu

import "golang.org/x/sys/unix"

// hasBF16 reports the feature FEAT_BF16, which x/sys/cpu lacks.
func hasBF16() bool {
	has, err := unix.SysctlUint32("hw.optional.arm.FEAT_BF16")
	return err == nil && has != 0
}
