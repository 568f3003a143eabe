package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/crossrank/crossrank/internal/job"
	"github.com/crossrank/crossrank/internal/queue"
	"github.com/crossrank/crossrank/local"
)

type workOptions struct {
	model    string
	compute  computeFlags
	threads  int
	parallel int
	index    int
	count    int
	patience time.Duration
	queue    queueFlags
	log      logOptions
}

func newJobWorkCommand() *cobra.Command {
	var opts workOptions
	cmd := &cobra.Command{
		Use:   "work FOLDER",
		Short: "Score shards of a job until none is left",
		Long: `Work takes shards of a job, scores them and stores their parts. It ends with exit code 0 when the
job is complete, and with 1 if shards are left that cannot be scored.

Without --queue the process works alone, by a queue of its own. With --queue it shares the job with
the other workers of that queue, on any number of machines: a shard whose worker is silent goes to
another, and a shard that fails three times is left out as a dead letter, which crossrank job status
shows. With --shard-count it takes every so many-th shard and needs no queue.

A worker can be ended at any time. Ctrl-C gives its shards back; what it had scored of them is lost.`,
		Example: `  $ crossrank job work scores
  $ crossrank job work s3://data/scores --queue nats://queue.example:4222
  $ crossrank job work /shared/scores --shard-index $SLURM_ARRAY_TASK_ID --shard-count 64`,
		Args: arguments("FOLDER"),
		RunE: func(cmd *cobra.Command, args []string) error { return runJobWork(cmd, args[0], opts) },
	}
	f := cmd.Flags()
	f.StringVarP(&opts.model, "model", "m", "", modelUsage+"; empty = the name that the job was submitted with")
	pullFlag(cmd)
	opts.compute.registerBackend(cmd, "")
	opts.queue.register(cmd)
	f.IntVar(&opts.index, "shard-index", 0, "number of this worker; 0 = the first of --shard-count")
	f.IntVar(&opts.count, "shard-count", 0, "workers that divide the job without a queue; 0 = use a queue")
	cmd.MarkFlagsMutuallyExclusive("queue", "shard-count")
	f.IntVar(&opts.threads, "threads", 0, "threads per batch; 0 = all cores")
	f.IntVar(&opts.parallel, "parallel", 2, "shards at a time, so that one is read while another is scored")
	f.DurationVar(&opts.patience, "patience", 10*time.Minute, "time to wait for a queue or storage that fails, such as a full disk; 0 = none")
	opts.log.register(cmd)
	return cmd
}

func (o *workOptions) check() error {
	if err := o.compute.check(); err != nil {
		return err
	}
	if err := checkAtLeast("threads", o.threads, 0); err != nil {
		return err
	}
	if err := checkAtLeast("parallel", o.parallel, 1); err != nil {
		return err
	}
	if err := checkAtLeast("shard-count", o.count, 0); err != nil {
		return err
	}
	if o.index != 0 || o.count > 0 {
		return checkRange("shard-index", o.index, 0, o.count-1)
	}
	return nil
}

