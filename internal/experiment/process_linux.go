package experiment

import "syscall"

// ownProcess keeps the terminal's Ctrl-C from the server, which is stopped in order instead, and ends the server if this
// process dies before it could do that.
func ownProcess() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}

// giveWay lowers the priority of the calling thread and of the processes that it starts from now on, for good. The kernel
// may refuse; what that costs an open loop is measured.
func giveWay() {
	const niceness = 10
	if n, err := syscall.Getpriority(syscall.PRIO_PROCESS, 0); err == nil && 20-n < niceness { // the call gives 20 less it
		_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, niceness)
	}
}
