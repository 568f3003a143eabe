//go:build unix

package main

import "syscall"

// ownGroup keeps the terminal's Ctrl-C from a server, which is stopped in order instead.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
