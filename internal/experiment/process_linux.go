package experiment

import "syscall"

// ownProcess keeps the terminal's Ctrl-C from the server, which is stopped in order instead, and ends the server if this
// process dies before it could do that.
func ownProcess() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
