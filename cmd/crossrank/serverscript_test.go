package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// patience ends a wait for a process that hangs. A healthy process takes milliseconds, or seconds
// on a busy machine.
const patience = 5 * time.Minute

// serverProcess is the server that a script has started, if it has.
type serverProcess struct {
	cmd    *exec.Cmd
	stderr *strings.Builder
}

// serverKey finds the script's serverProcess among its values.
type serverKey struct{}

// startServer: server ARG... starts crossrank serve on free ports, waits until it is ready, and
// sets GRPC and HTTP to its addresses.
func startServer(ts *testscript.TestScript, _ bool, args []string) {
	args = append([]string{"serve", "--grpc-addr", "127.0.0.1:0", "--http-addr", "127.0.0.1:0"}, args...)
	p := ts.Value(serverKey{}).(*serverProcess)
	p.cmd, p.stderr = exec.Command("crossrank", args...), new(strings.Builder)
	p.cmd.Dir, p.cmd.Stderr, p.cmd.Env = ts.MkAbs("."), p.stderr, hubVariables(ts)
	stdout, err := p.cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(p.cmd.Start())
	ts.Defer(func() {
		if p.cmd.ProcessState == nil {
			p.cmd.Process.Kill()
			p.cmd.Wait()
		}
	})
	stuck := time.AfterFunc(patience, func() { p.cmd.Process.Kill() })
	defer stuck.Stop()

	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		p.cmd.Wait()
		ts.Fatalf("the server did not get ready: %v; standard error: %s", err, p.stderr)
	}
	var ready struct{ GRPC, HTTP string }
	ts.Check(json.Unmarshal([]byte(line), &ready))
	ts.Setenv("GRPC", ready.GRPC)
	ts.Setenv("HTTP", ready.HTTP)
}

// stopServer: stop-server FILE sends the server SIGTERM, holds that it exits with 0, and writes its
// standard error to FILE.
func stopServer(ts *testscript.TestScript, _ bool, args []string) {
	p := ts.Value(serverKey{}).(*serverProcess)
	if p.cmd == nil {
		ts.Fatalf("no server was started")
	}
	ts.Check(p.cmd.Process.Signal(syscall.SIGTERM))
	stuck := time.AfterFunc(patience, func() { p.cmd.Process.Kill() })
	defer stuck.Stop()
	if err := p.cmd.Wait(); err != nil {
		ts.Fatalf("the server ended with %v; standard error: %s", err, p.stderr)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(p.stderr.String()), 0o666))
}

// request: http STATUS URL [FILE] gets a URL, or posts a JSON file to it, and prints the body if
// the status is as said.
func request(ts *testscript.TestScript, _ bool, args []string) {
	client := &http.Client{Timeout: patience}
	var resp *http.Response
	var err error
	if len(args) == 3 {
		resp, err = client.Post(args[1], "application/json", strings.NewReader(ts.ReadFile(args[2])))
	} else {
		resp, err = client.Get(args[1])
	}
	ts.Check(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	ts.Check(err)
	_, err = ts.Stdout().Write(body)
	ts.Check(err)
	if status := strings.Fields(resp.Status)[0]; status != args[0] {
		ts.Fatalf("status %s, want %s: %s", status, args[0], body)
	}
}
