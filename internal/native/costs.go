package native

import (
	"math"

	"github.com/crossrank/crossrank/internal/cpu"
	"github.com/crossrank/crossrank/internal/kernel"
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
//
// Where workers share columns too, a worker computes more rows, but only its columns of them and
// its heads. It fetches from others what they have computed of these rows, and waits more often.
type costs struct {
	tile    int     // rows of the highest tile
	lowTile int     // rows that a lower tile takes as long as, at least
	weights float64 // of reading all weights once
	wait    float64 // of a wait of two workers; each doubling of them adds as much
	waits   int     // in a block of rows
	keys    float64 // of one token's keys and values, in all blocks

	mostColumns int     // of a grid; 1: workers share rows alone
	gridWaits   int     // in a block of rows
	heads       int     // which are divided among columns
	panels      int     // the columns of the narrowest product, likewise
	fetch       float64 // of what others have computed of a row

	quadratic float64 // tokens of a sequence whose attention costs as much as its rows
	last      float64 // of the last block's row of a sequence
}

// time is that of a team of so many workers for their load, as a grid of so many columns.
func (c *costs) time(l *load, workers, columns int) float64 {
	switch {
	case l.rows == 0:
		return 0
	case columns > 1 && l.rows > columnRows*workers:
		return math.Inf(1)
	}
	blocks := math.Ceil(float64(l.rows) / float64(workers*blockTokens))
	groups := float64(workers / columns) // of rows
	rows := math.Ceil(float64(l.rows) / blocks / groups)
	t := blocks * (c.tiles(int(rows)) + c.weights) * largestPart(c.panels, columns)
	t += l.attention / groups * largestPart(c.heads, columns)
	t += math.Ceil(float64(l.sequences)/float64(workers)) * c.last
	if sharing := float64(workers / l.sequences); sharing > 1 {
		t -= c.last / 2 * (1 - 1/sharing) // the heads of its attention, which is half of it
	}
	if workers > 1 {
		waits := c.waits
		if columns > 1 {
			waits = c.gridWaits
			t += rows * c.fetch * float64(columns-1) / float64(columns)
		}
		t += blocks * float64(waits) * c.wait * math.Log2(float64(workers))
		// A worker's rows belong to some sequences, of which it shares the first and the last.
		t += c.keys * (float64(l.rows)/groups + float64(l.longest)) / float64(columns)
	}
	return t
}

// largestPart is the largest of the parts into which things are divided, of all of them.
func largestPart(things, parts int) float64 {
	return float64((things+parts-1)/parts) / float64(things)
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
	dotRate     = 190.0 // of pairs of bfloat16 numbers
	genericRate = 2.0

	waitTime = 2000.0 // of two workers at a barrier, of which the second comes a little later
	lineTime = 20.0   // of a cache line that another core has written
)

// costsOf are those of a model that is packed, with the kernels that it uses.
func costsOf(n *network.Network, m *model) costs {
	c := costs{tile: m.kernels.TileRows(), lowTile: 4, weights: 2, quadratic: float64(m.quadratic)}
	rate := fp32Rate
	switch {
	case m.precision == BF16Dot && m.kernels.MultipliesPairs():
		c.tile, rate = m.kernels.TileRowsDot(), dotRate
	case m.precision == INT8:
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
	c.mostColumns, c.heads, c.panels = 1, m.heads.Count, m.hidden/kernel.Width
	if m.sharesColumns() {
		c.mostColumns = min(c.heads, c.panels)
	}
	c.gridWaits = 7*blocks + 3
	c.fetch = float64(blocks) * float64(4*(m.attention+4*m.hidden+m.intermediate)/64) * lineTime / row
	c.keys = float64(blocks) * float64(2*4*m.keyValues/64) * lineTime / row
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
