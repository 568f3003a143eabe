package batch

import (
	"time"

	"github.com/crossrank/crossrank/internal/fairqueue"
	"github.com/crossrank/crossrank/internal/state"
)

// Queue reports how much work waits and runs. It is cheap enough to be called often.
func (b *Batcher[T, R]) Queue() state.Queue {
	b.mu.Lock()
	defer b.mu.Unlock()
	waiting := b.queue.Load()
	q := state.Queue{
		Requests: waiting.Requests, Pairs: waiting.Items, Tokens: waiting.Cost,
		RunningPairs: b.running.pairs, RunningTokens: b.running.tokens,
	}
	if waiting.Requests > 0 {
		q.Oldest = b.oldestAge(time.Now())
	}
	return q
}

// Batches reports the counts of all batches since the start.
func (b *Batcher[T, R]) Batches() state.Batches {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.batches
}

// Backlog is what waits, as the sender of a request of that many tokens sees it.
func (b *Batcher[T, R]) Backlog(from fairqueue.Sender, tokens int) fairqueue.Backlog {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.queue.Backlog(from, tokens)
}
