package main

import (
	"fmt"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/crossrank/crossrank/internal/dynlib"
	"github.com/crossrank/crossrank/internal/onnx"
	"github.com/crossrank/crossrank/internal/webgpu"
)

// TestMain lets the test binary stand in for the program: in scripts, crossrank is a process of its
// own.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"crossrank": main})
}

// TestScripts runs the terminal sessions in testdata/script, one idea a file. A program that hangs
// is killed shortly before the time limit of go test itself: a limit for all scripts together would
// fail the last ones on a busy machine.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                "testdata/script",
		RequireUniqueNames: true,
		Cmds:               scriptCommands,
		Setup: func(env *testscript.Env) error {
			env.Values[serverKey{}] = new(serverProcess)
			env.Values[hubKey{}] = new(scriptHub)
			for _, name := range []string{onnx.Variable, webgpu.Variable, "VK_DRIVER_FILES", "LD_LIBRARY_PATH"} {
				env.Setenv(name, os.Getenv(name))
			}
			return nil
		},
		Condition: condition,
	})
}

// condition is what scripts may ask about this build and machine.
func condition(name string) (bool, error) {
	switch name {
	case "libraries": // the build opens libraries of other makers
		return dynlib.Available, nil
	case "onnx": // ONNX Runtime is installed
		return dynlib.Available && onnx.Available("") == nil, nil
	case "webgpu": // a driver for tests is installed
		return dynlib.Available && webgpu.Probe(webgpu.DeviceTesting) == nil, nil
	}
	return false, fmt.Errorf("the condition %q is not known", name)
}
