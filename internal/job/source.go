package job

import (
	"context"
	"io"
	"sync"
	"time"
)

// Source gives shards to workers.
type Source interface {
	// Next takes a shard. It returns [io.EOF] when there is nothing left to do.
	Next(context.Context) (Task, error)
}

// Task is a shard that a worker holds. Exactly one of Done, Failed and Release ends it.
type Task interface {
	Shard() int
	Interval() time.Duration // how often to call Renew; 0 is never
	Renew() error
	Done(context.Context) error
	// Failed gives the reason why the shard cannot be computed. If final is true, nobody tries again.
	Failed(ctx context.Context, reason string) (final bool, err error)
	// Release gives the shard back; nobody takes it before the wait is over.
	Release(ctx context.Context, wait time.Duration) error
}

// Every is the source of one of several workers that divide a job among themselves without a queue:
// the shards whose number is index modulo count.
func (j *Job) Every(ctx context.Context, index, count int) (Source, error) {
	open, err := j.Unfinished(ctx)
	if err != nil {
		return nil, err
	}
	s := &fixed{}
	for _, shard := range open {
		if shard%count == index {
			s.shards = append(s.shards, shard)
		}
	}
	return s, nil
}

// fixed is a list of shards.
type fixed struct {
	mu     sync.Mutex
	shards []int
}

func (s *fixed) Next(ctx context.Context) (Task, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.shards) == 0 {
		return nil, io.EOF
	}
	shard := s.shards[0]
	s.shards = s.shards[1:]
	return &fixedTask{s, shard}, nil
}

type fixedTask struct {
	from  *fixed
	shard int
}

func (t *fixedTask) Shard() int                                   { return t.shard }
func (t *fixedTask) Interval() time.Duration                      { return 0 }
func (t *fixedTask) Renew() error                                 { return nil }
func (t *fixedTask) Done(context.Context) error                   { return nil }
func (t *fixedTask) Failed(context.Context, string) (bool, error) { return true, nil }

// Release puts the shard back at the end. The worker itself waits.
func (t *fixedTask) Release(context.Context, time.Duration) error {
	t.from.mu.Lock()
	defer t.from.mu.Unlock()
	t.from.shards = append(t.from.shards, t.shard)
	return nil
}
