package main

import (
	"context"
	"os"
	"runtime"
	"syscall"
	"time"
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
	// This thread keeps its schedule on a machine that is busy, if it may.
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, -19)
	var owed time.Duration
	for ctx.Err() == nil {
		began := time.Now()
		pause(ctx, run)
		owed += time.Duration(factor-1) * time.Since(began)
		began = time.Now()
		if err := s.Signal(syscall.SIGSTOP); err != nil {
			return err
		}
		time.Sleep(owed)
		if err := s.Signal(syscall.SIGCONT); err != nil {
			return err
		}
		owed -= time.Since(began)
	}
	return nil
}
