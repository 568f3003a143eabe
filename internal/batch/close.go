package batch

import (
	"context"
	"fmt"
)

// Drain refuses new requests, lets those that wait be run, and returns when the runners have ended.
// If ctx ends first, what still waits is failed as by [Batcher.Close], and its error is ctx's.
func (b *Batcher[T, R]) Drain(ctx context.Context) error {
	b.mu.Lock()
	b.closed = true
	b.work.Broadcast()
	b.mu.Unlock()
	select {
	case <-b.stopped:
		return nil
	case <-ctx.Done():
		b.Close()
		return fmt.Errorf("draining the queue: %w", ctx.Err())
	}
}

// Close refuses new requests, fails those that wait with [ErrClosed], and returns when the batches
// that were running are done and the runners have ended. It may be called more than once.
func (b *Batcher[T, R]) Close() {
	b.mu.Lock()
	b.closed = true
	for e := b.queue.Oldest(); e != nil; e = b.queue.Oldest() {
		b.end(e.Value, ErrClosed)
	}
	b.work.Broadcast()
	b.mu.Unlock()
	<-b.stopped
}
