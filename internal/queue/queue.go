// Package queue distributes the shards of a job over workers, by NATS JetStream.
//
// A [Queue] is a stream with a message for each shard that waits or is in progress. A worker takes
// a shard with [Queue.Next], renews it while it works and acknowledges it when the shard's output
// is stored. A shard that is not renewed, because its worker died or the network is cut, goes to
// another worker. A shard that fails thrice becomes a dead letter: a message with the reasons,
// which stays in the stream.
//
// The queue holds nothing that matters. Which shards are finished is what [Options.Open] reports,
// from the stored output, and a queue that is empty or gone is filled from that again. So a shard
// may be computed twice, when messages are lost or late, and is never left out.
//
// The server is a NATS cluster, or an embedded one, see [Serve].
package queue

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Options configure a [Queue].
type Options struct {
	Job string // the job's id, which names the stream

	// RedeliverAfter is how long a shard may go without being renewed.
	RedeliverAfter time.Duration

	// Open lists the shards that are not finished, in ascending order.
	Open func(context.Context) ([]int, error)

	// Memory keeps the stream in the memory of the server.
	Memory bool

	// Patience is how long the queue may fail before Next gives up; 0 is not at all.
	Patience time.Duration

	Log *slog.Logger
}

const (
	tries = 3 // failures that make a shard a dead letter

	// mostDeliveries is how often a shard may be taken. A worker that dies reports no failure, so
	// that a shard which kills its workers would circulate forever.
	mostDeliveries = 25

	firstWait  = 100 * time.Millisecond // for a message, before the queue is checked; doubled each time
	longWait   = 5 * time.Second        // at most
	answerTime = time.Second            // for the answers of workers
)

// Queue is the work queue of one job. It is safe for concurrent use.
type Queue struct {
	conn *nats.Conn
	js   jetstream.JetStream
	opts Options

	retryWait   time.Duration // after an error of the queue, and before a failed shard's next try
	requestTime time.Duration // for an answer of the server

	mu       sync.Mutex
	consumer jetstream.Consumer // nil until it is known to exist
}

// New returns the queue of a job. It sends no request: the first [Queue.Next] makes what does not
// exist.
func New(conn *Conn, opts Options) (*Queue, error) {
	const requestTime = 10 * time.Second
	js, err := jetstream.New(conn, jetstream.WithPublishAsyncTimeout(requestTime))
	if err != nil {
		return nil, fmt.Errorf("opening the queue: %w", err)
	}
	return &Queue{conn: conn, js: js, opts: opts, retryWait: time.Second, requestTime: requestTime}, nil
}

func (q *Queue) name() string { return "crossrank-" + q.opts.Job }

// subject names what belongs to a shard: todo.7, failed.7.1 or dead.7.
func (q *Queue) subject(parts ...any) string {
	words := []string{"crossrank", q.opts.Job}
	for _, p := range parts {
		words = append(words, fmt.Sprint(p))
	}
	return strings.Join(words, ".")
}

// Next takes a shard. It waits while other workers hold the last ones, because they may fail, and
// while the queue cannot be reached. It returns [io.EOF] when every shard is finished or a dead
// letter.
func (q *Queue) Next(ctx context.Context) (*Task, error) {
	var since time.Time // when the queue began to fail; zero if it works
	for wait := firstWait; ; wait = min(2*wait, longWait) {
		task, err := q.take(ctx, wait)
		if task != nil {
			return task, nil
		}
		if err == nil {
			err = q.check(ctx)
		}
		switch {
		case err == nil:
			since = time.Time{}
			continue
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case errors.Is(err, io.EOF):
			return nil, err
		}
		if since.IsZero() {
			since = time.Now()
		}
		if failing := time.Since(since); failing > q.opts.Patience {
			return nil, fmt.Errorf("giving up after %v: %w", failing.Round(time.Second), err)
		}
		q.opts.Log.Warn("the queue fails, trying again", "error", err)
		q.lose()
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(q.retryWait):
		}
	}
}

// take returns a shard, or nil if none waits.
func (q *Queue) take(ctx context.Context, wait time.Duration) (*Task, error) {
	consumer, err := q.ensure(ctx)
	if err != nil {
		return nil, err
	}
	// The server ends the wait, and this side listens for longer: a shard that is sent to a worker
	// which has stopped listening is nobody's until it is redelivered.
	batch, err := consumer.Fetch(1, jetstream.FetchMaxWait(wait))
	if err != nil {
		return nil, err
	}
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case msg := <-batch.Messages():
		if msg == nil {
			return nil, batch.Error()
		}
		return q.task(ctx, msg)
	}
}

