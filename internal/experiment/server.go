package experiment

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// serverConfig says how a server is started. Program and Args are required.
type serverConfig struct {
	Program string
	Args    []string
	Log     io.Writer     // its standard error, and its standard output after the first line; nil for nowhere
	Yields  bool          // has less priority than this process, whose generator has times to keep on the cores that it uses
	Within  time.Duration // to become ready
	Grace   time.Duration // to exit after it was asked to
}

// server is a crossrank server in a process of its own. Whoever starts one must stop it. One that runs elsewhere has no
// process, and is never seen to end.
type server struct {
	addresses
	process *os.Process
	grace   time.Duration
	out     *output
	last    *lastWords
	exited  chan struct{} // closed once the process is gone; err is set before
	err     error
}

// addresses is the line that a server prints on standard output when it is ready.
type addresses struct {
	GRPC  string `json:"grpc"`
	HTTP  string `json:"http"`
	Model string `json:"model"`
}

// startServer starts a server and waits until it is ready. If it does not get there, because it exits, takes too long or
// ctx ends, no process is left, and the error holds the last that it said.
func startServer(ctx context.Context, cfg serverConfig) (*server, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s := &server{
		grace:  cfg.Grace,
		last:   &lastWords{to: cfg.Log},
		exited: make(chan struct{}),
	}
	s.out = &output{first: make(chan string, 1), rest: s.last}
	cmd := exec.Command(cfg.Program, cfg.Args...)
	cmd.Stdout, cmd.Stderr = s.out, s.last
	cmd.WaitDelay = time.Second // for what it started itself and left behind with our pipes
	cmd.SysProcAttr = ownProcess()
	if err := s.start(cmd, cfg.Yields); err != nil {
		return nil, fmt.Errorf("starting the server: %w", err)
	}
	if err := s.awaitReady(ctx, cfg.Within); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

// start starts and waits for the process on a thread of its own: Linux ends a child as ownProcess asks when the thread
// that started it ends, and this one lasts as long as the child. It is not given back, since it may have given way.
func (s *server) start(cmd *exec.Cmd, yields bool) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		if yields {
			giveWay()
		}
		err := cmd.Start()
		started <- err
		if err == nil {
			s.err = cmd.Wait()
			close(s.exited)
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	s.process = cmd.Process
	return nil
}

func (s *server) awaitReady(ctx context.Context, within time.Duration) error {
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case line := <-s.out.first:
		if err := json.Unmarshal([]byte(line), &s.addresses); err != nil || s.GRPC == "" || s.HTTP == "" {
			return fmt.Errorf("the server printed %q instead of its addresses%s", line, s.last)
		}
		return nil
	case <-s.exited:
		return fmt.Errorf("the server ended before it was ready (%s)%s", describe(s.err), s.last)
	case <-timer.C:
		return fmt.Errorf("the server was not ready within %v%s", within, s.last)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// failure is why the server is gone, or nil while it runs.
func (s *server) failure() error {
	select {
	case <-s.exited:
		return fmt.Errorf("the server ended by itself (%s)%s", describe(s.err), s.last)
	default:
		return nil
	}
}

// during gives a context that ends with ctx, or when the server is gone. Call release when done with it.
func (s *server) during(ctx context.Context) (_ context.Context, release func()) {
	ctx, cancel := context.WithCancel(ctx)
	var watching sync.WaitGroup
	watching.Go(func() {
		select {
		case <-s.exited:
			cancel()
		case <-ctx.Done():
		}
	})
	return ctx, func() {
		cancel()
		watching.Wait()
	}
}

// stop asks the server to exit, waits, kills it after its grace, and waits again. Stopping one that is gone does nothing.
// It reports a server that had to be killed.
func (s *server) stop() error {
	if s.process == nil {
		return nil
	}
	select {
	case <-s.exited:
		return nil
	default:
	}
	if err := s.process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		s.process.Kill() // this system has no such signal
	}
	timer := time.NewTimer(s.grace)
	defer timer.Stop()
	select {
	case <-s.exited:
		return nil
	case <-timer.C:
	}
	s.process.Kill()
	<-s.exited
	return fmt.Errorf("the server did not exit within %v and was killed%s", s.grace, s.last)
}

func describe(err error) string {
	if err == nil {
		return "exit status 0"
	}
	return err.Error()
}

// output hands on the first line written to it, and passes everything after that line to rest.
type output struct {
	first chan string // holds one
	rest  io.Writer

	mu    sync.Mutex
	line  strings.Builder
	ended bool // the first line is complete
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ended {
		return o.rest.Write(b)
	}
	line, rest, found := strings.Cut(string(b), "\n")
	o.line.WriteString(line)
	if found {
		o.ended = true
		o.first <- o.line.String()
		if _, err := o.rest.Write([]byte(rest)); err != nil {
			return 0, err
		}
	}
	return len(b), nil
}

// lastWords keeps the end of what is written to it, for error messages, and copies everything to another writer.
type lastWords struct {
	to io.Writer // may be nil

	mu   sync.Mutex
	kept []byte
}

const keptBytes = 2048

func (l *lastWords) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kept = append(l.kept, b...)
	if extra := len(l.kept) - keptBytes; extra > 0 {
		l.kept = append(l.kept[:0], l.kept[extra:]...)
	}
	if l.to != nil {
		return l.to.Write(b)
	}
	return len(b), nil
}

// String is empty, or ready to be put behind a message.
func (l *lastWords) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	said := strings.TrimSpace(string(l.kept))
	if said == "" {
		return ""
	}
	return "; the last that it said:\n  " + strings.ReplaceAll(said, "\n", "\n  ")
}
