package experiment

import (
	"bytes"
	"fmt"
	"syscall"
	"testing"
)

// TestServerGivesWay holds that a server gives way to this process where it is asked to, and only there, and that this process
// keeps its own priority.
func TestServerGivesWay(t *testing.T) {
	own, err := niceOf(0)
	if err != nil {
		t.Fatal(err)
	}
	for _, yields := range []bool{true, false} {
		t.Run(fmt.Sprintf("yields=%t", yields), func(t *testing.T) {
			cfg := testServer(t, "obey", new(bytes.Buffer))
			cfg.Yields = yields
			s, err := startServer(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := s.stop(); err != nil {
					t.Error(err)
				}
			}()
			want := own
			if yields {
				want = min(19, max(own, 10))
			}
			if got, err := niceOf(s.process.Pid); err != nil || got != want {
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
