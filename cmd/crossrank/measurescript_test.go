package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// sameLogits: samelogits LOGITS SCORES holds that the numbers of one file, one per line, are the
// scores of the other.
func sameLogits(ts *testscript.TestScript, _ bool, args []string) {
	var got []float64
	for line := range strings.FieldsSeq(ts.ReadFile(args[0])) {
		x, err := strconv.ParseFloat(line, 64)
		ts.Check(err)
		got = append(got, x)
	}
	if want := readScores(ts, args[1]); !slices.Equal(got, want) {
		ts.Fatalf("%s holds %v, but the scores of %s are %v", args[0], got, args[1], want)
	}
}

// interrupted: interrupted RESULTS ARG... runs crossrank, interrupts it once RESULTS holds a
// request, or the ranking of a query if it is eval, and holds that it then ends with 1. Its
// standard output goes to the file stdout, its standard error to stderr.
func interrupted(ts *testscript.TestScript, _ bool, args []string) {
	results := ts.MkAbs(args[0])
	mark := `{"kind":"request"`
	if args[1] == "eval" {
		mark = `{"kind":"ranking"`
	}
	cmd, stderr := command(ts, args[1:])
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	ts.Check(cmd.Start())
	stuck := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	defer stuck.Stop()

	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		if b, err := os.ReadFile(results); err == nil && bytes.Contains(b, []byte(mark)) {
			break
		}
		select {
		case err := <-ended:
			ts.Fatalf("it ended before it measured anything: %v; standard error: %s", err, stderr)
		case <-time.After(10 * time.Millisecond):
		}
	}
	ts.Check(cmd.Process.Signal(os.Interrupt))
	failed, ok := errors.AsType[*exec.ExitError](<-ended)
	if !ok || failed.ExitCode() != 1 {
		ts.Fatalf("interrupted, it ended with %v, want exit code 1; standard error: %s", failed, stderr)
	}
	ts.Check(os.WriteFile(ts.MkAbs("stdout"), stdout.Bytes(), 0o666))
	ts.Check(os.WriteFile(ts.MkAbs("stderr"), stderr.Bytes(), 0o666))
}
