package pool

import (
	"math"
	"sync"
	"time"
)

// timeConstant is the busy time after which an observation has 1/e of its weight. It is long enough
// to average over batches of all kinds, and short enough to follow a machine that was given other
// work.
const timeConstant = 10 * time.Second

// meter measures an engine's speed over its recent busy time. The zero value has measured nothing.
// It is safe for concurrent use.
//
// With a batch of n tokens that took d seconds, tokens' = tokens·e^(−d/m) + n and seconds' =
// seconds·e^(−d/m) + d, where m is the time constant; the speed is tokens/seconds. Of a batch that
// took longer than the time constant, only as much counts as fits it: a machine that was halted for
// minutes, as a laptop may be, is not slow for minutes afterwards.
type meter struct {
	mu              sync.Mutex
	tokens, seconds float64
}

func (m *meter) observe(tokens int, d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := float64(tokens)
	if d > timeConstant {
		n, d = n*timeConstant.Seconds()/d.Seconds(), timeConstant
	}
	fade := math.Exp(-d.Seconds() / timeConstant.Seconds())
	m.tokens = m.tokens*fade + n
	m.seconds = m.seconds*fade + d.Seconds()
}

// rate is the speed in tokens per second; 0 if nothing has been measured.
func (m *meter) rate() float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.seconds <= 0 {
		return 0
	}
	return m.tokens / m.seconds
}
