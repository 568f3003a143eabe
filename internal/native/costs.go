package native

import (
	"math"

	"github.com/crossrank/crossrank/internal/cpu"
	"github.com/crossrank/crossrank/internal/network"
)

// costs predict how long a team takes for its sequences. The unit is a row: the time that one
// worker takes for one of many rows through the linear layers of the whole blocks, that is of all
// but the last block where that computes one row a sequence.
//
// Where workers share rows, the time is the sum of
//
//   - the rows of one worker, cut into tiles: a low tile takes as long as a few rows, since each
//     product waits for the sum of the one before it;
//   - once for each block of rows, what reading all weights adds: the first tile of a panel waits
//     for it;
//   - attention, divided among the workers; and what each does for all keys and values of its
//     sequences: fetch those of other workers, and arrange them;
//   - the waits of each block;
//   - the last block's rows, of which one worker computes those of one sequence.
type costs struct {
	tile    int     // rows of the highest tile
	lowTile int     // rows that a lower tile takes as long as, at least
	weights float64 // of reading all weights once
	wait    float64 // of a wait of two workers; each doubling of them adds as much
	waits   int     // in a block of rows
	keys    float64 // of one token's keys and values, in all blocks

	quadratic float64 // tokens of a sequence whose attention costs as much as its rows
	last      float64 // of the last block's row of a sequence
}

// time is that of a team of so many workers for their load.
func (c *costs) time(l *load, workers int) float64 {
	if l.rows == 0 {
		return 0
	}
	blocks := math.Ceil(float64(l.rows) / float64(workers*blockTokens))
	rows := int(math.Ceil(float64(l.rows) / blocks / float64(workers)))
	t := blocks*(c.tiles(rows)+c.weights) + l.attention/float64(workers)
	t += math.Ceil(float64(l.sequences)/float64(workers)) * c.last
	if workers > 1 {
		t += blocks * float64(c.waits) * c.wait * math.Log2(float64(workers))
		t += c.keys * (float64(l.rows)/float64(workers) + float64(l.longest)) // its own sequences, of which it shares the first and the last
	}
	return t
}

// tiles is the cost of a product of some rows, in rows.
func (c *costs) tiles(rows int) float64 {
	whole, rest := rows/c.tile*c.tile, rows%c.tile
	if rest > 0 {
		rest = max(rest, c.lowTile)
	}
	return float64(whole + rest)
}

// Times on one core of the machine of docs/engine.md, in nanoseconds and operations a nanosecond.
// Only their ratios matter, and they differ little between machines: where cores are faster, so are
// their caches.
const (
	fp32Rate    = 100.0
	int8Rate    = 250.0
	genericRate = 2.0

	waitTime = 1000.0 // of two workers at a barrier
	lineTime = 20.0   // of a cache line that another core has written
)

// costsOf are those of a model that is packed, with the kernels that it uses.
func costsOf(n *network.Network, m *model) costs {
	c := costs{tile: m.kernels.TileRows(), lowTile: 4, weights: 2, quadratic: float64(m.quadratic)}
	rate := fp32Rate
	if m.precision == INT8 {
		c.tile, c.lowTile, c.weights, rate = m.kernels.TileRows8(), 2, 1.5, int8Rate
	}
	if m.kernels.Tier == cpu.Generic {
		c.lowTile, c.weights, rate = 1, 0, genericRate
	}
	blocks := len(m.whole())
	operations := 0
	for i := range blocks {
		operations += 2 * linearWeights(&n.Blocks[i])
	}
	row := max(1, float64(operations)/rate) // in nanoseconds
	c.wait = waitTime / row
	c.waits = 2*blocks + 1
	c.keys = float64(blocks) * float64(2*4*m.attention/linePair*2) * lineTime / row
	if !m.readsAll() {
		c.waits++
		c.last = (float64(c.lowTile) + c.weights) / float64(max(1, blocks))
	}
	return c
}

// linearWeights is how many weights the linear layers of a block have.
func linearWeights(b *network.Block) int {
	sum := 0
	layers := []*network.Linear{&b.Query, &b.Key, &b.Value, &b.AttentionOutput, &b.Up, &b.Down, b.Gate}
	for _, l := range layers {
		if l != nil {
			sum += l.In * l.Out
		}
	}
	return sum
}
