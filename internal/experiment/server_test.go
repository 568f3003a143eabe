package experiment

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"
)

// act is set in the environment of the processes that this test starts of itself: what kind of server to be.
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
	case "babble":
		fmt.Println("hello")
		<-asked
	case "dawdle":
		fmt.Fprintln(os.Stderr, "reading weights")
		<-asked
	case "obey":
		fmt.Println(`{"grpc":"127.0.0.1:1","http":"127.0.0.1:2","model":"m"}`)
		fmt.Println("more")
		<-asked
		fmt.Fprintln(os.Stderr, "drained")
	case "ignore":
		signal.Ignore(syscall.SIGTERM)
		fmt.Println(`{"grpc":"127.0.0.1:1","http":"127.0.0.1:2","model":"m"}`)
		select {}
	default:
		if err := serveFake(os.Getenv(act), asked); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// exitWithParent ends this process when the test that started it is gone, so that nothing is left behind.
func exitWithParent(parent int) {
	for os.Getppid() == parent {
		time.Sleep(time.Second)
	}
	os.Exit(3)
}

// hang is long enough for any machine. It only ends a test that hangs.
const hang = 5 * time.Minute

func testServer(t *testing.T, kind string, log *bytes.Buffer) serverConfig {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(act, kind)
	return serverConfig{Program: program, Log: log, Within: hang, Grace: hang}
}

func TestServerStartsAndStops(t *testing.T) {
	var log bytes.Buffer
	s, err := startServer(t.Context(), testServer(t, "obey", &log))
	if err != nil {
		t.Fatal(err)
	}
	if want := (addresses{"127.0.0.1:1", "127.0.0.1:2", "m"}); s.addresses != want {
		t.Errorf("addresses are %+v, want %+v", s.addresses, want)
	}
	if err := s.failure(); err != nil {
		t.Errorf("a running server has failed: %v", err)
	}
	if err := s.stop(); err != nil {
		t.Errorf("stopping: %v", err)
	}
	if err := s.stop(); err != nil {
		t.Errorf("stopping twice: %v", err)
	}
	// Which of the two pipes is read first is chance.
	if got := log.String(); got != "more\ndrained\n" && got != "drained\nmore\n" {
		t.Errorf("the log is %q, want what was said after the first line", got)
	}
	gone(t, s)
}

func TestServerThatIgnoresSIGTERMIsKilled(t *testing.T) {
	var log bytes.Buffer
	cfg := testServer(t, "ignore", &log)
	cfg.Grace = 50 * time.Millisecond
	s, err := startServer(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.stop(); err == nil || !strings.Contains(err.Error(), "was killed") {
		t.Errorf("got %v, want that it was killed", err)
	}
	gone(t, s)
}

func TestServerThatDoesNotGetReady(t *testing.T) {
	for _, test := range []struct {
		name, kind string
		within     time.Duration
		want       string
	}{
		{"exits", "refuse", hang,
			"the server ended before it was ready (exit status 1); the last that it said:\n  crossrank serve: no such model"},
		{"prints something else", "babble", hang, `the server printed "hello" instead of its addresses`},
		{"takes too long", "dawdle", 300 * time.Millisecond, "the server was not ready within 300ms"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var log bytes.Buffer
			cfg := testServer(t, test.kind, &log)
			cfg.Within = test.within
			_, err := startServer(t.Context(), cfg)
			if err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestServerWhoseProgramIsMissing(t *testing.T) {
	_, err := startServer(t.Context(), serverConfig{Program: "/nonexistent/crossrank"})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want that the file does not exist", err)
	}
}

func TestStoppedWhileTheServerStarts(t *testing.T) {
	var log bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	cfg := testServer(t, "dawdle", &log)
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, err := startServer(ctx, cfg); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was cancelled", err)
	}
}

// gone fails unless the server's process has been waited for.
func gone(t *testing.T, s *server) {
	t.Helper()
	if err := s.process.Signal(syscall.Signal(0)); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("the server's process is still there: %v", err)
	}
}

func TestLastWordsAreKept(t *testing.T) {
	var l lastWords
	for i := range 1000 {
		fmt.Fprintf(&l, "line %d\n", i)
	}
	got := l.String()
	if len(got) > 2*keptBytes || !strings.HasSuffix(got, "  line 998\n  line 999") {
		t.Errorf("got %d bytes that end in %q, want about %d that end in the last lines", len(got), got[len(got)-30:], keptBytes)
	}
}
