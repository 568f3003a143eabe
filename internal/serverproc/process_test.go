package serverproc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/crossrank/crossrank/internal/childtest"
)

// act is set in the environment of the processes that these tests start of their own program: what
// kind of server to be.
const act = "CROSSRANK_TEST_ACT"

// hang is long enough for any machine. It only ends a test that hangs.
const hang = 5 * time.Minute

const ready = `{"grpc":"127.0.0.1:1","http":"127.0.0.1:2","model":"m"}`

func TestMain(m *testing.M) { childtest.Main(m, act, standIn) }

// standIn is a server of some kind; it returns its exit status.
func standIn(kind string) int {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM)
	switch kind {
	case "refuse":
		fmt.Fprintln(os.Stderr, "crossrank serve: no such model")
		return 1
	case "babble":
		fmt.Println("hello")
	case "dawdle":
		fmt.Fprintln(os.Stderr, "reading weights")
	case "obey":
		fmt.Println(ready)
		fmt.Println("more")
		<-asked
		fmt.Fprintln(os.Stderr, "drained")
		return 0
	case "ignore":
		signal.Ignore(syscall.SIGTERM)
		fmt.Println(ready)
		select {}
	case "crash":
		fmt.Println(ready)
		fmt.Fprintln(os.Stderr, "out of memory")
		return 7
	case "admin":
		if err := serveAdmin(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	case "arguments":
		text, err := os.ReadFile(os.Args[slices.Index(os.Args, "--config")+1])
		fmt.Fprintf(os.Stderr, "%q %v %q\n", text, err, os.Args[1:])
		fmt.Println(ready)
	case "fail":
		fmt.Println(ready)
		<-asked
		return 3
	}
	<-asked
	return 0
}

// serveAdmin serves metrics, whose heap is smaller after a collection.
func serveAdmin() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	heap := 2000
	mux := http.NewServeMux()
	mux.HandleFunc("/metrics", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "# TYPE go_memstats_heap_alloc_bytes gauge\ngo_memstats_heap_alloc_bytes %d\n", heap)
	})
	mux.HandleFunc("/debug/pprof/heap", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery == "gc=1" {
			heap = 1000
		}
		io.WriteString(w, "a profile")
	})
	fmt.Printf(`{"grpc":"127.0.0.1:1","http":"127.0.0.1:2","admin":%q}`+"\n", l.Addr())
	go http.Serve(l, mux)
	return nil
}

// config starts this test's own program as a server of a kind.
func config(t *testing.T, kind string, log io.Writer) Config {
	t.Helper()
	t.Setenv(act, kind)
	return Config{Log: log, ReadyWithin: hang, ExitWithin: hang}
}

func start(t *testing.T, cfg Config) *Process {
	t.Helper()
	p, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Stop() })
	return p
}

func TestStartAndStop(t *testing.T) {
	var log bytes.Buffer
	p := start(t, config(t, "obey", &log))
	if want := (Addresses{GRPC: "127.0.0.1:1", HTTP: "127.0.0.1:2", Model: "m"}); p.Addresses != want {
		t.Errorf("addresses are %+v, want %+v", p.Addresses, want)
	}
	if err := p.Err(); err != nil || p.External() {
		t.Errorf("a running server has failed: %v; external: %t", err, p.External())
	}
	for range 2 {
		if err := p.Stop(); err != nil {
			t.Errorf("stopping: %v", err)
		}
	}
	// Which of the two pipes is read first is chance.
	if got := log.String(); got != "more\ndrained\n" && got != "drained\nmore\n" || p.Log() != got {
		t.Errorf("the log is %q, want what was said after the first line", got)
	}
	exited(t, p)
}

// A server gets its settings as a file, which is removed once it is ready, and free ports.
func TestArguments(t *testing.T) {
	cfg := config(t, "arguments", nil)
	cfg.Settings, cfg.Admin, cfg.HTTPAddr = []byte("model: m\n"), true, "127.0.0.1:8080"
	cfg.Env = append(os.Environ(), "X=1")
	p := start(t, cfg)
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"model: m\n" <nil> ["serve" "--config" `,
		`"--grpc-addr" "127.0.0.1:0" "--http-addr" "127.0.0.1:8080" "--pprof" "--admin-addr" "127.0.0.1:0"]`} {
		if !strings.Contains(p.Log(), want) {
			t.Errorf("the server was started with %s, want %s", p.Log(), want)
		}
	}
	file := strings.Split(p.Log(), `"`)[7]
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) || !strings.HasSuffix(file, ".yaml") {
		t.Errorf("the settings file %s: got %v, want that it is removed", file, err)
	}
}

