//go:build unix

package load

import (
	"syscall"
	"time"
)

// processCPU is the time that this process has spent on cores until now, for itself and in the system.
func processCPU() (_ time.Duration, ok bool) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, false
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), true
}
