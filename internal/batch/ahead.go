package batch

import (
	"math"
	"time"
)

// A runner with memory for several batches gets the next one while it computes, so that it need not
// idle while that is copied to it. A batch that was formed takes no more pairs, and keeps no turn
// for callers that come later. So the next batch is formed as late as it can be: when what waits
// fills it, or shortly before the expected end of the batches in front of it.
//
// Note: to form it at once would add the time of a batch to nearly every latency under load.

// The next batch is formed aheadTime before it can begin, which is enough to wake up and to copy
// it, and earlier by aheadShare of the time of the batches before it, since that is an estimate.
const (
	aheadTime  = 2 * time.Millisecond
	aheadShare = 0.25
)

// never is longer than any wait: until something happens.
const never = time.Duration(math.MaxInt64)

// timeUntilAhead is how long it takes until the next batch may be formed behind those that a runner
// holds; 0 if it is idle. b.mu is held, and something waits.
func (b *Batcher[T, R]) timeUntilAhead(now time.Time) time.Duration {
	if len(b.busy) < b.runners.Count || !*b.opts.Enabled || b.fills() {
		return 0
	}
	throughput := b.runners.Throughput()
	if throughput <= 0 {
		return never
	}
	left := b.remainingTokens(throughput, now) - aheadShare*float64(b.running.tokens)
	return duration(left/throughput) - aheadTime
}

// expectedStart is when the batch that is formed now can begin; b.mu is held.
func (b *Batcher[T, R]) expectedStart(throughput float64, now time.Time) time.Time {
	if len(b.busy) < b.runners.Count || throughput <= 0 {
		return now
	}
	return now.Add(duration(b.remainingTokens(throughput, now) / throughput))
}
