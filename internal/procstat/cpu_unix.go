//go:build unix

package procstat

import (
	"syscall"
	"time"
)

// processCPU asks the kernel. getrusage sums over all threads of the process, ended ones included.
func processCPU() *time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return nil
	}
	return new(time.Duration(u.Utime.Nano() + u.Stime.Nano()))
}
