// Command crossrank scores (query, passage) pairs with a cross-encoder, serves the scores over gRPC
// and HTTP, and measures itself.
//
// Every subcommand is a file. It turns flags into the options of a package, calls that package and
// prints the result. Results go to standard output, messages for people to standard error. The exit
// code is 0 on success, 1 on failure and 2 for a wrong command line.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"

	"github.com/spf13/cobra"
)

const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	ctx := untilSignal()

	// Asking for SIGPIPE turns a write to a closed pipe into an error, so that a command can stop
	// its own children first. (They would inherit an ignored signal.)
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)

	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// untilSignal gives a context that the first signal ends, so that the work ends in order. A second
// one kills the process: signals have their own effect again before the context is done.
func untilSignal() context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		first := <-signals
		signal.Stop(signals)
		cancel(interruption{first})
	}()
	return ctx
}

// interruption is the cause of a context that a signal ended; it is a [context.Canceled] too.
type interruption struct{ os.Signal }

func (i interruption) Error() string { return i.String() + " signal received" }

func (interruption) Is(target error) bool { return target == context.Canceled }

// run is the whole program: it runs the command that args name and returns the exit code. A command
// stops soon after ctx is done.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := newRootCommand()
	root.SetArgs(append([]string{}, args...)) // never nil, which cobra would take for os.Args
	root.SetIn(stdin)
	out := &outputPipe{w: stdout}
	root.SetOut(out)
	root.SetErr(stderr)

	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		err = out.failure() // of a writer that did not look, such as that of help
	}
	if err == nil {
		return exitOK
	}
	if errors.Is(err, errPipeClosed) {
		return exitOK // the reader of the output, such as head, has closed the pipe
	}
	if _, _, unknown := root.Find(args); unknown != nil {
		err = usageError("%w", unknownCommand(root, args))
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = errors.New("interrupted")
	}
	fmt.Fprintf(stderr, "%s: %v\n", cmd.CommandPath(), err)
	if _, ok := errors.AsType[*wrongUsage](err); ok {
		fmt.Fprintf(stderr, "Run '%s --help' for usage.\n", cmd.CommandPath())
		return exitUsage
	}
	return exitFailed
}

// wrongUsage is an error in the command line itself. It ends the program with exit code 2 and a
// pointer to the help.
type wrongUsage struct{ err error }

func (e *wrongUsage) Error() string { return e.err.Error() }
func (e *wrongUsage) Unwrap() error { return e.err }

// usageError makes the error that a command returns when its flags or arguments are wrong.
func usageError(format string, args ...any) error {
	return &wrongUsage{fmt.Errorf(format, args...)}
}

// errPipeClosed is the error of a write to standard output after its reader closed it. A command
// returns it, wrapped or not, like any other error; run then ends without a message.
var errPipeClosed = errors.New("standard output is closed")

// outputPipe is standard output. It distinguishes its own broken pipe from every other, such as
// that of a connection, and remembers the first write that failed.
type outputPipe struct {
	w      io.Writer
	failed atomic.Pointer[error]
}

func (p *outputPipe) Write(b []byte) (int, error) {
	n, err := p.w.Write(b)
	if errors.Is(err, syscall.EPIPE) {
		err = errPipeClosed
	}
	if err != nil {
		p.failed.CompareAndSwap(nil, &err)
	}
	return n, err
}

// failure is the error of the first write that failed, or nil.
func (p *outputPipe) failure() error {
	if err := p.failed.Load(); err != nil {
		return fmt.Errorf("writing to standard output: %w", *err)
	}
	return nil
}

// unknownCommand names the word of args that is no command, and the nearest commands.
func unknownCommand(root *cobra.Command, args []string) error {
	_, rest, _ := root.Find(args)
	if len(rest) == 0 {
		return errors.New("unknown command")
	}
	return unknownWord(root, rest[0])
}
