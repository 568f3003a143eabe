package load

import (
	"syscall"
	"time"
)

// nanosleep may return early, when a signal comes.
func nanosleep(d time.Duration) {
	t := syscall.NsecToTimespec(int64(d))
	syscall.Nanosleep(&t, nil)
}
