// Package netns builds a network of several hosts on one machine, from the network namespaces of
// Linux, for tests of programs that run on several machines.
//
// [Run] runs the program again in a network of its own. There [Build] makes a bridge and
// [Network.Add] connects hosts to it. A program runs on a host by [Host.Command], and [Host.Cut]
// pulls the host's cable. It all is gone when that process ends, however it ends.
//
// The package needs the command ip of iproute2, and the rights of root or a system that lets its
// users make namespaces. Elsewhere Run returns [ErrUnavailable].
package netns

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// ErrUnavailable is why there can be no network here: of the system, its programs or its rules.
var ErrUnavailable = errors.New("no network of its own")

// isolated is set in the environment of a process that [Run] has started.
const isolated = "NETNS_ISOLATED"

// Isolated reports whether Run has started this process.
func Isolated() bool { return os.Getenv(isolated) != "" }

// The addresses are those that RFC 2544 sets aside for measurements.
const (
	prefix    = "198.18.0."
	firstHost = 10
	mostHosts = 200

	// Address is that of this process in the network.
	Address = prefix + "1"
)

// Network is a bridge in the network of this process, and hosts. It is for one goroutine.
type Network struct{ hosts int }

// Build makes the network of this process, which Run must have started: one network per process.
func Build(ctx context.Context) (*Network, error) {
	if !Isolated() {
		return nil, errors.New("the network would be that of the machine: netns.Run has not started this process")
	}
	if err := hide(); err != nil {
		return nil, err
	}
	return &Network{}, ip(ctx,
		"link set lo up",
		"link add bridge type bridge",
		"addr add "+Address+"/24 dev bridge",
		"link set bridge up")
}

// Host is a network namespace with a link to the bridge. Its methods may be called concurrently.
type Host struct{ n int }

// Add adds a host, which is connected.
func (n *Network) Add(ctx context.Context) (*Host, error) {
	if n.hosts == mostHosts {
		return nil, fmt.Errorf("the network has %d hosts already", mostHosts)
	}
	h := &Host{n.hosts}
	n.hosts++
	return h, ip(ctx,
		"netns add "+h.name(),
		"link add "+h.cable()+" type veth peer name eth0 netns "+h.name(),
		"link set "+h.cable()+" master bridge up",
		"-n "+h.name()+" addr add "+h.Address()+"/24 dev eth0",
		"-n "+h.name()+" link set lo up",
		"-n "+h.name()+" link set eth0 up")
}

func (h *Host) name() string  { return fmt.Sprintf("host%d", h.n) }
func (h *Host) cable() string { return fmt.Sprintf("to-host%d", h.n) }

// Address is the host's, without a port.
func (h *Host) Address() string { return fmt.Sprintf("%s%d", prefix, firstHost+h.n) }

// Command is what to write before a command line to run it on the host. The process becomes that of
// the program.
func (h *Host) Command() []string { return []string{"ip", "netns", "exec", h.name()} }

// Cut takes the link to the host down. What is sent to the host meanwhile is dropped, and nobody is
// told.
func (h *Host) Cut(ctx context.Context) error { return ip(ctx, "link set "+h.cable()+" down") }

// Join takes the link up again.
func (h *Host) Join(ctx context.Context) error { return ip(ctx, "link set "+h.cable()+" up") }

// ip runs commands of ip.
func ip(ctx context.Context, commands ...string) error {
	for _, c := range commands {
		if out, err := exec.CommandContext(ctx, "ip", strings.Fields(c)...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %w: %s", c, err, strings.TrimSpace(string(out)))
		}
	}
	return nil
}
