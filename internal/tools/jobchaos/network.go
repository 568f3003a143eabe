package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"

	"github.com/crossrank/crossrank/internal/faultproxy"
	"github.com/crossrank/crossrank/internal/netns"
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

// newNetwork makes namespaces in a process that [netns.Run] has started, and proxies elsewhere.
func newNetwork(ctx context.Context, n int) (network, error) {
	if !netns.Isolated() {
		return &proxies{list: make([]proxy, n)}, nil
	}
	bridge, err := netns.Build(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w (-proxies does without namespaces)", err)
	}
	s := &namespaces{hosts: make([]*netns.Host, n)}
	for i := range s.hosts {
		if s.hosts[i], err = bridge.Add(ctx); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// namespaces are network namespaces of Linux, one per worker. The queue is on the bridge between
// them.
type namespaces struct{ hosts []*netns.Host }

func (s *namespaces) String() string { return "network namespaces" }
func (s *namespaces) listen() string { return netns.Address + ":0" }

func (s *namespaces) connect(_ int, queue string) (string, error) { return queue, nil }

func (s *namespaces) command(i int, args ...string) *exec.Cmd {
	all := append(s.hosts[i].Command(), args...)
	return exec.Command(all[0], all[1:]...)
}

// Faults end although the run may have ended before them, so no context ends these.
func (s *namespaces) cut(i int) error  { return s.hosts[i].Cut(context.Background()) }
func (s *namespaces) heal(i int) error { return s.hosts[i].Join(context.Background()) }
func (s *namespaces) close() error     { return nil } // with the process

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
