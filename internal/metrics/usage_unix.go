//go:build linux || darwin

package metrics

import (
	"time"

	"golang.org/x/sys/unix"
)

// readUsage asks the kernel. getrusage sums over all threads of the process, ended ones included.
func readUsage() usage {
	u := usage{rss: resident()}
	var r unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &r); err == nil {
		u.cpu = new(time.Duration(r.Utime.Nano() + r.Stime.Nano()))
	}
	return u
}
