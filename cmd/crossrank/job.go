package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/crossrank/crossrank/internal/job"
	"github.com/crossrank/crossrank/internal/queue"
)

func newJobCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "job",
		Short: "Score inputs of any size with any number of workers",
		Long: `A job is a folder: a directory that all workers reach, or s3://bucket/prefix. Submit cuts the
inputs into shards and writes the manifest, which pins the model by the hash of its weights. Each
worker scores shards and stores the output of each as a part, whole. The parts in their order are
the output.

On one machine, submit and work are all. Workers on several machines share a queue, NATS JetStream:
crossrank job queue is one, or give them the URL of a cluster. Or they divide the job by number,
without a queue, as array jobs of Slurm and indexed jobs of Kubernetes do.

What is finished is what has its part. Workers and queue may be killed at any time, and started
again.`,
		Example: `  $ crossrank job submit -m cross-encoder/ms-marco-MiniLM-L-6-v2 -i pairs.parquet -o scores
  $ crossrank job work scores
  $ crossrank job status scores`,
	}
	cmd.AddCommand(newJobSubmitCommand(), newJobWorkCommand(), newJobStatusCommand(), newJobCancelCommand(), newJobQueueCommand())
	return group(cmd)
}

// queueFlags say which queue workers share.
type queueFlags struct {
	url         string
	credentials string
}

func (f *queueFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.url, "queue", "", "URL of the queue, NATS with JetStream: nats://host:4222, or tls:// or ws://, several separated by commas")
	cmd.Flags().StringVar(&f.credentials, "queue-credentials", "", "credentials file of NATS, for --queue")
}

// dial connects to the queue. The token in $CROSSRANK_QUEUE_TOKEN stands for one in the URL.
func (f *queueFlags) dial(log *slog.Logger) (*queue.Conn, error) {
	host, _ := os.Hostname()
	return queue.Dial(f.url, queue.DialOptions{
		Name:        fmt.Sprintf("crossrank %s-%d", host, os.Getpid()),
		Credentials: f.credentials,
		Token:       os.Getenv(queueToken),
		Log:         log,
	})
}

// open connects to the queue of a job for a command that only asks.
func (f *queueFlags) open(ctx context.Context, j *job.Job, log *slog.Logger) (*queue.Queue, *queue.Conn, error) {
	conn, err := f.dial(log)
	if err != nil {
		return nil, nil, err
	}
	q, err := queue.New(conn, queueOptions(j, log))
	if err == nil {
		err = queue.Reached(ctx, conn, 10*time.Second)
	}
	if err != nil {
		conn.Close()
		return nil, nil, fmt.Errorf("connecting to the queue at %s: %w", f.url, err)
	}
	return q, conn, nil
}

func queueOptions(j *job.Job, log *slog.Logger) queue.Options {
	return queue.Options{Job: j.ID, RedeliverAfter: j.RedeliverAfter(), Open: j.Unfinished, Log: log}
}

func newJobCancelCommand() *cobra.Command {
	var shared queueFlags
	cmd := &cobra.Command{
		Use:   "cancel FOLDER",
		Short: "End a job early",
		Long: `Cancel has the workers of a job end before their next shard. The parts that are finished stay, and
crossrank job submit with the same arguments continues the job. With --queue it also removes what
the queue holds of the job, its dead letters included, so that they are tried again after that.`,
		Example: `  $ crossrank job cancel scores
  $ crossrank job cancel s3://bucket/scores --queue nats://queue.example:4222`,
		Args: arguments("FOLDER"),
		RunE: func(cmd *cobra.Command, args []string) error { return runJobCancel(cmd, args[0], shared) },
	}
	shared.register(cmd)
	return cmd
}

func runJobCancel(cmd *cobra.Command, folder string, shared queueFlags) error {
	j, err := job.Open(cmd.Context(), folder)
	if err != nil {
		return err
	}
	if err := j.Cancel(cmd.Context()); err != nil {
		return err
	}
	if shared.url != "" {
		q, conn, err := shared.open(cmd.Context(), j, slog.New(slog.DiscardHandler))
		if err != nil {
			return err
		}
		defer conn.Close()
		if err := q.Delete(cmd.Context()); err != nil {
			return err
		}
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "canceled; its workers end after the shards that they hold\n")
	return nil
}
