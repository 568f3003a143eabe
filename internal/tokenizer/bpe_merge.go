package tokenizer

import (
	"math"
	"math/rand/v2"
)

// mergeTable maps pairs of pieces to their merges: a hash table with open addressing, at most half
// full.
type mergeTable struct {
	slots []mergeSlot
	shift uint
	seed  uint64 // odd, and random so that no file can be made of pairs that collide
}

type mergeSlot struct {
	left, right int32 // left is -1 in a free slot
	rank        uint32
	id          int32
}

// noRank is the rank of a pair that does not merge.
const noRank = math.MaxUint32

func newMergeTable(merges int) mergeTable {
	bits := uint(4)
	for 1<<bits < 2*merges {
		bits++
	}
	t := mergeTable{slots: make([]mergeSlot, 1<<bits), shift: 64 - bits, seed: rand.Uint64() | 1}
	for i := range t.slots {
		t.slots[i].left = -1
	}
	return t
}

// slot returns the slot of a pair, or the free one where it belongs.
func (t *mergeTable) slot(left, right int32) *mergeSlot {
	const odd = 0x9E3779B97F4A7C15 // 2^64 divided by the golden ratio
	i := (uint64(uint32(left))*odd ^ uint64(uint32(right))) * t.seed
	i = (i ^ i>>32) * odd >> t.shift
	for {
		s := &t.slots[i]
		if s.left == left && s.right == right || s.left < 0 {
			return s
		}
		i = (i + 1) & uint64(len(t.slots)-1)
	}
}

func (t *mergeTable) set(left, right int32, rank uint32, id int32) {
	*t.slot(left, right) = mergeSlot{left, right, rank, id}
}

// rank returns the rank of a pair, or noRank.
func (t *mergeTable) rank(left, right int32) uint32 {
	if s := t.slot(left, right); s.left >= 0 {
		return s.rank
	}
	return noRank
}

// merger merges the pieces of one word.
type merger struct {
	ids   []int32  // the pieces of the word
	ranks []uint32 // ranks[i] is that of ids[i] and ids[i+1]
	heap  mergeHeap
	links []link
}

func (g *merger) size() int { return 4*(cap(g.ids)+cap(g.ranks)) + 12*cap(g.heap) + 8*cap(g.links) }

// longScan is the number of pieces from which on a heap finds the next merge faster than a scan.
const longScan = 48

// appendMerged appends what is left of ids once no pair merges. The pair with the lowest rank
// merges first, of equal pairs the leftmost.
func (g *merger) appendMerged(dst []int32, t *mergeTable) []int32 {
	if len(g.ids) > longScan {
		return g.appendLong(dst, t)
	}
	ids := g.ids
	g.ranks = g.ranks[:0]
	for i := 1; i < len(ids); i++ {
		g.ranks = append(g.ranks, t.rank(ids[i-1], ids[i]))
	}
	ranks := g.ranks
	for len(ranks) > 0 {
		at, lowest := 0, ranks[0]
		for i, r := range ranks {
			if r < lowest {
				at, lowest = i, r
			}
		}
		if lowest == noRank {
			break
		}
		ids[at] = t.slot(ids[at], ids[at+1]).id
		ids = append(ids[:at+1], ids[at+2:]...)
		ranks = append(ranks[:at], ranks[at+1:]...)
		if at > 0 {
			ranks[at-1] = t.rank(ids[at-1], ids[at])
		}
		if at < len(ranks) {
			ranks[at] = t.rank(ids[at], ids[at+1])
		}
	}
	return append(dst, ids...)
}
