package queue

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Task is a shard that a worker holds. Exactly one of Done, Failed and Release ends it. It is for
// one goroutine, except that Renew may be called by another.
type Task struct {
	queue *Queue
	msg   jetstream.Msg
	shard int
}

// task makes a Task of a message, unless its shard has been taken too often. Then it is nil.
func (q *Queue) task(ctx context.Context, msg jetstream.Msg) (*Task, error) {
	shard, err := q.shardOf(msg.Subject())
	if err != nil {
		return nil, err
	}
	meta, err := msg.Metadata()
	if err != nil {
		return nil, err
	}
	t := &Task{q, msg, shard}
	if meta.NumDelivered <= mostDeliveries {
		return t, nil
	}
	reason := fmt.Sprintf("%d workers took it and did not finish it; it may need more memory than they have", mostDeliveries)
	q.opts.Log.Error("a shard is a dead letter", "shard", shard, "reason", reason)
	return nil, t.bury(ctx, reason)
}

// Shard is the number of the shard.
func (t *Task) Shard() int { return t.shard }

// Interval is how often the task must be renewed.
func (t *Task) Interval() time.Duration { return t.queue.opts.RedeliverAfter / 3 }

// Renew reports that the worker is still at work.
func (t *Task) Renew() error { return t.msg.InProgress() }

// Done says that the output of the shard is stored.
func (t *Task) Done(context.Context) error { return t.msg.Ack() }

// Release gives the shard back for another try after a wait. It is no failure of the shard.
func (t *Task) Release(_ context.Context, wait time.Duration) error { return t.msg.NakWithDelay(wait) }

// Failed says that the shard cannot be computed, and why. The third time, the shard is a dead
// letter and dead is true; else it is tried again.
func (t *Task) Failed(ctx context.Context, reason string) (dead bool, err error) {
	for try := 1; try < tries; try++ {
		_, err := t.queue.js.Publish(ctx, t.queue.subject("failed", t.shard, try), []byte(reason))
		if err == nil {
			return false, t.msg.NakWithDelay(t.queue.retryWait)
		}
		if !exists(err) {
			return false, err
		}
	}
	return true, t.bury(ctx, reason)
}

// bury makes the shard a dead letter.
func (t *Task) bury(ctx context.Context, reason string) error {
	_, err := t.queue.js.Publish(ctx, t.queue.subject("dead", t.shard), []byte(reason))
	if err != nil && !exists(err) {
		return err
	}
	return t.msg.Term()
}

// DeadLetter is a shard that failed too often.
type DeadLetter struct {
	Shard  int
	Reason string // of the last failure
}

// Dead lists the dead letters.
func (q *Queue) Dead(ctx context.Context) ([]DeadLetter, error) {
	stream, err := q.js.Stream(ctx, q.name())
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	dead, err := q.deadShards(ctx)
	if err != nil {
		return nil, err
	}
	var letters []DeadLetter
	for _, shard := range slices.Sorted(maps.Keys(dead)) {
		msg, err := stream.GetLastMsgForSubject(ctx, q.subject("dead", shard))
		if err != nil {
			return nil, err
		}
		letters = append(letters, DeadLetter{shard, string(msg.Data)})
	}
	return letters, nil
}

// deadShards is the set of shards that are dead letters.
func (q *Queue) deadShards(ctx context.Context) (map[int]bool, error) {
	stream, err := q.js.Stream(ctx, q.name())
	if err != nil {
		return nil, err
	}
	info, err := stream.Info(ctx, jetstream.WithSubjectFilter(q.subject("dead.*")))
	if err != nil {
		return nil, err
	}
	dead := make(map[int]bool, len(info.State.Subjects))
	for subject := range info.State.Subjects {
		shard, err := q.shardOf(subject)
		if err != nil {
			return nil, err
		}
		dead[shard] = true
	}
	return dead, nil
}
