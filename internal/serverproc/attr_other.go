//go:build !unix

package serverproc

import "syscall"

func ownGroup() *syscall.SysProcAttr { return nil }

func lowerPriority() {}
