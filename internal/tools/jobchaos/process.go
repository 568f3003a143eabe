package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync/atomic"
	"time"

	"github.com/crossrank/crossrank/internal/procstat"
)

// process is a process that runs, with its largest memory.
type process struct {
	cmd      *exec.Cmd
	log      string
	ended    chan struct{} // closed when it has ended
	err      error         // how it ended; set before ended is closed
	resident atomic.Int64  // largest seen, in bytes
}

// start starts a process whose log is appended to a file.
func (h *harness) start(cmd *exec.Cmd, log string) (*process, error) {
	f, err := os.OpenFile(h.path(log), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
	if err != nil {
		return nil, err
	}
	defer f.Close() // the process has its own descriptor
	cmd.Stderr = f
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, log: f.Name(), ended: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.ended)
	}()
	go p.watch()
	return p, nil
}

// watch follows the memory of the process until it ends.
func (p *process) watch() {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		if r := procstat.Resident(p.cmd.Process.Pid); r != nil {
			p.resident.Store(max(p.resident.Load(), *r))
		}
		select {
		case <-p.ended:
			return
		case <-tick.C:
		}
	}
}

// kill kills the process and waits for its end.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.ended
}

// wait waits for the end of the process, and kills it if ctx ends first.
func (p *process) wait(ctx context.Context) error {
	select {
	case <-p.ended:
	case <-ctx.Done():
		p.kill()
		return context.Cause(ctx)
	}
	if p.err != nil {
		return fmt.Errorf("%s ended with %w: %s", p.cmd, p.err, p.tail())
	}
	return nil
}

// running reports whether the process has not ended.
func (p *process) running() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// cpu is the processor time of a process that has ended.
func (p *process) cpu() time.Duration {
	return p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()
}

// tail is the end of the log.
func (p *process) tail() string {
	text, err := os.ReadFile(p.log)
	return string(text[max(0, len(text)-2000):]) + errorText(err)
}

func errorText(err error) string {
	if err == nil || errors.Is(err, os.ErrNotExist) {
		return ""
	}
	return err.Error()
}
