package batch

import (
	"time"

	"github.com/crossrank/crossrank/internal/state"
)

// Queue reports how much work waits and runs. It is cheap enough to be called often.
func (b *Batcher[T, R]) Queue() state.Queue {
	b.mu.Lock()
	defer b.mu.Unlock()
	q := state.Queue{
		Requests: b.queue.requests, Pairs: b.queue.items, Tokens: b.queue.cost,
		RunningPairs: b.running.items, RunningTokens: b.running.cost,
	}
	if b.queue.all.head != nil {
		q.Oldest = time.Since(b.queue.all.head.admitted)
	}
	return q
}

// Batches reports the counts of all batches since the start.
func (b *Batcher[T, R]) Batches() state.Batches {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.batches
}
