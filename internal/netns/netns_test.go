package netns

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/crossrank/crossrank/internal/childtest"
)

// role says what the test's own program does as another process.
const role = "NETNS_TEST"

func TestMain(m *testing.M) {
	childtest.Main(m, role, func(kind string) int {
		act := map[string]func() error{"network": useNetwork, "listen": listen}[kind]
		if err := act(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return 0
	})
}

// TestNetwork builds a network in a process of its own, and looks for what is left of it.
func TestNetwork(t *testing.T) {
	t.Setenv(role, "network")
	var log bytes.Buffer
	err := Run(t.Context(), nil, &log)
	if errors.Is(err, ErrUnavailable) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatalf("%v: %s", err, log.String())
	}
	if _, err := net.InterfaceByName("bridge"); err == nil {
		t.Error("the bridge is in the network of the machine")
	}
	if _, err := os.Stat("/run/netns/host0"); err == nil {
		t.Error("the host is in the machine's list of namespaces")
	}
}

// TestBuildElsewhere: the network of the machine stays as it is.
func TestBuildElsewhere(t *testing.T) {
	if _, err := Build(t.Context()); err == nil {
		t.Error("a network was built in a process that Run has not started")
	}
}

// TestUnavailable: a machine without ip is refused in a way that callers recognize.
func TestUnavailable(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if err := Run(t.Context(), nil, nil); !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v, want %v", err, ErrUnavailable)
	}
}

// useNetwork connects two hosts, each with a listener, and cuts one of them off for a while.
func useNetwork() error {
	ctx := context.Background()
	network, err := Build(ctx)
	if err != nil {
		return err
	}
	var hosts [2]*Host
	for i := range hosts {
		if hosts[i], err = network.Add(ctx); err != nil {
			return err
		}
		command := append(hosts[i].Command(), os.Args[0])
		listener := exec.Command(command[0], command[1:]...)
		listener.Env = append(os.Environ(), role+"=listen")
		listener.Stderr = os.Stderr
		if err := listener.Start(); err != nil {
			return err
		}
		defer func() {
			_ = listener.Process.Kill()
			_ = listener.Wait()
		}()
	}
	for _, host := range hosts {
		if err := answers(host); err != nil {
			return err
		}
	}
	if err := hosts[0].Cut(ctx); err != nil {
		return err
	}
	if dials(hosts[0]) == nil {
		return errors.New("a host that is cut off answers")
	}
	if err := answers(hosts[1]); err != nil {
		return fmt.Errorf("while the other host is cut off: %w", err)
	}
	if err := hosts[0].Join(ctx); err != nil {
		return err
	}
	return answers(hosts[0])
}

const port = "7000"

// listen accepts connections on the host where it runs.
func listen() error {
	l, err := net.Listen("tcp", ":"+port)
	if err != nil {
		return err
	}
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		conn.Close()
	}
}

func dials(h *Host) error {
	conn, err := net.DialTimeout("tcp", net.JoinHostPort(h.Address(), port), time.Second)
	if err != nil {
		return err
	}
	return conn.Close()
}

// answers waits until a host answers.
func answers(h *Host) (err error) {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if err = dials(h); err == nil {
			return nil
		}
	}
	return fmt.Errorf("a host does not answer: %w", err)
}
