package experiment

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"
)

// act is set in the environment of the processes that these tests start of their own program: what
// kind of server to be.
const act = "CROSSRANK_TEST_ACT"

func TestMain(m *testing.M) {
	if os.Getenv(act) == "" {
		os.Exit(m.Run())
	}
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM)
	go exitWithParent(os.Getppid())
	switch os.Getenv(act) {
	case "refuse":
		fmt.Fprintln(os.Stderr, "crossrank serve: no such model")
		os.Exit(1)
	case "dawdle":
		fmt.Fprintln(os.Stderr, "reading weights")
		<-asked
	default:
		if err := serveFake(os.Getenv(act), asked); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// exitWithParent ends this process when the test that started it has ended, so that nothing is left
// behind.
func exitWithParent(parent int) {
	for os.Getppid() == parent {
		time.Sleep(time.Second)
	}
	os.Exit(3)
}