func TestServerThatIgnoresSIGTERMIsKilled(t *testing.T) {
	cfg := config(t, "ignore", nil)
	cfg.ExitWithin = 50 * time.Millisecond
	p := start(t, cfg)
	if err := p.Stop(); err == nil || !strings.Contains(err.Error(), "was killed") {
		t.Errorf("got %v, want that it was killed", err)
	}
	exited(t, p)
}

func TestServerThatStopsWithAnError(t *testing.T) {
	p := start(t, config(t, "fail", nil))
	if err := p.Stop(); err == nil || !strings.Contains(err.Error(), "stopped with exit status 3") {
		t.Errorf("got %v, want its exit status", err)
	}
}

// A server that crashes ends the context of those who use it, and stopping it is no error.
func TestServerThatCrashes(t *testing.T) {
	p := start(t, config(t, "crash", nil))
	ctx, release := p.WhileRunning(t.Context())
	defer release()
	select {
	case <-ctx.Done():
	case <-time.After(hang):
		t.Fatal("the context did not end with the server")
	}
	if want := "the server exited by itself (exit status 7); the end of its log:\n  out of memory"; p.Err() == nil || p.Err().Error() != want {
		t.Errorf("got %v, want %s", p.Err(), want)
	}
	if err := p.Stop(); err != nil {
		t.Errorf("stopping: %v", err)
	}
}

func TestServerThatDoesNotGetReady(t *testing.T) {
	for _, test := range []struct {
		name, kind string
		within     time.Duration
		want       string
	}{
		{"exits", "refuse", hang,
			"the server exited before it was ready (exit status 1); the end of its log:\n  crossrank serve: no such model"},
		{"prints something else", "babble", hang, `the server printed "hello" instead of its addresses`},
		{"takes too long", "dawdle", 300 * time.Millisecond, "the server was not ready within 300ms"},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg := config(t, test.kind, nil)
			cfg.ReadyWithin = test.within
			_, err := Start(t.Context(), cfg)
			if err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestServerWhoseProgramIsMissing(t *testing.T) {
	_, err := Start(t.Context(), Config{Program: "/nonexistent/crossrank"})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want that the file does not exist", err)
	}
}

func TestCanceledWhileTheServerStarts(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cfg := config(t, "dawdle", nil)
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, err := Start(ctx, cfg); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was cancelled", err)
	}
	if _, err := Start(ctx, cfg); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that had ended: got %v, want that it was cancelled", err)
	}
}

func TestExternal(t *testing.T) {
	p := External()
	ctx, release := p.WhileRunning(t.Context())
	if p.Err() != nil || p.Stop() != nil || !p.External() || ctx.Err() != nil {
		t.Errorf("an external server: %v, %v, external %t, context %v", p.Err(), p.Stop(), p.External(), ctx.Err())
	}
	release()
	if ctx.Err() == nil {
		t.Error("the context is still there after its release")
	}
}

// exited fails unless the server's process has been waited for.
func exited(t *testing.T, p *Process) {
	t.Helper()
	if err := p.process.Signal(syscall.Signal(0)); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("the server's process is still there: %v", err)
	}
}

func TestLogTail(t *testing.T) {
	l := logTail{keep: shownBytes}
	for i := range 1000 {
		fmt.Fprintf(&l, "line %d\n", i)
	}
	got := l.String()
	if len(got) > 2*shownBytes || !strings.HasSuffix(got, "  line 998\n  line 999") {
		t.Errorf("got %d bytes that end in %q, want about %d that end in the last lines", len(got), got[len(got)-30:], shownBytes)
	}
	l = logTail{keep: 8}
	io.WriteString(&l, "12345")
	io.WriteString(&l, "67890")
	if got := l.text(); got != "34567890" {
		t.Errorf("got %q, want the last eight bytes", got)
	}
}

func TestFirstLine(t *testing.T) {
	var rest bytes.Buffer
	f := &firstLine{line: make(chan string, 1), rest: &rest}
	for _, part := range []string{"one", " line\ntwo\n", "three\n"} {
		if n, err := io.WriteString(f, part); n != len(part) || err != nil {
			t.Errorf("writing %q: %d and %v", part, n, err)
		}
	}
	if got := <-f.line; got != "one line" || rest.String() != "two\nthree\n" {
		t.Errorf("the first line is %q, the rest %q", got, rest.String())
	}
}
