package batch

import "math/bits"

// Sizes is how many classes [Totals] sorts batches into: class k holds sizes over 2^(k−1) and up to 2^k.
const Sizes = 32

// Totals counts the batches begun since the start, those that failed among them. An item that was run again alone
// is not counted twice.
type Totals struct {
	Runs, Items, Cost int64
	Padded            int64 // the cost if every item cost as much as the most costly one of its batch
	Longest           int   // cost of the most costly item ever

	ByItems, ByCost [Sizes]int64 // runs by size
}

// Totals reads the counters.
func (b *Batcher[T, R]) Totals() Totals {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.totals
}

// Add adds the counts of another Batcher.
func (t *Totals) Add(u Totals) {
	t.Runs += u.Runs
	t.Items += u.Items
	t.Cost += u.Cost
	t.Padded += u.Padded
	t.Longest = max(t.Longest, u.Longest)
	for k := range Sizes {
		t.ByItems[k] += u.ByItems[k]
		t.ByCost[k] += u.ByCost[k]
	}
}

// count adds one batch.
func (t *Totals) count(items, cost, longest int) {
	t.Runs++
	t.Items += int64(items)
	t.Cost += int64(cost)
	t.Padded += int64(items) * int64(longest)
	t.Longest = max(t.Longest, longest)
	t.ByItems[sizeClass(items)]++
	t.ByCost[sizeClass(cost)]++
}

func sizeClass(n int) int {
	if n <= 1 {
		return 0
	}
	return min(bits.Len(uint(n-1)), Sizes-1)
}
