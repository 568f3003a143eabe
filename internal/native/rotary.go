package native

import (
	"slices"

	"github.com/crossrank/crossrank/internal/kernel"
	"github.com/crossrank/crossrank/internal/network"
)

// rotary is a kind of rotary positions that some layers have: their frequencies, the order of the
// elements of query and key heads that their kernel wants, and its table. Layers of the same
// frequencies have one between them.
type rotary struct {
	frequencies []float64
	order       []int
	table       []float32 // see prepare
}

// rotaryOf returns the model's rotary positions with the frequencies of r, and adds them if there
// are none.
func (m *model) rotaryOf(r *network.Rotary) *rotary {
	if r == nil {
		return nil
	}
	for _, known := range m.rotaries {
		if slices.Equal(known.frequencies, r.Frequencies) {
			return known
		}
	}
	added := &rotary{
		frequencies: r.Frequencies,
		order:       kernel.RotaryOrder(m.headSize, len(r.Frequencies)),
	}
	m.rotaries = append(m.rotaries, added)
	return added
}

// prepare makes what depends on the length of the longest sequence: tables of 4·headSize bytes a
// position. Call it once, before any pass.
func (m *model) prepare(maxTokens int) {
	for _, r := range m.rotaries {
		r.table = kernel.RotaryTable(maxTokens, m.headSize, r.frequencies)
	}
	if m.relativeRows != nil {
		m.prepareRelative(maxTokens)
	}
}

// rotate turns queries and keys of rows low to high of qkv, each by its position in its sequence.
// Of the last layer, which has only keys there, it turns these.
func (m *model) rotate(qkv []float32, l *layer, seqs []input, low, high int) {
	if l.rotary == nil {
		return
	}
	column, heads := 0, m.heads.Count+m.heads.KV
	if l.keyProj != nil {
		column, heads = m.attention, m.heads.KV
	}
	ld, size, start := m.projected, m.heads.Size, 0
	for _, q := range seqs {
		from, to := max(low, start), min(high, start+q.Rows())
		if from < to {
			m.kernels.Rotate(qkv[from*ld+column:], ld, to-from, heads, size, l.rotary.table[(q.from+from-start)*size:])
		}
		start += q.Rows()
	}
}
