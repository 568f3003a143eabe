package pool

import (
	"math"
	"sync"
	"time"
)

// memory is how much busy time it takes for what a meter has seen to lose all but 1/e of its weight: long enough to
// average over batches of all kinds, short enough to follow a machine that was given other work.
const memory = 10 * time.Second

// meter measures an engine's speed over its recent busy time. The zero value has measured nothing. It is safe for
// concurrent use.
//
// With a batch of n tokens that took d seconds, tokens' = tokens·e^(−d/m) + n and seconds' = seconds·e^(−d/m) + d, where
// m is the memory; the speed is tokens/seconds. A batch that took longer than the memory counts as the part of it that fits:
// a machine that was halted for minutes, as a laptop or a virtual one may be, is not slow for minutes afterwards.
type meter struct {
	mu              sync.Mutex
	tokens, seconds float64
}

func (m *meter) observe(tokens int, d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := float64(tokens)
	if d > memory {
		n, d = n*memory.Seconds()/d.Seconds(), memory
	}
	fade := math.Exp(-d.Seconds() / memory.Seconds())
	m.tokens = m.tokens*fade + n
	m.seconds = m.seconds*fade + d.Seconds()
}

// rate is the speed in tokens a second; 0 if nothing has been measured.
func (m *meter) rate() float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.seconds <= 0 {
		return 0
	}
	return m.tokens / m.seconds
}
