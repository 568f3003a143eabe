package batch

import (
	"math"
	"slices"
)

// While several runners are idle, the next batch leaves work to them: it takes an equal part of
// what waits, but at least [Options.MinTokens], below which a runner is no faster for having less.
// So one large request is computed by all idle runners at once. A batch that starts while all
// others are busy takes everything, as there is no one to leave it to.
//
// The parts of a request should end together. So a batch takes the longest pair that is left, and
// then those that fill its part best.
//
// Note: options that say when a batch counts as full, a timeout and preferred sizes, turn this off.

// part is how many tokens the next batch should hold; b.mu is held. The runner that forms it is
// idle.
func (b *Batcher[T, R]) part() int {
	idle := b.runners.Count - len(b.busy)
	if idle <= 1 || b.opts.Timeout > 0 || len(b.opts.PreferredPairs) > 0 {
		return math.MaxInt
	}
	return max(b.opts.MinTokens, (b.queue.Load().Cost+idle-1)/idle)
}

// fitting returns which of the pairs that are left best fills so many tokens: the largest of at most
// as many, or the smallest if that exceeds them by less than they would otherwise fall short. It
// reports false where no pair does. Pairs whose order is fixed stay in it.
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
