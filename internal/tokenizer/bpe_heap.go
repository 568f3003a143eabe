package tokenizer

// link joins the pieces of a long word in a list, so that merging two moves nothing.
type link struct{ prev, next int32 }

// pending is a pair that may merge: the piece at a place and the one after it.
type pending struct {
	rank  uint32
	place int32
	id    int32 // what the pair becomes
}

func (p pending) before(q pending) bool {
	return p.rank < q.rank || p.rank == q.rank && p.place < q.place
}

// mergeHeap is a binary heap with the next merge at its root.
type mergeHeap []pending

func (h *mergeHeap) push(p pending) {
	*h = append(*h, p)
	s := *h
	i := len(s) - 1
	for i > 0 && p.before(s[(i-1)/2]) {
		s[i] = s[(i-1)/2]
		i = (i - 1) / 2
	}
	s[i] = p
}

func (h *mergeHeap) pop() pending {
	s := *h
	root, last := s[0], s[len(s)-1]
	s = s[:len(s)-1]
	*h = s
	for i := 0; len(s) > 0; {
		child := 2*i + 1
		if child+1 < len(s) && s[child+1].before(s[child]) {
			child++
		}
		if child >= len(s) || !s[child].before(last) {
			s[i] = last
			break
		}
		s[i] = s[child]
		i = child
	}
	return root
}

// merged is the id of a place whose piece became a part of the one before it.
const merged = -2

// appendLong is appendMerged in a time of n log n.
func (g *merger) appendLong(dst []int32, t *mergeTable) []int32 {
	g.heap, g.links = g.heap[:0], g.links[:0]
	for i := range g.ids {
		g.links = append(g.links, link{int32(i) - 1, int32(i) + 1})
		g.offer(t, int32(i))
	}
	for len(g.heap) > 0 {
		p := g.heap.pop()
		at, right := p.place, g.links[p.place].next
		if g.ids[at] == merged || int(right) >= len(g.ids) {
			continue
		}
		if s := t.slot(g.ids[at], g.ids[right]); s.left < 0 || s.rank != p.rank {
			continue // the pair has changed since
		}
		g.ids[at], g.ids[right] = p.id, merged
		next := g.links[right].next
		g.links[at].next = next
		if int(next) < len(g.ids) {
			g.links[next].prev = at
		}
		if prev := g.links[at].prev; prev >= 0 {
			g.offer(t, prev)
		}
		g.offer(t, at)
	}
	for _, id := range g.ids {
		if id != merged {
			dst = append(dst, id)
		}
	}
	return dst
}

// offer puts the pair at a place into the heap, if it merges.
func (g *merger) offer(t *mergeTable, place int32) {
	next := g.links[place].next
	if int(next) >= len(g.ids) {
		return
	}
	if s := t.slot(g.ids[place], g.ids[next]); s.left >= 0 {
		g.heap.push(pending{s.rank, place, s.id})
	}
}
