package main

import (
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/crossrank/crossrank/internal/hubtest"
)

// hubKey finds the script's hub among its values.
type hubKey struct{}

// scriptHub is the hub of a script; nil until it is started.
type scriptHub struct{ *hubtest.Server }

// fakeHub: fakehub NAME DIR puts the files of a directory on a hub on loopback as a model, and sets
// HF_ENDPOINT and COMMIT.
func fakeHub(ts *testscript.TestScript, _ bool, args []string) {
	h := ts.Value(hubKey{}).(*scriptHub)
	if h.Server == nil {
		h.Server = hubtest.New()
		ts.Defer(h.Close)
		ts.Setenv("HF_ENDPOINT", h.URL)
	}
	commit, err := h.AddDir(args[0], ts.MkAbs(args[1]))
	ts.Check(err)
	ts.Setenv("COMMIT", commit)
}

// hubRequests: hubrequests FILE writes the paths that were requested since the last time, one in a
// line.
func hubRequests(ts *testscript.TestScript, _ bool, args []string) {
	var lines strings.Builder
	for _, r := range ts.Value(hubKey{}).(*scriptHub).Requests() {
		lines.WriteString(strings.TrimSpace(r.Path+" "+r.Range) + "\n")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(lines.String()), 0o666))
}

// stalledPull: stalledpull NAME pulls from a hub that stops in the middle of each large file,
// interrupts the program there, and holds that it ends with exit code 1. Its standard error goes to
// the file stderr.
func stalledPull(ts *testscript.TestScript, _ bool, args []string) {
	h := ts.Value(hubKey{}).(*scriptHub)
	h.Handle(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if "http://"+r.Host == h.CDN {
			w = &halfWriter{ResponseWriter: w, left: hubtest.LargeBytes / 2, gone: r.Context().Done()}
		}
		next.ServeHTTP(w, r)
	})
	defer h.Handle(nil)
	cmd, stderr := command(ts, []string{"pull", args[0]})
	cmd.Env = hubVariables(ts)
	ts.Check(cmd.Start())
	stuck := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	defer stuck.Stop()
	incomplete := filepath.Join(ts.Getenv("HF_HOME"), "hub", "models--*", "blobs", "*.incomplete")
	for !hasHalf(incomplete) {
		time.Sleep(5 * time.Millisecond)
	}
	ts.Check(cmd.Process.Signal(os.Interrupt))
	failed, ok := errors.AsType[*exec.ExitError](cmd.Wait())
	if !ok || failed.ExitCode() != 1 {
		ts.Fatalf("interrupted, it ended with %v, want exit code 1; standard error: %s", failed, stderr)
	}
	ts.Check(os.WriteFile(ts.MkAbs("stderr"), stderr.Bytes(), 0o666))
}

// hasHalf reports whether half of a large file has come.
func hasHalf(pattern string) bool {
	names, _ := filepath.Glob(pattern)
	return slices.ContainsFunc(names, func(name string) bool {
		info, err := os.Stat(name)
		return err == nil && info.Size() == hubtest.LargeBytes/2
	})
}

// halfWriter writes some bytes and then waits until the client has gone.
type halfWriter struct {
	http.ResponseWriter
	left int
	gone <-chan struct{}
}

func (h *halfWriter) Write(p []byte) (int, error) {
	n, err := h.ResponseWriter.Write(p[:min(h.left, len(p))])
	if h.left -= n; h.left == 0 && err == nil {
		err = http.NewResponseController(h.ResponseWriter).Flush()
		<-h.gone
	}
	return n, err
}

// hubVariables is the environment of a process that a script starts itself, with the script's hub.
func hubVariables(ts *testscript.TestScript) []string {
	env := os.Environ()
	for _, name := range []string{"HF_HOME", "HF_ENDPOINT"} {
		if value := ts.Getenv(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	return env
}
