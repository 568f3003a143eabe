// Package childtest lets tests start their own program again as another process, such as a server
// that does something wrong.
//
// A variable of the environment says which process it is. A test sets it for the processes that it
// starts, and the package's TestMain calls [Main].
package childtest

import (
	"os"
	"testing"
	"time"
)

// Main runs the tests. Where the variable is set, it calls act with its value instead; act returns
// the status that the process exits with. Such a process also ends when the test that started it
// has ended, so that nothing is left behind. Main does not return.
func Main(m *testing.M, variable string, act func(kind string) int) {
	kind := os.Getenv(variable)
	if kind == "" {
		os.Exit(m.Run())
	}
	go exitWithParent(os.Getppid())
	os.Exit(act(kind))
}

func exitWithParent(parent int) {
	for os.Getppid() == parent {
		time.Sleep(time.Second)
	}
	os.Exit(3)
}
