package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"github.com/crossrank/crossrank/internal/faultproxy"
)

// network connects workers with the queue, and can cut each of them off.
type network interface {
	String() string
	// listen is the address for the queue, with a free port.
	listen() string
	// connect is called when the queue has its address, host:port. It returns the address under
	// which worker i reaches it.
	connect(i int, queue string) (string, error)
	// command is the command line of worker i.
	command(i int, args ...string) *exec.Cmd
	cut(i int) error
	heal(i int) error
	close() error
}

// newNetwork makes namespaces where that is permitted, and proxies elsewhere or if asked for.
func newNetwork(n int, simple bool) network {
	if !simple && runtime.GOOS == "linux" && os.Geteuid() == 0 {
		if spaces, err := newNamespaces(n); err == nil {
			return spaces
		}
	}
	return &proxies{list: make([]proxy, n)}
}

// namespaces are network namespaces of Linux, one per worker, that share a bridge with the queue.
type namespaces struct {
	prefix string // of all names, so that several runs have their own
	subnet string
	n      int
}

func newNamespaces(n int) (*namespaces, error) {
	s := &namespaces{prefix: fmt.Sprintf("xrj%d", os.Getpid()), n: n,
		subnet: fmt.Sprintf("198.18.%d.", os.Getpid()%250)} // of the range for tests, RFC 2544
	commands := []string{
		"link add " + s.bridge() + " type bridge",
		"addr add " + s.subnet + "1/24 dev " + s.bridge(),
		"link set " + s.bridge() + " up",
	}
	for i := range n {
		commands = append(commands,
			"netns add "+s.space(i),
			"link add "+s.cable(i)+" type veth peer name eth0 netns "+s.space(i),
			"link set "+s.cable(i)+" master "+s.bridge()+" up",
			fmt.Sprintf("-n %s addr add %s%d/24 dev eth0", s.space(i), s.subnet, i+2),
			"-n "+s.space(i)+" link set eth0 up")
	}
	for _, c := range commands {
		if err := ip(c); err != nil {
			_ = s.close() // of what was made
			return nil, err
		}
	}
	return s, nil
}

func ip(args string) error {
	out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ip %s: %w: %s", args, err, out)
	}
	return nil
}

func (s *namespaces) bridge() string     { return s.prefix + "b" }
func (s *namespaces) space(i int) string { return fmt.Sprintf("%sw%d", s.prefix, i) }
func (s *namespaces) cable(i int) string { return fmt.Sprintf("%sv%d", s.prefix, i) }

func (s *namespaces) String() string { return "network namespaces" }
func (s *namespaces) listen() string { return s.subnet + "1:0" }

func (s *namespaces) connect(_ int, queue string) (string, error) { return queue, nil }

func (s *namespaces) command(i int, args ...string) *exec.Cmd {
	return exec.Command("ip", append([]string{"netns", "exec", s.space(i)}, args...)...) // becomes the program
}

// cut pulls the cable: what is sent is lost, and nobody is told.
func (s *namespaces) cut(i int) error  { return ip("link set " + s.cable(i) + " down") }
func (s *namespaces) heal(i int) error { return ip("link set " + s.cable(i) + " up") }

func (s *namespaces) close() error {
	var errs []error
	for i := range s.n {
		errs = append(errs, ip("netns del "+s.space(i)))
	}
	return errors.Join(append(errs, ip("link del "+s.bridge()))...)
}

// proxies are TCP proxies on loopback, one per worker.
type proxies struct{ list []proxy }

type proxy struct {
	*faultproxy.Proxy
	queue string // to which it leads
}

func (p *proxies) String() string { return "proxies on loopback" }
func (p *proxies) listen() string { return "127.0.0.1:0" }

func (p *proxies) connect(i int, queue string) (string, error) {
	old := p.list[i]
	if old.queue == queue {
		return old.Addr(), nil
	}
	if old.Proxy != nil {
		if err := old.Close(); err != nil {
			return "", err
		}
	}
	made, err := faultproxy.Listen(queue)
	p.list[i] = proxy{made, queue}
	if err != nil {
		return "", err
	}
	return made.Addr(), nil
}

func (p *proxies) command(_ int, args ...string) *exec.Cmd { return exec.Command(args[0], args[1:]...) }

func (p *proxies) cut(i int) error  { p.list[i].Set(faultproxy.Fault{HalfOpen: true}); return nil }
func (p *proxies) heal(i int) error { p.list[i].Set(faultproxy.Fault{}); return nil }

func (p *proxies) close() error {
	var errs []error
	for _, one := range p.list {
		if one.Proxy != nil {
			errs = append(errs, one.Close())
		}
	}
	return errors.Join(errs...)
}
