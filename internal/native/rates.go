package native

import (
	"github.com/crossrank/crossrank/internal/cpu"
	"github.com/crossrank/crossrank/internal/kernel"
	"github.com/crossrank/crossrank/internal/network"
)

// rate is how fast one core is with one kind of products.
type rate struct {
	speed   float64 // operations a nanosecond, of many rows
	lowTile int     // see costs
	weights float64 // see costs
}

// rates are those of the kernels of a tier.
type rates struct {
	fp32, dot, int8 rate
	attention       float64 // operations a nanosecond, of sequences of about 80 tokens
}

// Rates on one core of a Zen 5, see docs/engine.md. Only their ratios matter, and they differ
// little between machines: where cores are faster, so are their caches. Tiers that are not here
// have those of AVX2.
var ratesOf = map[cpu.Tier]rates{
	cpu.Generic:    {fp32: rate{2, 1, 0}, dot: rate{2, 1, 0}, int8: rate{2, 1, 0}, attention: 2},
	cpu.AVX2:       {fp32: rate{95, 4, 5}, dot: rate{190, 4, 5}, int8: rate{250, 2, 2}, attention: 80},
	cpu.AVX512:     {fp32: rate{195, 4, 11}, int8: rate{250, 2, 2}, attention: 135},
	cpu.AVX512VNNI: {fp32: rate{195, 4, 11}, int8: rate{620, 2, 8}, attention: 135},
	cpu.AVX512BF16: {fp32: rate{195, 4, 11}, dot: rate{330, 4, 6}, int8: rate{620, 2, 8}, attention: 135},
	cpu.AMX:        {fp32: rate{195, 4, 11}, dot: rate{330, 4, 6}, int8: rate{620, 2, 8}, attention: 135},
}

// Times in nanoseconds.
const (
	waitTime    = 1000.0 // of two workers at a barrier; an estimate
	lineTime    = 8.0    // of a cache line that another core has written, of many in a row; an estimate
	arrangeTime = 0.17   // of an element of keys or values that attention arranges
	byteTime    = 0.04   // of a byte of weights that one row is multiplied by
)

// rateOf are the rate of a model's products, the rows of their highest tile, and attention's speed.
func (m *model) rateOf() (r rate, tile int, attention float64) {
	all, ok := ratesOf[m.kernels.Tier]
	if !ok {
		all = ratesOf[cpu.AVX2]
	}
	switch {
	case m.precision == BF16Dot && m.kernels.MultipliesPairs():
		return all.dot, m.kernels.TileRowsDot(), all.attention
	case m.precision == INT8:
		return all.int8, m.kernels.TileRows8(), all.attention
	}
	return all.fp32, m.kernels.TileRows(), all.attention
}

// costsOf are those of a model that is packed, with the kernels that it uses.
func costsOf(n *network.Network, m *model) costs {
	r, tile, _ := m.rateOf()
	c := costs{tile: tile, lowTile: r.lowTile, weights: r.weights, quadratic: float64(m.quadratic)}
	blocks := len(m.whole())
	operations := 0
	for i := range blocks {
		operations += 2 * linearWeights(&n.Blocks[i])
	}
	row := max(1, float64(operations)/r.speed) // in nanoseconds
	c.wait = waitTime / row
	c.waits, c.gridWaits = blocks+2, 5*blocks+2
	c.mostColumns, c.heads, c.panels = 1, m.heads.Count, m.hidden/kernel.Width
	if m.sharesColumns() {
		c.mostColumns = min(c.heads, c.panels)
	}
	c.fetch = float64(blocks) * float64(4*(m.attention+4*m.hidden+m.intermediate)/64) * lineTime / row
	c.keys = float64(blocks) * float64(2*m.keyValues) * (lineTime/16 + arrangeTime) / row
	if !m.readsAll() {
		c.waits++
		before, after := m.lastWeights(&n.Blocks[blocks])
		c.lastAttention = float64(4*before) * byteTime / row
		c.lastRow = float64(2*after) / r.speed / row
		c.lastWeights = float64(after*m.weightBytes()) * byteTime / row
	}
	return c
}

// lastWeights is how many weights the last block multiplies one row of a sequence by, for its
// attention and after it.
func (m *model) lastWeights(b *network.Block) (before, after int) {
	before = b.Query.In * (b.Query.Out + b.Key.Out + b.Value.Out)
	after = linearWeights(b) - before
	if m.last.keys == nil { // then keys and values are products of many rows
		before = b.Query.In * b.Query.Out
	}
	return before, after
}

// weightBytes is how many bytes a weight of the linear layers has.
func (m *model) weightBytes() int {
	switch {
	case m.precision == INT8:
		return 1
	case m.format != "":
		return 2
	}
	return 4
}
