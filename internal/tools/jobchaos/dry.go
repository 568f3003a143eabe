package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/job"
	"github.com/crossrank/crossrank/internal/queue"
)

// million is the most rows of one input of a dry run.
const million = 1_000_000

// dry measures a job whose scores cost nothing: submitter, queue and worker are processes of their
// own, of which only the worker is not the program itself.
func (h *harness) dry(ctx context.Context) error {
	times := 1
	if h.rows > million {
		times = h.rows / million
	}
	if times > 1 && h.rows%million != 0 {
		return fmt.Errorf("-rows is %d; above a million it must be millions", h.rows)
	}
	if err := h.pairs(h.rows/times, 3); err != nil {
		return err
	}
	r := &dryRecord{}
	h.record.Dry = r
	folder := h.path("out")
	h.say("submitting %d rows", h.rows)
	began := time.Now()
	submitter, err := h.submit(ctx, folder, times)
	if err != nil {
		return err
	}
	r.Submit, r.SubmitterMiB = float64(h.rows)/time.Since(began).Seconds(), mebibytes(submitter)
	h.say("submitted at %.0f rows/s with %.0f MiB", r.Submit, r.SubmitterMiB)

	server, url, err := h.queue("127.0.0.1:0")
	if err != nil {
		return err
	}
	defer server.kill()
	began = time.Now()
	worker, err := h.startDryWorker(folder, url)
	if err != nil {
		return err
	}
	if err := worker.wait(ctx); err != nil {
		return err
	}
	r.Work, r.WorkerMiB, r.QueueMiB = float64(h.rows)/time.Since(began).Seconds(), mebibytes(worker), mebibytes(server)
	r.WorkerCPU = worker.cpu().Seconds()
	h.say("worked at %.0f rows/s with %.0f MiB, the queue with %.0f MiB", r.Work, r.WorkerMiB, r.QueueMiB)
	return complete(ctx, folder, int64(h.rows))
}

func mebibytes(p *process) float64 { return float64(p.resident.Load()) / (1 << 20) }

// complete is an error unless all rows of a job are finished.
func complete(ctx context.Context, folder string, rows int64) error {
	j, err := job.Open(ctx, folder)
	if err != nil {
		return err
	}
	s, err := j.Status(ctx)
	if err == nil && (!s.Complete() || s.RowsFinished != rows) {
		err = fmt.Errorf("%d of %d rows are finished", s.RowsFinished, rows)
	}
	return err
}

// The environment of this program when it is the worker of a dry run.
const (
	dryFolder = "JOBCHAOS_FOLDER"
	dryQueue  = "JOBCHAOS_QUEUE"
)

func (h *harness) startDryWorker(folder, url string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), dryFolder+"="+folder, dryQueue+"="+url)
	return h.start(cmd, "worker.log")
}

// patience is that of crossrank job work.
const patience = 10 * time.Minute

// actAsWorker is a worker of the job in a folder, as crossrank job work is one, with scores that
// cost nothing.
func actAsWorker(ctx context.Context, folder, url string) (err error) {
	j, err := job.Open(ctx, folder)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	_, secret, _ := strings.Cut(token, "=")
	conn, err := queue.Dial(url, queue.DialOptions{Token: secret, Log: log})
	if err != nil {
		return err
	}
	defer conn.Close()
	q, err := queue.New(conn, queue.Options{Job: j.ID, RedeliverAfter: j.RedeliverAfter(), Open: j.Unfinished, Patience: patience, Log: log})
	if err != nil {
		return err
	}
	w := &job.Worker{Job: j, Scorer: free{}, Source: source{q}, Parallel: 2, Patience: patience, Log: log}
	return w.Run(ctx)
}

// source is a queue as the source of a worker.
type source struct{ *queue.Queue }

func (s source) Next(ctx context.Context) (job.Task, error) {
	t, err := s.Queue.Next(ctx)
	if err != nil {
		return nil, err
	}
	return t, nil
}

// free is an engine whose scores cost nothing.
type free struct{}

var _ crossrank.Scorer = free{}

func (free) Score(_ context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	if len(req.Pairs) == 0 {
		return nil, errors.New("there is no pair")
	}
	scores := make([]float32, len(req.Pairs))
	for i, p := range req.Pairs {
		scores[i] = float32(len(p.Query)) / float32(1+len(p.Passage))
	}
	return &crossrank.Response{Scores: scores, ScoreType: crossrank.Probability, Model: "free"}, nil
}
