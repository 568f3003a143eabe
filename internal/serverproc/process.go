// Package serverproc runs a crossrank server as a separate process, for programs that measure
// one.
//
// [Start] writes the server's settings to a temporary file, starts the server on free ports of the
// loopback interface, and waits until it prints its addresses, which it does once it is ready. From
// then on the [Process] says where the server listens, whether it still runs ([Process.Err]), the
// last lines of its log, and what it uses ([Process.Metrics], [Process.Resident]). [Process.Stop]
// ends it in order with SIGTERM, and kills it if that takes too long.
//
// A measurement can also be of a server that runs already. [External] stands for one, so that a
// caller treats both alike: it never exits, and stopping it does nothing.
package serverproc

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"
)

// loopback is a free port of the loopback interface.
const loopback = "127.0.0.1:0"

// Config says how a server is started. The zero value works.
type Config struct {
	// Program is the crossrank program; empty means the one that runs.
	Program string

	// Settings is the text of the server's settings file.
	Settings []byte

	// Within is a command that runs the program, such as ip netns exec NAME, before the program's
	// name; empty means none. It must become the program, by exec.
	Within []string

	// GRPCAddr is where the server listens for gRPC; empty means a free port of the loopback
	// interface.
	GRPCAddr string

	// HTTPAddr is where the server listens for HTTP; empty means a free port of the loopback
	// interface.
	HTTPAddr string

	// Admin has the server listen for metrics and profiles, too.
	Admin bool

	// Env is the server's environment; nil means that of this process.
	Env []string

	// Log gets the server's standard error, and its standard output after the first line; nil
	// discards them.
	Log io.Writer

	// KeepLog is how many of the last bytes of the log [Process.Log] returns; 0 means 2048.
	KeepLog int

	// LowPriority gives the server less priority than this process, whose load generator keeps a
	// schedule on the same cores. Only Linux can do that.
	LowPriority bool

	// ReadyWithin is the time to become ready; 0 means 2 minutes.
	ReadyWithin time.Duration

	// ExitWithin is the time to exit after SIGTERM; 0 means 15 seconds.
	ExitWithin time.Duration
}

// Addresses is the line that a server prints on standard output when it is ready.
type Addresses struct {
	GRPC  string `json:"grpc"`
	HTTP  string `json:"http"`
	Admin string `json:"admin"` // empty without [Config.Admin]
	Model string `json:"model"`
}

// Process is a server that was started. The caller must stop it. Its methods are safe for
// concurrent use.
type Process struct {
	Addresses

	process *os.Process
	grace   time.Duration
	log     *logTail
	exited  chan struct{} // closed when the process has exited; err is set before
	err     error
}

// External returns a Process for a server that this program did not start.
func External() *Process { return &Process{exited: make(chan struct{})} }

// Start starts a server and waits until it is ready. If the server exits, takes too long, or ctx
// ends before, no process is left, and the error holds the end of its log.
func Start(ctx context.Context, cfg Config) (*Process, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	cmd, remove, err := cfg.command()
	if err != nil {
		return nil, err
	}
	defer remove() // a server that is ready has read its settings
	p := &Process{
		grace:  cmp.Or(cfg.ExitWithin, 15*time.Second),
		log:    &logTail{to: cfg.Log, keep: cmp.Or(cfg.KeepLog, shownBytes)},
		exited: make(chan struct{}),
	}
	out := &firstLine{line: make(chan string, 1), rest: p.log}
	cmd.Stdout, cmd.Stderr = out, p.log
	if err := p.start(cmd, cfg.LowPriority); err != nil {
		return nil, fmt.Errorf("starting the server: %w", err)
	}
	if err := p.awaitReady(ctx, out.line, cmp.Or(cfg.ReadyWithin, 2*time.Minute)); err != nil {
		return nil, errors.Join(err, p.Stop())
	}
	return p, nil
}

