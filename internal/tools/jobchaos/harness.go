package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/crossrank/crossrank/internal/machine"
	"github.com/crossrank/crossrank/internal/outfile"
	"github.com/crossrank/crossrank/internal/tinymodel"
)

// harness is what both suites have in common: a directory with the model and the input, and the
// record that is being made.
type harness struct {
	options
	log    io.Writer
	dir    string // removed at the end
	record record
}

func newHarness(ctx context.Context, suite string, o options, log io.Writer) (*harness, error) {
	program, err := filepath.Abs(o.program)
	if err != nil {
		return nil, err
	}
	version, err := exec.CommandContext(ctx, program, "version").Output()
	if err != nil {
		return nil, fmt.Errorf("asking %s for its version, which make build makes: %w", program, err)
	}
	h := &harness{options: o, log: log}
	h.program = program
	h.record = record{Suite: suite, Rows: o.rows, Run: run{
		Date: time.Now().UTC().Truncate(time.Second), Command: o.command, Machine: machine.Here(),
		Version: strings.TrimSpace(strings.TrimPrefix(string(version), "crossrank ")),
	}}
	if h.dir, err = os.MkdirTemp(o.dir, "crossrank-jobchaos-"); err != nil {
		return nil, err
	}
	if err := tinymodel.Write(h.path("model")); err != nil {
		return nil, errors.Join(err, h.close())
	}
	return h, nil
}

func (h *harness) close() error { return os.RemoveAll(h.dir) }

func (h *harness) path(name string) string { return filepath.Join(h.dir, name) }

func (h *harness) say(format string, args ...any) {
	fmt.Fprintf(h.log, "%s %s\n", time.Now().Format("15:04:05"), fmt.Sprintf(format, args...))
}

// pairs writes the input: n short pairs with passages of some words.
func (h *harness) pairs(n, length int) (err error) {
	f, err := outfile.Create(h.path("pairs.jsonl"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	words := strings.Fields("paris is the capital of france what rome a city how tall berlin italy germany")
	random := rand.New(rand.NewPCG(1, 2))
	word := func() string { return words[random.IntN(len(words))] }
	b := bufio.NewWriterSize(f, 1<<20)
	for range n {
		fmt.Fprintf(b, `{"query": "%s %s", "passage": "%s`, word(), word(), word())
		for range length - 1 {
			b.WriteByte(' ')
			b.WriteString(word())
		}
		b.WriteString("\"}\n")
	}
	if err := b.Flush(); err != nil {
		return err
	}
	return f.Commit()
}

// submit submits the input, some times over, to a folder.
func (h *harness) submit(ctx context.Context, folder string, times int) (*process, error) {
	args := []string{"job", "submit", "-m", h.path("model"), "-o", folder, "--shard-rows", fmt.Sprint(h.shardRows)}
	for range times {
		args = append(args, "-i", h.path("pairs.jsonl"))
	}
	if h.redeliver > 0 {
		args = append(args, "--redeliver-after", h.redeliver.String())
	}
	p, err := h.start(exec.Command(h.program, args...), "submit.log")
	if err != nil {
		return nil, err
	}
	return p, p.wait(ctx)
}

// token is what workers show to the queue, which other machines might reach.
const token = "CROSSRANK_QUEUE_TOKEN=jobchaos"

// queue starts a queue and waits until it is ready. It keeps its streams in the directory.
func (h *harness) queue(listen string) (p *process, url string, err error) {
	cmd := exec.Command(h.program, "job", "queue", "--listen", listen, "--dir", h.path("queue"))
	cmd.Env = append(os.Environ(), token)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	if p, err = h.start(cmd, "queue.log"); err != nil {
		return nil, "", err
	}
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	var ready struct{ Queue string }
	if err == nil {
		err = json.Unmarshal(line, &ready)
	}
	if err != nil {
		p.kill()
		return nil, "", fmt.Errorf("the queue did not start: %w: %s", err, p.tail())
	}
	return p, ready.Queue, nil
}
