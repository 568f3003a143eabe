package native

import (
	"math"

	"github.com/crossrank/crossrank/internal/network"
)

// costs predict how long a team takes for its sequences. The unit is a row: the time that one
// worker takes for one of many rows through the linear layers of the whole blocks, that is of all
// but the last block where that computes one row a sequence.
//
// Where workers share rows, the time is the sum of
//
//   - the rows of one worker, cut into tiles: a low tile takes as long as a few rows, since each
//     product waits for the sum of the one before it; but for each block of rows at least as long
//     as reading all weights takes, which goes on meanwhile;
//   - attention, divided among the workers; both by the slowest of them;
//   - what each does for all keys and values of its sequences: fetch those of other workers, and
//     arrange them;
//   - the waits of each block;
//   - the last block's attention of one row a sequence, of which one worker computes one, or shares
//     its heads; and what follows it, whose columns the workers share if the rows are few.
//
// Where workers share columns too, a worker computes more rows, but only its columns of them and
// its heads. It fetches from others what they have computed of these rows, and waits more often.
type costs struct {
	tile    int     // rows of the highest tile
	lowTile int     // rows that a lower tile takes as long as, at least
	weights float64 // of reading all weights
	wait    float64 // of a wait of two workers; each doubling of them adds as much
	waits   int     // in a block of rows
	keys    float64 // of one token's keys and values, in all blocks

	mostColumns int     // of a grid; 1: workers share rows alone
	gridWaits   int     // in a block of rows
	heads       int     // which are divided among columns
	panels      int     // the columns of the narrowest product, likewise
	fetch       float64 // of what others have computed of a row

	quadratic float64 // tokens of a sequence whose attention costs as much as its rows

	// Of the last block, where it computes one row a sequence.
	lastAttention float64 // of a sequence
	lastRow       float64 // of what follows for one of many rows; 0: nothing
	lastWeights   float64 // of reading its weights
}

// uneven is how much later the slowest of two workers is than both on average, as a part of what
// they compute; each doubling of them adds as much.
const uneven = 0.03

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
	if columns > 1 && rows*(1+float64(l.longest)/c.quadratic) >= chunkRows {
		return math.Inf(1) // rows of short sequences are more than others, see rowsOf
	}
	t := blocks * max(c.tiles(int(rows)), c.weights) * largestPart(c.panels, columns)
	t += l.attention / groups * largestPart(c.heads, columns)
	t *= 1 + uneven*math.Log2(float64(workers))
	t += c.last(l.sequences, workers)
	if workers > 1 {
		waits := c.waits
		if columns > 1 {
			waits = c.gridWaits
			t += rows * c.fetch * float64(columns-1) / float64(columns)
		}
		t += blocks * float64(waits) * c.waiting(workers)
		// A worker's rows belong to some sequences, of which it shares the first and the last.
		t += c.keys * (float64(l.rows)/groups + float64(l.longest)) / float64(columns)
	}
	return t
}

// last is the time of the last block, where it computes one row a sequence.
func (c *costs) last(sequences, workers int) float64 {
	if c.lastRow == 0 {
		return 0
	}
	rows, part := ceilDiv(sequences, workers), 1.0
	t := float64(rows) * c.lastAttention
	if each := min(workers/sequences, c.heads); each > 1 {
		t = c.lastAttention * largestPart(c.heads, each)
	}
	if sharesTail(sequences, workers) {
		rows, part = sequences, largestPart(c.panels, workers)
		t += tailWaits * c.waiting(workers)
	}
	return t + max(c.tiles(rows)*c.lastRow, c.lastWeights)*part
}

// waiting is the time of a wait of some workers.
func (c *costs) waiting(workers int) float64 { return c.wait * math.Log2(float64(workers)) }

// largestPart is the largest of the parts into which things are divided, of all of them.
func largestPart(things, parts int) float64 {
	return float64(ceilDiv(things, parts)) / float64(things)
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

// tiles is the cost of a product of some rows, in rows.
func (c *costs) tiles(rows int) float64 {
	whole, rest := rows/c.tile*c.tile, rows%c.tile
	if rest > 0 {
		rest = max(rest, c.lowTile)
	}
	return float64(whole + rest)
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
