package main

import (
	"testing"

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
		Cmds:               scriptCommands,
		Setup: func(env *testscript.Env) error {
			env.Values[serverKey{}] = new(serverProcess)
			return nil
		},
	})
}
