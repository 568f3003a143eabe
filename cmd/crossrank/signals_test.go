package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/tinymodel"
)

// signalled is a server process that a test sends signals.
type signalled struct {
	cmd        *exec.Cmd
	GRPC, HTTP string
	stderr     strings.Builder // read once it has ended
}

func startSignalled(t *testing.T, model string, flags ...string) *signalled {
	t.Helper()
	flags = append([]string{"serve", "--model", model, "--log-format", "json",
		"--grpc-addr", "127.0.0.1:0", "--http-addr", "127.0.0.1:0"}, flags...)
	s := &signalled{cmd: exec.Command("crossrank", flags...)}
	s.cmd.Stderr = &s.stderr
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.cmd.Process.Kill() // unless it has ended, as it should
		s.cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("the server did not get ready: %v", err)
	}
	if err := json.Unmarshal([]byte(line), s); err != nil {
		t.Fatal(err)
	}
	return s
}

// ends waits for the process and gives what it ended with.
func (s *signalled) ends(t *testing.T) error {
	t.Helper()
	stuck := time.AfterFunc(patience, func() { s.cmd.Process.Kill() })
	defer stuck.Stop()
	return s.cmd.Wait()
}

// TestSIGTERMUnderLoad ends server processes that are busy: each exits with 0, callers get answers
// or are asked to reconnect, and no request that was accepted fails: every one that does is in
// the log.
func TestSIGTERMUnderLoad(t *testing.T) {
	dir := t.TempDir()
	if err := tinymodel.Write(dir); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		s := startSignalled(t, dir)
		var answered atomic.Int64
		var callers sync.WaitGroup
		for _, target := range []string{"grpc://" + s.GRPC, "http://" + s.HTTP} {
			c, err := client.Dial(target, client.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			for range 8 {
				callers.Go(func() {
					for {
						_, err := c.Score(context.Background(), &crossrank.Request{Pairs: []crossrank.Pair{{Query: "what is paris", Passage: "a city"}}})
						switch code := crossrank.CodeOf(err); code {
						case crossrank.OK:
							answered.Add(1)
						case crossrank.Unavailable:
							return
						case crossrank.Overloaded: // not accepted, and no reason to leave
						default:
							t.Errorf("%s: got %v, want an answer or Unavailable", target, err)
							return
						}
					}
				})
			}
		}
		for answered.Load() < 200 {
			time.Sleep(time.Millisecond)
		}
		if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := s.ends(t); err != nil {
			t.Errorf("the server ended with %v: %s", err, &s.stderr)
		}
		callers.Wait()
		for line := range strings.Lines(s.stderr.String()) {
			if strings.Contains(line, "request failed") && !strings.Contains(line, `"code":"overloaded"`) {
				t.Errorf("a request that was accepted failed: %s", line)
			}
		}
	}
}

// TestTwoSignals: a request that does not come to its end keeps a server draining, and a second
// signal ends it at once.
func TestTwoSignals(t *testing.T) {
	dir := t.TempDir()
	if err := tinymodel.Write(dir); err != nil {
		t.Fatal(err)
	}
	s := startSignalled(t, dir, "--drain-grace", "1h", "--http-body-timeout", "1h") // longer than the test waits
	conn, err := net.Dial("tcp", s.HTTP)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "POST /rerank HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n")
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, " 100 ") {
		t.Fatalf("got %q, %v, want to be asked for the body", line, err)
	}
	s.cmd.Process.Signal(syscall.SIGTERM)
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) { // until it drains
		c, err := net.Dial("tcp", s.HTTP)
		if err != nil {
			break
		}
		c.Close()
		if time.Now().After(deadline) {
			t.Fatal("the server still takes connections")
		}
	}
	s.cmd.Process.Signal(syscall.SIGTERM)
	var ended *exec.ExitError
	if err := s.ends(t); !errors.As(err, &ended) || ended.Sys().(syscall.WaitStatus).Signal() != syscall.SIGTERM {
		t.Errorf("it ended with %v, want it killed by the signal", err)
	}
}
