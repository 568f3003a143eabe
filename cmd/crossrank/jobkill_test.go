package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crossrank/crossrank/internal/job"
	"github.com/crossrank/crossrank/internal/tinymodel"
)

// killedJob is a job whose workers and queue are processes of their own.
type killedJob struct {
	t       *testing.T
	dir     string
	folder  string
	queue   string // its URL
	server  *exec.Cmd
	workers []*exec.Cmd
	logs    []*bytes.Buffer
}

// TestKilledJob kills workers and the queue at random, with SIGKILL, and removes what the queue has
// stored: the output is that of one process. JOB_KILLS and JOB_ROWS set how often and of how many
// rows.
func TestKilledJob(t *testing.T) {
	kills, rows := fromEnv(t, "JOB_KILLS", 8), fromEnv(t, "JOB_ROWS", 40_000)
	if testing.Short() {
		kills, rows = 4, 10_000
	}
	k := &killedJob{t: t, dir: t.TempDir()}
	k.folder = filepath.Join(k.dir, "out")
	k.prepare(rows)
	want := k.output("score", "-m", "model", "-i", "pairs.jsonl")
	k.output("job", "submit", "-m", "model", "-i", "pairs.jsonl", "-o", "out", "--shard-rows", "500", "--redeliver-after", "1s")

	k.startQueue("127.0.0.1:0")
	for i := range 3 {
		k.workers = append(k.workers, nil)
		k.logs = append(k.logs, new(bytes.Buffer))
		k.startWorker(i)
	}
	started := time.Now()
	rnd := rand.New(rand.NewPCG(uint64(rows), uint64(kills)))
	done := 0
	for ; done < kills && !k.complete(); done++ {
		// The sleep spreads the kills over the job; how long it is decides nothing.
		time.Sleep(time.Duration(rnd.IntN(200)) * time.Millisecond)
		switch i := rnd.IntN(4); {
		case i < 3:
			k.killWorker(i)
		case rnd.IntN(2) == 0:
			k.restartQueue(false)
		default:
			k.restartQueue(true)
		}
	}
	for i, w := range k.workers {
		if err := waitFor(w); err != nil {
			t.Errorf("worker %d ended with %v: %s", i, err, k.logs[i])
		}
	}
	took := time.Since(started)
	if got := k.parts(); !bytes.Equal(got, want) {
		t.Errorf("after %d kills the output has %d bytes and differs from that of one process, %d bytes", done, len(got), len(want))
	}
	t.Logf("%d kills, %d rows, %v", done, rows, took.Round(time.Millisecond))
	if done < kills {
		t.Logf("the job was complete after %d of %d kills; JOB_ROWS makes it longer", done, kills)
	}
}

func fromEnv(t *testing.T, name string, usual int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// prepare writes the model and the pairs.
func (k *killedJob) prepare(rows int) {
	k.t.Helper()
	if err := tinymodel.Write(filepath.Join(k.dir, "model")); err != nil {
		k.t.Fatal(err)
	}
	words := strings.Fields("paris is the capital of france what rome a city how tall")
	rnd := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	for range rows {
		fmt.Fprintf(&b, "{\"query\": \"%s %s\", \"passage\": \"%s %s %s\"}\n", pick(rnd, words), pick(rnd, words),
			pick(rnd, words), pick(rnd, words), pick(rnd, words))
	}
	if err := os.WriteFile(filepath.Join(k.dir, "pairs.jsonl"), b.Bytes(), 0o666); err != nil {
		k.t.Fatal(err)
	}
}

func pick(rnd *rand.Rand, words []string) string { return words[rnd.IntN(len(words))] }

// output runs a command to its end.
func (k *killedJob) output(args ...string) []byte {
	k.t.Helper()
	cmd := exec.Command("crossrank", args...)
	cmd.Dir = k.dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		k.t.Fatalf("crossrank %q: %v: %s", args, err, &stderr)
	}
	return out
}

// startQueue starts the queue and waits for its address.
func (k *killedJob) startQueue(listen string) {
	k.t.Helper()
	cmd := exec.Command("crossrank", "job", "queue", "--listen", listen, "--dir", filepath.Join(k.dir, "queue"))
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		k.t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	k.start(cmd)
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	var ready struct{ Queue string }
	if err == nil {
		err = json.Unmarshal(line, &ready)
	}
	if err != nil {
		k.t.Fatalf("the queue did not start: %v, %s", err, &stderr)
	}
	k.queue, k.server = ready.Queue, cmd
}

func (k *killedJob) start(cmd *exec.Cmd) {
	k.t.Helper()
	if err := cmd.Start(); err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(func() {
		_ = cmd.Process.Kill() // unless it has ended
		_ = cmd.Wait()
	})
}

func (k *killedJob) startWorker(i int) {
	cmd := exec.Command("crossrank", "job", "work", k.folder, "--queue", k.queue, "--threads", "1")
	cmd.Stderr = k.logs[i]
	k.start(cmd)
	k.workers[i] = cmd
}

func (k *killedJob) killWorker(i int) {
	_ = k.workers[i].Process.Kill() // it may have ended
	_ = k.workers[i].Wait()
	k.startWorker(i)
}

// restartQueue kills the queue and starts it again at its address, with or without what it stored.
func (k *killedJob) restartQueue(lose bool) {
	k.t.Helper()
	_ = k.server.Process.Kill()
	_ = k.server.Wait()
	if lose {
		if err := os.RemoveAll(filepath.Join(k.dir, "queue")); err != nil {
			k.t.Fatal(err)
		}
	}
	k.startQueue(strings.TrimPrefix(k.queue, "nats://"))
}

// complete reports whether the job needs no worker any more.
func (k *killedJob) complete() bool {
	k.t.Helper()
	j, err := job.Open(k.t.Context(), k.folder)
	if err != nil {
		k.t.Fatal(err)
	}
	open, err := j.Unfinished(k.t.Context())
	if err != nil {
		k.t.Fatal(err)
	}
	return len(open) == 0
}

// parts is all parts in their order.
func (k *killedJob) parts() (all []byte) {
	k.t.Helper()
	names, err := filepath.Glob(filepath.Join(k.folder, "part-*.jsonl"))
	if err != nil {
		k.t.Fatal(err)
	}
	for _, name := range names { // sorted by Glob
		text, err := os.ReadFile(name)
		if err != nil {
			k.t.Fatal(err)
		}
		all = append(all, text...)
	}
	return all
}

// waitFor waits for a process, not forever.
func waitFor(cmd *exec.Cmd) error {
	kill := sync.OnceFunc(func() { _ = cmd.Process.Kill() })
	stuck := time.AfterFunc(patience, kill)
	defer stuck.Stop()
	return cmd.Wait()
}
