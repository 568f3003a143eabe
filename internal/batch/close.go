package batch

import (
	"context"
	"fmt"
	"time"
)

// Drain refuses new requests, lets those that wait be run, and returns when the runners have ended. If ctx ends first,
// what still waits is failed as by [Batcher.Close], and its error is ctx's.
func (b *Batcher[T, R]) Drain(ctx context.Context) error {
	b.mu.Lock()
	b.closed = true
	b.wake.Broadcast()
	b.mu.Unlock()
	select {
	case <-b.stopped:
		return nil
	case <-ctx.Done():
		b.Close()
		return fmt.Errorf("draining the queue: %w", ctx.Err())
	}
}

// Close refuses new requests, fails those that wait with [ErrClosed], and returns when the batches that were running
// are done and the runners have ended. It may be called more than once.
func (b *Batcher[T, R]) Close() {
	b.mu.Lock()
	b.closed = true
	for b.queue.all.head != nil {
		b.end(b.queue.all.head, ErrClosed)
	}
	b.wake.Broadcast()
	b.mu.Unlock()
	<-b.stopped
}

// Stats says how much waits and runs at one moment.
type Stats struct {
	Requests, Items, Cost int           // waiting; a request counts until its last item is taken
	Oldest                time.Duration // how long the oldest of them has waited; 0 if none does

	RunningItems, RunningCost int // in batches being run
}

// Stats reads the gauges. It is cheap enough to be asked often.
func (b *Batcher[T, R]) Stats() Stats {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := Stats{
		Requests: b.queue.requests, Items: b.queue.items, Cost: b.queue.cost,
		RunningItems: b.running.items, RunningCost: b.running.cost,
	}
	if b.queue.all.head != nil {
		s.Oldest = time.Since(b.queue.all.head.admitted)
	}
	return s
}
