package tokenizer

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"
	"strings"
	"unicode/utf8"
)

// trie maps strings to ids, as a double array. A state is a base. Its transition over a byte c is
// node base^c, if the label there is c, and leads to that node's own base. No two states share a
// base, so the label alone proves that the node belongs to the state. base^c lies within the 256
// nodes around base: a state's nodes are on few cache lines, and no bounds check is needed.
//
// State 0 has no transitions: leaves lead to it.
type trie struct{ nodes []node }

// node is 8 bytes, so that one cache line has 8.
type node struct {
	base  uint32
	value uint32 // the label in the low 8 bits; above them 1 + the id of the string that ends here, or 0
}

func (n node) label() byte { return byte(n.value) }

// id is the id of the string that ends here, or -1.
func (n node) id() int32 { return int32(n.value>>8) - 1 }

// entry is a string of a trie. Its text is not empty and has no byte 0, which is the label of free
// nodes.
type entry struct {
	text string
	id   int32
}

// isText reports whether a trie can hold a piece or an added token.
func isText(piece string) bool { return utf8.ValidString(piece) && !strings.ContainsRune(piece, 0) }

// newTrie builds one trie of several sets of entries and returns the root state of each; the root
// of an empty set is 0. Of equal texts in a set the highest id counts.
func newTrie(sets ...[]entry) (t trie, roots []uint32) {
	var b builder
	b.grow() // the nodes of state 0 stay free
	b.open = nil
	for _, entries := range sets {
		var root uint32
		if len(entries) > 0 {
			root = b.place(sorted(entries), 0)
		}
		roots = append(roots, root)
	}
	return b.trie, roots
}

// sorted returns the entries in the order of their texts, each text once. It compares the first
// bytes of texts as numbers, which decides most comparisons without reading the texts.
func sorted(entries []entry) []entry {
	type keyed struct {
		key uint64
		entry
	}
	order := make([]keyed, len(entries))
	for i, e := range entries {
		order[i] = keyed{firstBytes(e.text), e}
	}
	slices.SortFunc(order, func(a, b keyed) int {
		if a.key != b.key {
			return cmp.Compare(a.key, b.key)
		}
		return cmp.Or(strings.Compare(a.text, b.text), cmp.Compare(b.id, a.id))
	})
	texts := make([]entry, 0, len(order))
	for i, e := range order {
		if i == 0 || e.text != order[i-1].text {
			texts = append(texts, e.entry)
		}
	}
	return texts
}

// firstBytes are the first 8 bytes of a text, zeros for those that it lacks, as a number.
func firstBytes(text string) uint64 {
	var first [8]byte
	copy(first[:], text)
	return binary.BigEndian.Uint64(first[:])
}

// builder assigns bases to the states of a trie.
type builder struct {
	trie
	blocks []block
	open   []int // blocks worth trying, oldest first
}

// block is what is free in 256 nodes: as nodes, and as bases.
type block struct {
	nodes, bases bits256
	free         int // nodes
}

// place adds the state for entries that share a prefix of depth bytes and are longer than it.
func (b *builder) place(entries []entry, depth int) uint32 {
	var room [256]byte
	labels := room[:0]
	for _, e := range entries {
		if c := e.text[depth]; len(labels) == 0 || labels[len(labels)-1] != c {
			labels = append(labels, c)
		}
	}
	base := b.find(labels)
	own := &b.blocks[base>>8]
	own.bases.remove(byte(base))
	for _, c := range labels {
		b.nodes[base^uint32(c)].value = uint32(c)
		own.nodes.remove(byte(base) ^ c)
	}
	own.free -= len(labels)
	for len(entries) > 0 {
		c := entries[0].text[depth]
		n := 1
		for n < len(entries) && entries[n].text[depth] == c {
			n++
		}
		b.child(base^uint32(c), entries[:n], depth+1)
		entries = entries[n:]
	}
	return base
}

// child fills the node for entries that share a prefix of depth bytes.
func (b *builder) child(at uint32, entries []entry, depth int) {
	if len(entries[0].text) == depth {
		b.nodes[at].value |= uint32(entries[0].id+1) << 8
		entries = entries[1:]
	}
	if len(entries) > 0 {
		base := b.place(entries, depth)
		b.nodes[at].base = base
	}
}

// openBlocks is how many blocks are searched for a base: more blocks waste fewer nodes but take
// longer.
const openBlocks = 8

// find returns a base whose nodes are free for all labels.
func (b *builder) find(labels []byte) uint32 {
	for _, i := range b.open {
		if own := &b.blocks[i]; own.free >= len(labels) {
			if base, ok := own.find(labels); ok {
				return uint32(i)<<8 | uint32(base)
			}
		}
	}
	b.grow()
	return uint32(len(b.blocks)-1) << 8
}

// find returns a free base whose nodes are free for all labels.
func (b *block) find(labels []byte) (base byte, ok bool) {
	if len(labels) == 1 {
		return b.findOne(labels[0])
	}
	fits := b.bases
	for _, c := range labels {
		if fits = fits.and(b.nodes.xor(c)); fits == (bits256{}) {
			return 0, false
		}
	}
	return fits.first()
}

// findOne is find for one label, as most states have: the first free node whose base is free.
func (b *block) findOne(c byte) (base byte, ok bool) {
	for i, word := range b.nodes {
		for ; word != 0; word &= word - 1 {
			if base := byte(64*i+bits.TrailingZeros64(word)) ^ c; b.bases.has(base) {
				return base, true
			}
		}
	}
	return 0, false
}

func (b *builder) grow() {
	b.nodes = append(b.nodes, make([]node, 256)...)
	b.blocks = append(b.blocks, block{nodes: allBits, bases: allBits, free: 256})
	b.open = append(b.open, len(b.blocks)-1)
	if len(b.open) > openBlocks {
		b.open = b.open[1:]
	}
}

// bits256 is a set of bytes.
type bits256 [4]uint64

var allBits = bits256{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}

func (s *bits256) has(c byte) bool { return s[c>>6]>>(c&63)&1 == 1 }

func (s *bits256) remove(c byte) { s[c>>6] &^= 1 << (c & 63) }

func (s bits256) and(t bits256) bits256 {
	return bits256{s[0] & t[0], s[1] & t[1], s[2] & t[2], s[3] & t[3]}
}

// first returns the lowest byte of the set.
func (s bits256) first() (c byte, ok bool) {
	for i, word := range s {
		if word != 0 {
			return byte(64*i + bits.TrailingZeros64(word)), true
		}
	}
	return 0, false
}

// lowHalves are the bits whose numbers have a 0 in the place of 1, 2, 4, 8, 16 and 32.
var lowHalves = [6]uint64{0x5555555555555555, 0x3333333333333333, 0x0F0F0F0F0F0F0F0F, 0x00FF00FF00FF00FF,
	0x0000FFFF0000FFFF, 0x00000000FFFFFFFF}

// xor is the set of b^c for each b of the set: bits that differ in one place change places.
func (s bits256) xor(c byte) bits256 {
	high := c >> 6
	t := bits256{s[high], s[1^high], s[2^high], s[3^high]}
	for j, low := range lowHalves {
		if c>>j&1 == 0 {
			continue
		}
		shift := uint(1) << j
		for i, word := range t {
			t[i] = word&low<<shift | word>>shift&low
		}
	}
	return t
}
