package batch

import (
	"math"
	"slices"
	"time"
)

// The next batch leaves work to runners that are idle, and to those that soon will be. It takes as
// many tokens as make all runners end together, with what they run: an equal part of what waits
// while all are idle, everything while all others are far from their ends. It takes at least
// [Options.MinTokens], below which a runner is no faster for having less. So one large request is
// computed by all runners at once.
//
// The parts of a request should end together too. So a batch takes the longest pair that is left,
// and then those that fill its part best.
//
// Note: options that say when a batch counts as full, a timeout and preferred sizes, turn this off.

// part is how many tokens the next batch should hold, given the throughput of all runners, or 0 if
// it is not known; b.mu is held. The runner that forms the batch is idle.
func (b *Batcher[T, R]) part(throughput float64, now time.Time) int {
	if !b.divides() {
		return math.MaxInt
	}
	b.levels = b.levels[:0]
	for range b.runners.Count - len(b.busy) {
		b.levels = append(b.levels, 0)
	}
	for _, r := range b.busy {
		b.levels = append(b.levels, b.remainingOf(r, throughput, now))
	}
	return max(b.opts.MinTokens, int(math.Ceil(fill(float64(b.queue.Load().Cost), b.levels))))
}

// divides reports whether batches leave work to other runners.
func (b *Batcher[T, R]) divides() bool {
	return b.runners.Count > 1 && b.opts.Timeout <= 0 && len(b.opts.PreferredPairs) == 0
}

// fill pours an amount over columns of some heights, which it sorts, and returns the level that the
// columns then have which it reached.
func fill(amount float64, heights []float64) (level float64) {
	slices.Sort(heights)
	sum := amount
	for i, h := range heights {
		sum += h
		level = sum / float64(i+1)
		if i+1 < len(heights) && level <= heights[i+1] {
			break
		}
	}
	return level
}

// fitting returns which of the pairs that are left best fills so many tokens: the largest of at
// most as many, or the smallest if that exceeds them by less than they would otherwise fall short.
// It reports false where no pair does. Pairs whose order is fixed stay in it.
func (r *request[T, R]) fitting(tokens int) (at int, ok bool) {
	if r.queued.Next <= tokens {
		return 0, true
	}
	if len(r.order) == 0 {
		return 0, r.queued.Next/2 <= tokens
	}
	left := r.order[r.taken:]
	at, _ = slices.BinarySearchFunc(left, tokens, func(i, tokens int) int { return tokens - r.items[i].Tokens })
	if at < len(left) {
		return at, true
	}
	at--
	return at, r.items[left[at]].Tokens/2 <= tokens
}

// bring makes one of the pairs that are left the next one. It costs no more than the next one did.
func (r *request[T, R]) bring(at int) {
	if at == 0 {
		return
	}
	left := r.order[r.taken:]
	i := left[at]
	copy(left[1:at+1], left[:at])
	left[0] = i
	r.queued.Next = r.items[i].Tokens
}
