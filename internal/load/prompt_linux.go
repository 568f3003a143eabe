package load

import (
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// slice is the time that the kernel is asked to run a thread of the generator at a stretch: its least. A thread that wakes
// up for less than the one that runs now asked for is run at once (Linux 6.12 and later; older ones take no notice).
const slice = 100 * time.Microsecond

// prompt has the threads of this process run as soon as they wake up, even where a server computes on every core, for the
// schedule of an open loop to be kept. It needs no privilege. Call restore afterwards: processes that are started meanwhile
// would be as prompt.
func prompt() (restore func()) {
	sliced(slice)
	return func() { sliced(0) } // the kernel's own choice
}

// sliced sets the slice of every thread; threads inherit that of the one that starts them. What cannot be set is left: how
// late the sends were is measured anyway.
func sliced(d time.Duration) {
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return
	}
	for _, task := range tasks {
		tid, err := strconv.Atoi(task.Name())
		if err != nil {
			continue
		}
		nice, err := syscall.Getpriority(syscall.PRIO_PROCESS, tid)
		if err != nil {
			continue
		}
		attr := unix.SchedAttr{Size: unix.SizeofSchedAttr, Nice: int32(20 - nice), Runtime: uint64(d)}
		_ = unix.SchedSetAttr(tid, &attr, 0)
	}
}
