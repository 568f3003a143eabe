package serverproc

import (
	"fmt"
	"syscall"
	"testing"
)

// A server has a lower priority where that is asked for, and only there, and this process keeps its
// own.
func TestLowPriority(t *testing.T) {
	own, err := niceOf(0)
	if err != nil {
		t.Fatal(err)
	}
	for _, low := range []bool{true, false} {
		t.Run(fmt.Sprintf("low=%t", low), func(t *testing.T) {
			cfg := config(t, "obey", nil)
			cfg.LowPriority = low
			p := start(t, cfg)
			want := own
			if low {
				want = min(19, max(own, 10))
			}
			if got, err := niceOf(p.process.Pid); err != nil || got != want {
				t.Errorf("the server's niceness is %d (error %v), want %d", got, err, want)
			}
			if got, _ := niceOf(0); got != own {
				t.Errorf("this process's niceness became %d, was %d", got, own)
			}
		})
	}
}

// niceOf is a process's niceness; the system call gives 20 less it.
func niceOf(pid int) (int, error) {
	n, err := syscall.Getpriority(syscall.PRIO_PROCESS, pid)
	return 20 - n, err
}
