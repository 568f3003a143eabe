package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
)

// ownNetwork is set in the environment of a process that [isolate] has started.
const ownNetwork = "RELIABILITY_OWN_NETWORK"

// isolate runs this program again, with the same arguments, in a network and a view of the file
// system of its own, and reports whether it did. Links, addresses and namespaces that the other
// process makes are seen by nobody else, and the kernel removes them when it ends, however it ends.
// Users other than root get a user namespace too, if the system permits that.
func isolate(ctx context.Context, args []string, log io.Writer) (done bool, err error) {
	if os.Getenv(ownNetwork) != "" {
		return false, nil
	}
	if _, err := exec.LookPath("ip"); err != nil {
		return true, errors.New("finding ip, which makes the network between the servers: install it (Debian: iproute2)")
	}
	program, err := os.Executable()
	if err != nil {
		return true, err
	}
	runtime.LockOSThread() // whose end would be that of the parent, for Linux
	defer runtime.UnlockOSThread()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Env = append(os.Environ(), ownNetwork+"=1")
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWNET, Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if id := os.Geteuid(); id != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: id, Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}}
	}
	if err := cmd.Start(); err != nil {
		return true, fmt.Errorf("making a network of its own, which root may: %w", err)
	}
	return true, cmd.Wait()
}

// buildLAN makes a network without hosts: a bridge in the network namespace of this process, which
// must be one of [isolate].
func buildLAN(ctx context.Context) error {
	// ip keeps its list of namespaces in /run.
	if err := syscall.Mount("none", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("separating the file systems: %w", err)
	}
	if err := syscall.Mount("tmpfs", "/run", "tmpfs", 0, ""); err != nil {
		return fmt.Errorf("hiding /run: %w", err)
	}
	return ip(ctx,
		"link set lo up",
		"link add bridge type bridge",
		"addr add "+clientAddress+"/24 dev bridge",
		"link set bridge up")
}

// addHost adds the nth host: a network namespace with a link to the bridge.
func addHost(ctx context.Context, n int) error {
	space, link := hostName(n), "to-"+hostName(n)
	return ip(ctx,
		"netns add "+space,
		"link add "+link+" type veth peer name eth0 netns "+space,
		"link set "+link+" master bridge up",
		"-n "+space+" addr add "+hostAddress(n)+"/24 dev eth0",
		"-n "+space+" link set lo up",
		"-n "+space+" link set eth0 up")
}

// cutHost takes the link to a host down, and joinHost takes it up again. What is sent to the host
// meanwhile is dropped, and nobody is told.
func cutHost(ctx context.Context, n int) error  { return ip(ctx, "link set to-"+hostName(n)+" down") }
func joinHost(ctx context.Context, n int) error { return ip(ctx, "link set to-"+hostName(n)+" up") }

// ip runs commands of ip.
func ip(ctx context.Context, commands ...string) error {
	for _, c := range commands {
		if out, err := exec.CommandContext(ctx, "ip", strings.Fields(c)...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %w: %s", c, err, strings.TrimSpace(string(out)))
		}
	}
	return nil
}

// raisePriority has the calling thread keep its schedule on a machine that is busy, if it may.
func raisePriority() { _ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, -19) }

// suspend and resume are signals that no process can ignore.
const (
	suspend = syscall.SIGSTOP
	resume  = syscall.SIGCONT
)
