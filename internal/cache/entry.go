package cache

// entry is a score in the cache, and its place in the ring of all of them.
type entry struct {
	key        string
	score      float32
	prev, next *entry
}

// overhead is what an entry takes besides its key: 48 bytes for the entry, and in the map a string
// header, a pointer and a control byte (25 bytes). The map holds up to twice what it needs, and
// both copies of a part while it grows.
const overhead = 48 + 80

// size is what an entry with such a key takes. The allocator rounds up: by up to 16 bytes for short
// keys, by up to an eighth for long ones.
func size(key int) int64 { return int64(overhead + key + max(16, key/8)) }

// store keeps a score, unless it is larger than the whole cache. The lock is held.
func (t *Table) store(key []byte, score float32) {
	need := size(len(key))
	if need > t.opts.MaxBytes {
		return
	}
	if e := t.entries[string(key)]; e != nil {
		t.use(e)
		return
	}
	for t.state.Bytes+need > t.opts.MaxBytes {
		t.evict(t.recent.prev)
	}
	e := &entry{key: string(key), score: score}
	t.entries[e.key] = e
	t.state.Bytes += need
	t.link(e)
}

func (t *Table) evict(e *entry) {
	e.prev.next, e.next.prev = e.next, e.prev
	delete(t.entries, e.key)
	t.state.Bytes -= size(len(e.key))
	t.state.Evictions++
}

// use makes an entry the most recently used.
func (t *Table) use(e *entry) {
	e.prev.next, e.next.prev = e.next, e.prev
	t.link(e)
}

func (t *Table) link(e *entry) {
	first := t.recent.next
	e.prev, e.next = &t.recent, first
	t.recent.next, first.prev = e, e
}
