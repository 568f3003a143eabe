package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/crossrank/crossrank/client"
)

// process is a server that runs.
type process struct {
	grpc, http, admin string // addresses
	cmd               *exec.Cmd
	log               *tail
	exited            chan struct{}
	err               error // of its end; read it after exited is closed
	remove            func()
}

// startWithin bounds the start of a server, stopWithin its end: its own grace is shorter.
const (
	startWithin = 30 * time.Second
	stopWithin  = 60 * time.Second
)

// shortHistory is how far back servers remember their own samples. Remembering takes memory until that time is full, which
// in the two hours of the default would hide what grows for ever.
const shortHistory = time.Minute

// settings are those of a server. Pairs that come again are computed again, for the callers' data is finite.
func (b *bench) settings(queueAge time.Duration) string {
	return fmt.Sprintf("model_pool: {instances: [{threads: %d}]}\ncache: {coalesce: false}\nbatching: {max_queue_age_ms: %d}\n"+
		"server: {history: %v}\n", b.threads, queueAge.Milliseconds(), shortHistory)
}

// queueAge is how much may wait for servers that are to keep the objective: two fifths of it. What is admitted waits for
// the batch before it, which can be as long as all that the queue may hold, and then runs in one that can be so too, and a
// fifth is left for everything else.
func (b *bench) queueAge() time.Duration { return 2 * b.objective / 5 }

// patient is the bound of servers that are to refuse nothing.
const patient = time.Minute

// start starts a server on free ports and waits until it is ready.
func (b *bench) start(ctx context.Context, queueAge time.Duration) (*process, error) {
	dir, remove, err := scratch()
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "settings.yaml")
	if err := os.WriteFile(file, []byte(b.settings(queueAge)), 0o666); err != nil {
		return nil, err
	}
	const free = "127.0.0.1:0"
	cmd := exec.Command(b.program, "serve", "--config", file, "--pprof", "--grpc-addr", free, "--http-addr", free, "--admin-addr", free)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "CROSSRANK_") })
	cmd.SysProcAttr = ownGroup()
	p := &process{cmd: cmd, log: &tail{max: 1 << 20}, exited: make(chan struct{}), remove: remove}
	cmd.Stderr = p.log
	stdout, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer stdout.Close()
	cmd.Stdout = write
	if err := cmd.Start(); err != nil {
		write.Close()
		return nil, fmt.Errorf("starting %s: %w", b.program, err)
	}
	write.Close()
	go func() {
		p.err = cmd.Wait()
		close(p.exited)
	}()
	if err := p.awaitReady(ctx, stdout); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	return p, nil
}

// awaitReady reads the line that tells the server's addresses.
func (p *process) awaitReady(ctx context.Context, stdout io.Reader) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	line := make(chan string, 1)
	go func() {
		text, _ := bufio.NewReader(stdout).ReadString('\n') // ends when the server does
		line <- text
	}()
	select {
	case text := <-line:
		var ready struct{ GRPC, HTTP, Admin string }
		if err := json.Unmarshal([]byte(text), &ready); err != nil {
			return fmt.Errorf("the server did not get ready: %s", p.log)
		}
		p.grpc, p.http, p.admin = ready.GRPC, ready.HTTP, ready.Admin
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for the server to get ready: %w", ctx.Err())
	}
}

// stop has the server drain and waits for its end, which is in order only with an exit code of 0.
func (p *process) stop() error {
	defer p.remove()
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-p.exited:
	case <-time.After(stopWithin):
		_ = p.cmd.Process.Kill()
		<-p.exited
		return fmt.Errorf("the server did not end within %v of SIGTERM", stopWithin)
	}
	if p.err != nil {
		return fmt.Errorf("the server ended with %w: %s", p.err, p.log)
	}
	return nil
}

// alive tells what is wrong if the server has ended by itself.
func (p *process) alive() error {
	select {
	case <-p.exited:
		return fmt.Errorf("the server has ended: %w: %s", cmp.Or(p.err, errors.New("exit 0")), p.log)
	default:
		return nil
	}
}

// dial makes n clients, half of them over gRPC and half over HTTP. Close them with the returned function.
func (p *process) dial(n int, opts client.Options) (clients []*client.Client, closeAll func(), err error) {
	closeAll = func() {
		for _, c := range clients {
			c.Close()
		}
	}
	for i := range n {
		target := "grpc://" + p.grpc
		if i%2 == 1 {
			target = "http://" + p.http
		}
		c, err := client.Dial(target, opts)
		if err != nil {
			closeAll()
			return nil, nil, err
		}
		clients = append(clients, c)
	}
	return clients, closeAll, nil
}

// tail keeps the end of what is written to it. It is safe for concurrent use.
type tail struct {
	mu   sync.Mutex
	max  int
	text bytes.Buffer
}

// Write implements [io.Writer].
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text.Write(p)
	if over := t.text.Len() - t.max; over > 0 {
		t.text.Next(over)
	}
	return len(p), nil
}

// String gives the last of it, short enough for an error.
func (t *tail) String() string {
	text := t.all()
	return strings.TrimSpace(text[max(0, len(text)-1000):])
}

func (t *tail) all() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}
