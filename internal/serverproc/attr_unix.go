//go:build unix && !linux

package serverproc

import "syscall"

// ownGroup keeps the terminal's Ctrl-C from the server, which is stopped in order instead.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// lowerPriority does nothing where a priority is that of a whole process.
func lowerPriority() {}
