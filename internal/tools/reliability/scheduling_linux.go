package main

import (
	"context"
	"os"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// favor gives the session of this process priority over others, if it may. Linux can schedule each
// session as a group, and then the priority of a process counts only within its session.
func favor() {
	if f, err := os.OpenFile("/proc/self/autogroup", os.O_WRONLY, 0); err == nil {
		_, _ = f.WriteString("-15")
		f.Close()
	}
}

// brake slows a server down by a factor until ctx ends: it suspends it again and again, and longer
// than it lets it run. It lets it run for less time than a request takes, most of which begin when
// the server continues.
func (s *server) brake(ctx context.Context, factor int) error {
	const run = time.Millisecond
	runtime.LockOSThread() // for good: the thread ends with the goroutine
	keepTime()
	var owed time.Duration
	for ctx.Err() == nil {
		began := time.Now()
		sleep(run)
		owed += time.Duration(factor-1) * time.Since(began)
		if owed <= 0 {
			continue // it was suspended for too long before
		}
		began = time.Now()
		if err := s.Signal(syscall.SIGSTOP); err != nil {
			return err
		}
		sleep(owed)
		if err := s.Signal(syscall.SIGCONT); err != nil {
			return err
		}
		owed -= time.Since(began)
	}
	return nil
}

// keepTime has the calling thread run as soon as it wakes up, if it may. What it misses otherwise
// is made good by longer turns, whose first a server does not notice: a request that arrives
// meanwhile begins for it when the turn is over.
func keepTime() {
	_ = unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 1}, 0)
}

// sleep suspends the calling thread, which no other has to wake up as after time.Sleep.
func sleep(d time.Duration) {
	left := syscall.NsecToTimespec(int64(d))
	for syscall.Nanosleep(&left, &left) == syscall.EINTR {
	}
}