// command returns the command that starts the server. The caller calls remove when the server has
// read its settings.
func (c *Config) command() (cmd *exec.Cmd, remove func(), err error) {
	program := c.Program
	if program == "" {
		if program, err = os.Executable(); err != nil {
			return nil, nil, fmt.Errorf("finding this program, to start a server with: %w", err)
		}
	}
	file, err := writeSettings(c.Settings)
	if err != nil {
		return nil, nil, fmt.Errorf("writing the server's settings: %w", err)
	}
	args := []string{"serve", "--config", file, "--grpc-addr", cmp.Or(c.GRPCAddr, loopback),
		"--http-addr", cmp.Or(c.HTTPAddr, loopback)}
	if c.Admin {
		args = append(args, "--pprof", "--admin-addr", loopback)
	}
	argv := slices.Concat(c.Within, []string{program}, args)
	cmd = exec.Command(argv[0], argv[1:]...)
	cmd.Env = c.Env
	cmd.WaitDelay = time.Second // for processes that the server started and left behind with its output
	cmd.SysProcAttr = ownGroup()
	return cmd, func() { os.Remove(file) }, nil
}

func writeSettings(text []byte) (file string, err error) {
	f, err := os.CreateTemp("", "crossrank-*.yaml")
	if err != nil {
		return "", err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}

// start starts the process and waits for its end on its own thread. Linux ends a child as
// ownGroup asks when the thread that started it ends, so this one lasts as long as the child. The
// thread is not given back to the runtime, since it may have a lower priority by then.
func (p *Process) start(cmd *exec.Cmd, lowPriority bool) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		if lowPriority {
			lowerPriority()
		}
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
			close(p.exited)
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	p.process = cmd.Process
	return nil
}

func (p *Process) awaitReady(ctx context.Context, first <-chan string, within time.Duration) error {
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case line := <-first:
		if err := json.Unmarshal([]byte(line), &p.Addresses); err != nil || p.GRPC == "" || p.HTTP == "" {
			return fmt.Errorf("the server printed %q instead of its addresses%s", line, p.log)
		}
		return nil
	case <-p.exited:
		return fmt.Errorf("the server exited before it was ready (%s)%s", exitStatus(p.err), p.log)
	case <-timer.C:
		return fmt.Errorf("the server was not ready within %v%s", within, p.log)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// External reports whether the server was not started by this program.
func (p *Process) External() bool { return p.process == nil }

// Exited returns a channel that is closed when the process has exited.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Err returns why the server exited, or nil while it runs.
func (p *Process) Err() error {
	select {
	case <-p.exited:
		return fmt.Errorf("the server exited by itself (%s)%s", exitStatus(p.err), p.log)
	default:
		return nil
	}
}

// Log returns the end of the server's log, as much as [Config.KeepLog] says.
func (p *Process) Log() string { return p.log.text() }

// WhileRunning returns a context that ends with ctx, or when the server exits. The caller calls
// release when done with it.
func (p *Process) WhileRunning(ctx context.Context) (_ context.Context, release func()) {
	ctx, cancel := context.WithCancel(ctx)
	var watching sync.WaitGroup
	watching.Go(func() {
		select {
		case <-p.exited:
			cancel()
		case <-ctx.Done():
		}
	})
	return ctx, func() {
		cancel()
		watching.Wait()
	}
}

// Stop asks the server to exit, waits, kills it when its time is over, and waits again. It returns
// an error if the server had to be killed or exited with a status other than 0. Stopping a server
// that has exited already does nothing; [Process.Err] says how it ended.
func (p *Process) Stop() error {
	if p.process == nil || p.Err() != nil {
		return nil
	}
	if err := p.process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		_ = p.process.Kill() // this system has no such signal
		<-p.exited
		return nil
	}
	timer := time.NewTimer(p.grace)
	defer timer.Stop()
	select {
	case <-p.exited:
		if p.err != nil {
			return fmt.Errorf("the server stopped with %s%s", exitStatus(p.err), p.log)
		}
		return nil
	case <-timer.C:
	}
	_ = p.process.Kill()
	<-p.exited
	return fmt.Errorf("the server did not exit within %v of SIGTERM and was killed%s", p.grace, p.log)
}

// Signal sends a signal to the server.
func (p *Process) Signal(s os.Signal) error { return p.process.Signal(s) }

func exitStatus(err error) string {
	if err == nil {
		return "exit status 0"
	}
	return err.Error()
}
