package pipeline

import (
	"math"
	"sync"
	"time"

	"github.com/crossrank/crossrank/internal/cache"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/pool"
)

// publishing is an engine that gives each score to all requests that wait for it as soon as it is
// computed. That is long before the last batch of the request that it was computed for, and happens
// even if that request's caller has left.
type publishing struct {
	next   pool.Engine
	scores *cache.Table // nil before the first request

	mu  sync.Mutex // held while a batch is published
	key []byte
}

var _ pool.Engine = (*publishing)(nil)

// Logits implements [pool.Engine].
func (e *publishing) Logits(seqs []network.Sequence, out []float32) error {
	started := time.Now()
	if err := e.next.Logits(seqs, out); err != nil {
		return err
	}
	ended := time.Now()
	if e.scores == nil {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for i, q := range seqs {
		if r := float64(out[i]); math.IsNaN(r) || math.IsInf(r, 0) {
			continue
		}
		e.key = appendKey(e.key[:0], &q)
		e.scores.Publish(e.key, out[i], started, ended)
	}
	return nil
}
