//go:build unix && !linux

package experiment

import "syscall"

// ownProcess keeps the terminal's Ctrl-C from the server, which is stopped in order instead.
func ownProcess() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}

// giveWay does nothing where priorities are those of whole processes.
func giveWay() {}