func runJobWork(cmd *cobra.Command, folder string, opts workOptions) (err error) {
	if err := opts.check(); err != nil {
		return err
	}
	log, err := opts.log.logger(cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	j, err := job.Open(cmd.Context(), folder)
	if err != nil {
		return err
	}
	name := cmp.Or(opts.model, j.Model.Name)
	if err := ensureModels(cmd, name); err != nil {
		return err
	}
	options := opts.compute.options()
	options.Threads, options.Quantization, options.MaxLength = opts.threads, j.Model.Quantization, j.Model.MaxLength
	model, err := local.Open(name, options)
	if err != nil {
		return err
	}
	defer closeInto(&err, model)
	info := model.Info()
	if j.Model.Raw {
		info.ScoreType = j.Model.ScoreType
	}
	if err := j.Model.Check(info); err != nil {
		return err
	}
	w := &job.Worker{Job: j, Scorer: model, Parallel: opts.parallel, Cores: cmp.Or(opts.threads, runtime.GOMAXPROCS(0)), Patience: opts.patience, Log: log}
	return opts.run(cmd, w)
}

// run has the worker work by the source that the flags name.
func (o *workOptions) run(cmd *cobra.Command, w *job.Worker) error {
	ctx := cmd.Context()
	if o.count > 0 {
		source, err := w.Job.Every(ctx, o.index, o.count)
		if err != nil {
			return err
		}
		w.Source = source
		return watched(cmd, w, nil)
	}
	q, closeQueue, err := o.open(w)
	if err != nil {
		return err
	}
	defer closeQueue()
	if err := q.Answer(func() []byte { return w.State().JSON() }); err != nil {
		return err
	}
	w.Source = tasks{q}
	if err := watched(cmd, w, q); err != nil {
		if _, some := errors.AsType[*job.Failures](err); !some {
			return err
		}
	}
	return deadLetters(ctx, q)
}

// open opens the queue: the one of --queue, or one in this process.
func (o *workOptions) open(w *job.Worker) (q *queue.Queue, closeQueue func(), err error) {
	options := queueOptions(w.Job, w.Log)
	options.Patience = o.patience
	if o.queue.url != "" {
		conn, err := o.queue.dial(w.Log)
		if err != nil {
			return nil, nil, err
		}
		q, err = queue.New(conn, options)
		return q, conn.Close, err
	}
	server, err := queue.Serve(queue.ServerOptions{})
	if err != nil {
		return nil, nil, err
	}
	stop := func() { _ = server.Close() } // it held nothing that matters
	conn, err := server.Connect()
	if err != nil {
		stop()
		return nil, nil, fmt.Errorf("starting the queue: %w", err)
	}
	options.Memory = true
	q, err = queue.New(conn, options)
	return q, func() { conn.Close(); stop() }, err
}

// tasks is a queue as the source of a worker.
type tasks struct{ *queue.Queue }

func (t tasks) Next(ctx context.Context) (job.Task, error) {
	task, err := t.Queue.Next(ctx)
	if err != nil {
		return nil, err
	}
	return task, nil
}

// deadLetters is the end of a job: an error if shards are left.
func deadLetters(ctx context.Context, q *queue.Queue) error {
	dead, err := q.Dead(ctx)
	if err != nil || len(dead) == 0 {
		return err
	}
	f := &job.Failures{}
	for _, d := range dead {
		f.Reasons = append(f.Reasons, d.Reason)
	}
	return f
}

// watched runs a worker and shows its progress.
func watched(cmd *cobra.Command, w *job.Worker, q *queue.Queue) error {
	bar := newProgress(cmd.ErrOrStderr())
	bar.begin("scoring")
	ended := make(chan error, 1)
	go func() { ended <- w.Run(cmd.Context()) }()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			bar.end()
			summarize(cmd.ErrOrStderr(), w.State())
			return err
		case <-tick.C:
			showWorker(cmd.Context(), bar, w, q)
		}
	}
}

// showWorker shows what the worker has done, and how much the queue still holds.
func showWorker(ctx context.Context, bar *progress, w *job.Worker, q *queue.Queue) {
	s := w.State()
	text := fmt.Sprintf("%d rows here, %.0f rows/s", s.Rows, float64(s.Rows)/s.Seconds)
	total := len(w.Job.Shards)
	fraction := float64(s.Parts) / float64(total)
	if q != nil {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if waiting, held, err := q.Depth(ctx); err == nil {
			fraction = 1 - float64(waiting+held)/float64(total)
			text = fmt.Sprintf("%d of %s left, %s", waiting+held, plural(total, "shard"), text)
		}
	}
	bar.show(fraction, text, false)
}

// summarize notes for people what a worker has done.
func summarize(w io.Writer, s job.State) {
	fmt.Fprintf(w, "%s and %d rows here in %s: %.0f rows/s, %.3g core-hours\n", plural(s.Parts, "shard"), s.Rows,
		(time.Duration(s.Seconds * float64(time.Second))).Round(time.Millisecond), float64(s.Rows)/s.Seconds,
		float64(s.Cores)*s.Seconds/3600)
}
