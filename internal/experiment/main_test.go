package experiment

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/crossrank/crossrank/internal/childtest"
)

// act is set in the environment of the processes that these tests start of their own program: what
// kind of server to be.
const act = "CROSSRANK_TEST_ACT"

func TestMain(m *testing.M) { childtest.Main(m, act, standIn) }

// standIn is a server of some kind; it returns its exit status.
func standIn(kind string) int {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM)
	switch kind {
	case "refuse":
		fmt.Fprintln(os.Stderr, "crossrank serve: no such model")
		return 1
	case "dawdle":
		fmt.Fprintln(os.Stderr, "reading weights")
		<-asked
	default:
		if err := serveFake(kind, asked); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return 0
}
