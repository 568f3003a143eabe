package load

import (
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// timeSlice is what the generator asks for: the kernel's least. A thread that wakes up is run at
// once if its slice is shorter than that of the thread that runs (Linux 6.12 and later; older ones
// ignore it).
const timeSlice = 100 * time.Microsecond

// shortTimeSlices has the threads of this process run as soon as they wake up, even where a server
// computes on every core, so that an open loop keeps its schedule. It needs no privilege. The
// caller calls restore afterwards: processes that are started meanwhile would have short slices,
// too.
func shortTimeSlices() (restore func()) {
	setTimeSlice(timeSlice)
	return func() { setTimeSlice(0) } // the kernel's own choice
}

// setTimeSlice sets the time slice of every thread; new threads inherit it. Errors are ignored: how
// late requests are sent is measured anyway.
func setTimeSlice(d time.Duration) {
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
