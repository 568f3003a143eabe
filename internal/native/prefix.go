package native

import (
	"slices"

	"github.com/crossrank/crossrank/internal/kernel"
	"github.com/crossrank/crossrank/internal/network"
)

// input is a sequence on its way through a pass. In a causal network a token's keys and values
// depend on nothing after it, so sequences that begin alike can share those of their beginning:
// bit for bit, since what a kernel computes for a row depends on that row alone.
type input struct {
	network.Sequence

	// The keys and values of the first tokens, which have no rows in the pass, are in a prefix.
	prefix *prefix // nil: none
	from   int     // how many tokens those are

	fill *prefix // takes the keys and values of the pass, which computes nothing else; nil: none
}

// Rows is how many rows of a pass the input has.
func (q input) Rows() int { return q.Sequence.Rows() - q.from }

// prefix holds the keys and values of some tokens in every layer. It does not change once it is
// full.
type prefix struct {
	ids       []int32
	keyValues []float32 // by layer and token: the keys of all heads, then their values
}

func (m *model) newPrefix(ids []int32) *prefix {
	return &prefix{ids: slices.Clone(ids), keyValues: make([]float32, len(m.layers)*len(ids)*2*m.keyValues)}
}

// bytes is the memory of a prefix.
func (p *prefix) bytes() int64 { return 4 * int64(len(p.keyValues)+len(p.ids)) }

// prefixBytes is the memory of a prefix of so many tokens.
func (m *model) prefixBytes(tokens int) int64 {
	return 4 * int64(tokens) * int64(len(m.layers)*2*m.keyValues+1)
}

// common is how many tokens of ids the prefix begins with.
func (p *prefix) common(ids []int32) int {
	n := min(len(p.ids), len(ids))
	for i := range n {
		if p.ids[i] != ids[i] {
			return i
		}
	}
	return n
}

// prefixOf is what a layer attends to of a prefix's first rows.
func (m *model) prefixOf(p *prefix, l *layer, rows int) kernel.KeyValues {
	ld := 2 * m.keyValues
	all := p.keyValues[l.index*len(p.ids)*ld:]
	return kernel.KeyValues{K: all, V: all[m.keyValues:], LD: ld, Rows: rows}
}

// copyPrefix copies the first tokens of a prefix to another one.
func (m *model) copyPrefix(dst, src *prefix, tokens int) {
	ld := 2 * m.keyValues
	for l := range m.layers {
		to, from := dst.keyValues[l*len(dst.ids)*ld:], src.keyValues[l*len(src.ids)*ld:]
		copy(to[:tokens*ld], from)
	}
}

// keep copies the keys and values of rows low to high of a block to the prefixes that they are
// computed for.
func (m *model) keep(qkv []float32, l *layer, seqs []input, low, high int) {
	if seqs[0].fill == nil { // then no other has one
		return
	}
	start, width := 0, 2*m.keyValues
	for i := range seqs {
		q := &seqs[i]
		for r := max(low, start); r < min(high, start+q.Rows()); r++ {
			row := q.fill.keyValues[(l.index*len(q.fill.ids)+q.from+r-start)*width:]
			copy(row[:width], qkv[r*m.projected+m.attention:])
		}
		start += q.Rows()
	}
}
