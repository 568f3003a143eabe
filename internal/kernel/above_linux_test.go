package kernel

import (
	"testing"

	"golang.org/x/sys/unix"
)

// aboveOthers gives the current thread the least priority that is above that of ordinary threads,
// where it may.
func aboveOthers(t *testing.T) {
	attr := &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 1}
	if err := unix.SchedSetAttr(0, attr, 0); err != nil {
		t.Logf("other threads may disturb this one: %v", err)
	}
}
