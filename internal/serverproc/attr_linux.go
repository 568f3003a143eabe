package serverproc

import "syscall"

// ownGroup keeps the terminal's Ctrl-C from the server, which is stopped in order instead, and has
// Linux end the server if this process dies before it could do that.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}

// lowerPriority lowers the priority of the calling thread, and of the processes that it starts from
// now on, for good. The kernel may refuse; how well an open loop keeps its schedule is measured
// anyway.
func lowerPriority() {
	const niceness = 10
	if n, err := syscall.Getpriority(syscall.PRIO_PROCESS, 0); err == nil && 20-n < niceness { // the call returns 20 minus the niceness
		_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, niceness)
	}
}
