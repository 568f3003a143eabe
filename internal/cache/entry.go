package cache

// entry is a score that is remembered, in the ring of all of them.
type entry struct {
	key          string
	score        float32
	before, next *entry
}

// overhead is what an entry takes besides its key: 48 bytes of its own, and in the map a name, a pointer and a
// control byte (25 bytes), of which the map holds up to twice what it needs, and both copies of a part while that grows.
const overhead = 48 + 80

// size is what an entry with such a key takes. The allocator rounds up: by up to 16 bytes for short keys, by up to an eighth
// for long ones.
func size(key int) int64 { return int64(overhead + key + max(16, key/8)) }

// remember keeps a score, unless it is larger than all that may be kept. The lock is held.
func (t *Table) remember(key []byte, score float32) {
	need := size(len(key))
	if need > t.opts.MaxBytes {
		return
	}
	if e := t.entries[string(key)]; e != nil {
		t.use(e)
		return
	}
	for t.stats.Bytes+need > t.opts.MaxBytes {
		t.forget(t.recent.before)
	}
	e := &entry{key: string(key), score: score}
	t.entries[e.key] = e
	t.stats.Bytes += need
	t.link(e)
}

// forget drops an entry.
func (t *Table) forget(e *entry) {
	e.before.next, e.next.before = e.next, e.before
	delete(t.entries, e.key)
	t.stats.Bytes -= size(len(e.key))
	t.stats.Evictions++
}

// use makes an entry the most recently used.
func (t *Table) use(e *entry) {
	e.before.next, e.next.before = e.next, e.before
	t.link(e)
}

func (t *Table) link(e *entry) {
	first := t.recent.next
	e.before, e.next = &t.recent, first
	t.recent.next, first.before = e, e
}
