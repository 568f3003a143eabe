package tokenizer

import (
	"slices"
	"strings"
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

// newTrie builds one trie of several sets of entries and returns the root state of each; the root
// of an empty set is 0. The texts of a set are distinct.
func newTrie(sets ...[]entry) (t trie, roots []uint32) {
	var b builder
	b.grow() // the nodes of state 0 stay free
	b.open = nil
	for _, entries := range sets {
		var root uint32
		if len(entries) > 0 {
			entries = slices.Clone(entries)
			slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.text, b.text) })
			root = b.place(entries, 0)
		}
		roots = append(roots, root)
	}
	return b.trie, roots
}

// builder assigns bases to the states of a trie.
type builder struct {
	trie
	bases  []bool // in use as bases
	blocks []int  // free nodes of each 256
	open   []int  // blocks worth trying, oldest first
}

// place adds the state for entries that share a prefix of depth bytes and are longer than it.
func (b *builder) place(entries []entry, depth int) uint32 {
	var labels []byte
	for _, e := range entries {
		if c := e.text[depth]; len(labels) == 0 || labels[len(labels)-1] != c {
			labels = append(labels, c)
		}
	}
	base := b.find(labels)
	b.bases[base] = true
	for _, c := range labels {
		b.nodes[base^uint32(c)].value = uint32(c)
	}
	b.blocks[base>>8] -= len(labels)
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
	for _, block := range b.open {
		if b.blocks[block] < len(labels) {
			continue
		}
		for base := uint32(block) << 8; base>>8 == uint32(block); base++ {
			if !b.bases[base] && b.fits(base, labels) {
				return base
			}
		}
	}
	b.grow()
	return uint32(b.open[len(b.open)-1]) << 8
}

func (b *builder) fits(base uint32, labels []byte) bool {
	for _, c := range labels {
		if b.nodes[base^uint32(c)].value != 0 {
			return false
		}
	}
	return true
}

func (b *builder) grow() {
	b.nodes = append(b.nodes, make([]node, 256)...)
	for len(b.bases) < len(b.nodes) {
		b.bases = append(b.bases, false)
	}
	for len(b.blocks) < len(b.nodes)/256 {
		b.blocks = append(b.blocks, 256)
	}
	b.open = append(b.open, len(b.nodes)/256-1)
	if len(b.open) > openBlocks {
		b.open = b.open[1:]
	}
}
