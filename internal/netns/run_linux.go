package netns

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// Run runs this program again, with the arguments given, in a network, a view of the file system
// and a session of its own, and waits for its end. What the process prints goes to log. When ctx
// ends, it gets SIGTERM; it gets that too if its parent dies. Users other than root get a user
// namespace, in which they are root.
func Run(ctx context.Context, args []string, log io.Writer) error {
	if _, err := exec.LookPath("ip"); err != nil {
		return fmt.Errorf("%w: finding ip: install it (Debian: iproute2)", ErrUnavailable)
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	runtime.LockOSThread() // whose end would be that of the parent, for Linux
	defer runtime.UnlockOSThread()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Env = append(os.Environ(), isolated+"=1")
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWNET, Setsid: true, Pdeathsig: syscall.SIGTERM}
	if id := os.Geteuid(); id != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: id, Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}}
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%w: making namespaces, which root may: %w", ErrUnavailable, err)
	}
	return cmd.Wait()
}

// hide separates this process's view of the file system from that of others, and hides /run, where
// ip keeps its list of namespaces.
func hide() error {
	if err := syscall.Mount("none", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("separating the file systems: %w", err)
	}
	if err := syscall.Mount("tmpfs", "/run", "tmpfs", 0, ""); err != nil {
		return fmt.Errorf("hiding /run: %w", err)
	}
	return nil
}
