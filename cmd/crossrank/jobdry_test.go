package main

import (
	"bufio"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/job"
	"github.com/crossrank/crossrank/internal/queue"
	"github.com/crossrank/crossrank/internal/rows"
	"github.com/crossrank/crossrank/internal/scorertest"
)

// TestDryJob runs a job whose scores cost nothing: what is left is the machinery of submitter,
// queue and worker. JOB_DRY_ROWS makes it longer. It logs the speed of each, and fails if the
// memory grows with the rows.
func TestDryJob(t *testing.T) {
	n := fromEnv(t, "JOB_DRY_ROWS", 20_000)
	dir := t.TempDir()
	path := filepath.Join(dir, "pairs.jsonl")
	writeDryRows(t, path, n)
	heap := watchHeap(t)

	started := time.Now()
	j, err := job.Submit(t.Context(), job.Spec{
		Folder: filepath.Join(dir, "out"), Inputs: []string{path}, Query: "query", Passage: "passage",
		Kind: rows.Kind{Format: rows.JSONL}, ShardRows: 10_000, RedeliverAfter: time.Minute,
		Model: job.Model{Name: "fake", Weights: "none", ScoreType: crossrank.Probability},
	})
	if err != nil {
		t.Fatal(err)
	}
	submitted := time.Since(started)

	server, err := queue.Serve(queue.ServerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	conn, err := server.Connect()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	q, err := queue.New(conn, queueOptions(j, slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	started = time.Now()
	w := &job.Worker{Job: j, Scorer: &scorertest.Fake{}, Source: tasks{q}, Parallel: 2, Log: slog.New(slog.DiscardHandler)}
	if err := w.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	worked := time.Since(started)
	s, err := j.Status(t.Context())
	if err != nil || !s.Complete() || s.RowsFinished != int64(n) {
		t.Fatalf("the job is not complete: %+v, %v", s, err)
	}
	most := heap()
	t.Logf("%d rows in %d shards: submitted at %.0f rows/s, worked at %.0f rows/s, heap of all three at most %d MiB",
		n, s.Shards, float64(n)/submitted.Seconds(), float64(n)/worked.Seconds(), most>>20)
	if limit := uint64(256 << 20); most > limit {
		t.Errorf("the heap grew to %d MiB, want at most %d", most>>20, limit>>20)
	}
}

func writeDryRows(t *testing.T, path string, n int) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	b := bufio.NewWriter(f)
	for i := range n {
		fmt.Fprintf(b, "{\"query\": \"query %d\", \"passage\": \"passage %d\"}\n", i%100, i)
	}
	if err := b.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// watchHeap samples the heap until most is called, which gives the largest sample.
func watchHeap(t *testing.T) (most func() uint64) {
	quit, ended := make(chan struct{}), make(chan struct{})
	var largest uint64
	go func() {
		defer close(ended)
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			largest = max(largest, m.HeapInuse)
			select {
			case <-quit:
				return
			case <-tick.C:
			}
		}
	}()
	stop := sync.OnceFunc(func() { close(quit); <-ended })
	t.Cleanup(stop)
	return func() uint64 { stop(); return largest }
}
