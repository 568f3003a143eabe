package tokenizer

import "encoding/binary"

// wordCache has the ids of words that were cut into pieces before. It has room for so many words,
// and a new one takes the place of an older one with the same hash.
//
// Most words of a text are frequent ones: English text is tokenized several times as fast with it.
// A cache belongs to one scratch, so that no lock is needed.
type wordCache struct{ entries []cachedWord }

// cachedWord is one word, which may have up to 24 bytes and 5 pieces.
type cachedWord struct {
	key wordKey
	ids [5]int32
	n   uint8 // ids; 0 in a free entry
}

// wordKey is the bytes of a word, padded, and its length in the last byte of all. No word of 24
// bytes is cached, so that this byte is free.
type wordKey [3]uint64

const (
	cacheBits     = 14
	longestCached = 23
)

// newKey is the key of a word of at most longestCached bytes.
func newKey(word string) wordKey {
	var b [24]byte
	copy(b[:], word)
	b[23] = byte(len(word))
	return wordKey{binary.LittleEndian.Uint64(b[:]), binary.LittleEndian.Uint64(b[8:]), binary.LittleEndian.Uint64(b[16:])}
}

func (k wordKey) hash() uint64 {
	const a, b, c = 0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
	x := k[0]*a ^ k[1]*b ^ k[2]*c
	return (x ^ x>>29) * a >> (64 - cacheBits)
}

// entry returns the entry for a key, which may have another word.
func (c *wordCache) entry(k wordKey) *cachedWord {
	if c.entries == nil {
		c.entries = make([]cachedWord, 1<<cacheBits)
	}
	return &c.entries[k.hash()]
}

// appendWord appends the ids of a word, from the cache if it has them.
func (c *wordCache) appendWord(dst []int32, word string, m Model, s *scratch) []int32 {
	if len(word) > longestCached {
		return m.appendWord(dst, word, s)
	}
	key := newKey(word)
	e := c.entry(key)
	if e.n > 0 && e.key == key {
		return append(dst, e.ids[:e.n]...)
	}
	first := len(dst)
	dst = m.appendWord(dst, word, s)
	if n := len(dst) - first; n > 0 && n <= len(e.ids) {
		e.key, e.n = key, uint8(n)
		copy(e.ids[:], dst[first:])
	}
	return dst
}
