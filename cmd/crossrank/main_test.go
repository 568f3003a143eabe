package main

import (
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the test binary stand in for the program: in scripts, crossrank is a process of its own.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"crossrank": main})
}

// TestScripts runs the sessions at the terminal in testdata/script, one idea a file.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                "testdata/script",
		RequireUniqueNames: true,
		Deadline:           time.Now().Add(2 * time.Minute), // a program that does not end is killed
		Cmds:               scriptCommands,
		Setup: func(env *testscript.Env) error {
			env.Values[serverKey{}] = new(serverProcess)
			return nil
		},
	})
}