// check finds out why no shard waits: [io.EOF] if all are finished or dead, nil if it is worth to
// take again.
func (q *Queue) check(ctx context.Context) error {
	waiting, held, err := q.Depth(ctx)
	if err != nil || waiting+held > 0 {
		return err
	}
	n, err := q.fill(ctx, "")
	if err == nil && n == 0 {
		return io.EOF
	}
	return err
}

// Depth counts the shards that wait and those that workers hold.
func (q *Queue) Depth(ctx context.Context) (waiting, held int, err error) {
	consumer, err := q.ensure(ctx)
	if err != nil {
		return 0, 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, q.requestTime)
	defer cancel()
	info, err := consumer.Info(ctx)
	if err != nil {
		return 0, 0, err
	}
	return int(info.NumPending), info.NumAckPending, nil
}

// ensure makes the stream, fills it, and makes its consumer, unless they exist.
func (q *Queue) ensure(ctx context.Context) (jetstream.Consumer, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.consumer != nil {
		return q.consumer, nil
	}
	stream, created, err := q.make(ctx)
	if err != nil {
		return nil, err
	}
	if created {
		if _, err := q.fill(ctx, "first-"); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, q.requestTime)
	defer cancel()
	consumer, err := stream.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{
		Durable:       "workers",
		FilterSubject: q.subject("todo.*"),
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       q.opts.RedeliverAfter,
		MaxAckPending: -1,
	})
	if err == nil {
		q.consumer = consumer
	}
	return consumer, err
}

// make returns the stream, and whether it did not exist before. The server says so to each of
// several workers that make the same stream.
func (q *Queue) make(ctx context.Context) (stream jetstream.Stream, created bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, q.requestTime)
	defer cancel()
	storage := jetstream.FileStorage
	if q.opts.Memory {
		storage = jetstream.MemoryStorage
	}
	stream, err = q.js.CreateStream(ctx, jetstream.StreamConfig{
		Name:      q.name(),
		Subjects:  []string{q.subject("todo.*"), q.subject("failed.*.*"), q.subject("dead.*")},
		Retention: jetstream.WorkQueuePolicy,
		Storage:   storage,
		// At most one message per shard: publishing a shard that waits already has no effect.
		Discard:              jetstream.DiscardNew,
		DiscardNewPerSubject: true,
		MaxMsgsPerSubject:    1,
	})
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
		stream, err = q.js.Stream(ctx, q.name())
		return stream, false, err
	}
	return stream, err == nil, err
}

// lose has the next call look for the stream again.
func (q *Queue) lose() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.consumer = nil
}

// fill publishes every shard that is neither finished nor dead, and returns how many those are. With
// an id, the server ignores a shard that was published with it in the last two minutes: of workers
// that start together, one fills the stream, even if a shard of it is finished by then.
func (q *Queue) fill(ctx context.Context, id string) (n int, err error) {
	open, err := q.opts.Open(ctx)
	if err != nil {
		return 0, fmt.Errorf("looking for the shards that are not finished: %w", err)
	}
	dead, err := q.deadShards(ctx)
	if err != nil {
		return 0, err
	}
	var sent []jetstream.PubAckFuture
	for _, shard := range open {
		if dead[shard] {
			continue
		}
		var opts []jetstream.PublishOpt
		if id != "" {
			opts = append(opts, jetstream.WithMsgID(id+strconv.Itoa(shard)))
		}
		f, err := q.js.PublishAsync(q.subject("todo", shard), nil, opts...)
		if err != nil {
			return 0, err
		}
		if sent = append(sent, f); len(sent) == 1000 {
			if err := acknowledged(ctx, sent); err != nil {
				return 0, err
			}
			sent = sent[:0]
		}
		n++
	}
	return n, acknowledged(ctx, sent)
}

// acknowledged waits until messages are in the stream.
func acknowledged(ctx context.Context, sent []jetstream.PubAckFuture) error {
	for _, f := range sent {
		select {
		case <-f.Ok():
		case err := <-f.Err():
			if !exists(err) {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// exists reports whether a message was refused because its subject has one.
func exists(err error) bool {
	refused, ok := errors.AsType[*jetstream.APIError](err)
	return ok && strings.Contains(refused.Description, "per subject exceeded")
}

// Delete removes the queue. Workers that still run make it again.
func (q *Queue) Delete(ctx context.Context) error {
	err := q.js.DeleteStream(ctx, q.name())
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil
	}
	return err
}

// shardOf reads the shard in a subject, the first number in it.
func (q *Queue) shardOf(subject string) (int, error) {
	rest := strings.TrimPrefix(subject, q.subject()+".")
	parts := strings.Split(rest, ".")
	if len(parts) < 2 {
		return 0, fmt.Errorf("the queue has a message without a shard, on %s", subject)
	}
	return strconv.Atoi(parts[1])
}
