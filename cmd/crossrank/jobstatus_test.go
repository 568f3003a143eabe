package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/job"
	"github.com/crossrank/crossrank/internal/queue"
	"github.com/crossrank/crossrank/internal/rows"
)

// TestJobEstimate computes cost and stragglers from what the workers say.
func TestJobEstimate(t *testing.T) {
	held := func(shard, rows int, since time.Duration) job.Held {
		return job.Held{Shard: shard, Rows: rows, Started: time.Now().Add(-since)}
	}
	r := &jobReport{Rows: 36_000, Scored: 9_000, Rate: 10, Workers: []job.State{
		// 0.1 s per row: a shard of 100 rows takes 10 s alone, and 20 s beside another.
		{Worker: "a", Cores: 3, Rows: 5000, Seconds: 500, Held: []job.Held{held(1, 100, 25*time.Second), held(2, 100, time.Minute+time.Second)}},
		{Worker: "b", Cores: 5, Rows: 5000, Seconds: 500, Held: []job.Held{held(3, 100, 25*time.Second)}},
		{Worker: "c", Cores: 2, Rows: 0, Seconds: 0, Held: []job.Held{held(4, 100, 31*time.Second)}},
	}}
	r.estimate()
	if math.Abs(r.CoreHours-10) > 1e-9 || math.Abs(r.HoursLeft-7.5) > 1e-9 {
		t.Errorf("got %v core-hours, %v left, want 10 and 7.5", r.CoreHours, r.HoursLeft)
	}
	var late []string
	for _, s := range r.Stragglers {
		late = append(late, fmt.Sprintf("%d of %s", s.Shard, s.Worker))
	}
	if got := strings.Join(late, ", "); got != "2 of a, 4 of c" {
		t.Errorf("stragglers are %s, want 2 of a and 4 of c", got)
	}
	unknown := &jobReport{Rows: 100, Workers: []job.State{{Cores: 2}}}
	if unknown.estimate(); unknown.CoreHours != 0 || unknown.Stragglers != nil {
		t.Errorf("without a rate or rows: %+v", unknown)
	}
}

// TestJobStatus asks a real queue: a worker, its straggler and a dead letter are shown.
func TestJobStatus(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "pairs.jsonl")
	if err := os.WriteFile(path, bytes.Repeat([]byte(`{"query": "q", "passage": "p"}`+"\n"), 40), 0o666); err != nil {
		t.Fatal(err)
	}
	j, err := job.Submit(t.Context(), job.Spec{
		Folder: filepath.Join(dir, "out"), Inputs: []string{path}, Query: "query", Passage: "passage",
		Kind: rows.Kind{Format: rows.JSONL}, ShardRows: 10, RedeliverAfter: time.Minute,
		Model: job.Model{Name: "fake", Weights: "none", ScoreType: crossrank.Probability},
	})
	if err != nil {
		t.Fatal(err)
	}
	server, err := queue.Serve(queue.ServerOptions{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	url := "nats://" + server.Addr()
	conn, err := queue.Dial(url, queue.DialOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	q, err := queue.New(conn, queueOptions(j, slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	bury(t, q)
	s := job.State{Worker: "host-1", Cores: 4, Rows: 1000, Parts: 3, Seconds: 10,
		Held: []job.Held{{Shard: 2, Rows: 10, Done: 4, Started: time.Now().Add(-time.Hour)}}}
	if err := q.Answer(s.JSON); err != nil {
		t.Fatal(err)
	}
	if err := conn.Flush(); err != nil {
		t.Fatal(err)
	}
	var out, stderr bytes.Buffer
	if code := run(t.Context(), []string{"job", "status", j.Folder(), "--queue", url, "--price", "2"}, strings.NewReader(""), &out, &stderr); code != 0 {
		t.Fatalf("exit code %d: %s", code, &stderr)
	}
	for _, want := range []string{
		"0 of 4 finished", "host-1: 4 cores, 3 shards stored, 100.0 rows/s, holds 1 shard",
		"shard 2 at host-1: 4 of 10 rows in 36", "dead letter", "pairs.jsonl:7: the score is NaN",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the status lacks %q:\n%s", want, &out)
		}
	}
}

// bury takes shards until one of them has failed three times.
func bury(t *testing.T, q *queue.Queue) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		task, err := q.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		dead, err := task.Failed(ctx, fmt.Sprintf("shard %d: pairs.jsonl:7: the score is NaN", task.Shard()))
		if err != nil {
			t.Fatal(err)
		}
		if dead {
			return
		}
	}
}

// TestCost: a price is shown if there is one.
func TestCost(t *testing.T) {
	if got := cost(12.345, 0); got != "12.3 core-hours" {
		t.Errorf("got %q", got)
	}
	if got := cost(12.345, 0.04); got != "12.3 core-hours (0.49)" {
		t.Errorf("got %q", got)
	}
}
