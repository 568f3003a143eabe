package onnx

import (
	"maps"
	"math"
	"slices"
	"sync"

	"github.com/crossrank/crossrank/internal/network"
)

// feeds makes the inputs of padded batches of one network. It is safe for concurrent use.
type feeds struct {
	n     *network.Network
	turns []*network.Rotary

	mu       sync.Mutex
	byLength map[int]map[string]*tensor // what depends on the length alone
}

func newFeeds(n *network.Network) *feeds {
	return &feeds{n: n, turns: turnTables(n), byLength: map[int]map[string]*tensor{}}
}

// maxLengths is for how many lengths inputs are kept. Lengths are rounded up, so that there are
// few.
const maxLengths = 64

// make is the inputs of sequences, padded to a length.
func (f *feeds) make(seqs []network.Sequence, length int) map[string]*tensor {
	b, s := int64(len(seqs)), int64(length)
	cells := len(seqs) * length
	ids, types, positions := make([]int64, cells), make([]int64, cells), make([]int64, cells)
	mask, shares := make([]bool, cells), make([]float32, cells)
	picked, pickedAt := make([]int64, len(seqs)), make([]int64, len(seqs))
	for i, q := range seqs {
		low, tokens := i*length, len(q.IDs)
		for j, id := range q.IDs {
			ids[low+j], mask[low+j], shares[low+j] = int64(id), true, 1/float32(tokens)
			if j >= q.TypeBoundary && f.n.Embeddings.Types != nil && f.n.Embeddings.Types.Rows > 1 {
				types[low+j] = 1
			}
		}
		f.positions(positions[low:low+length], q.IDs)
		if f.n.Head.Pooling == network.LastToken {
			pickedAt[i] = int64(tokens - 1)
		}
		picked[i] = int64(low) + pickedAt[i]
	}
	all := maps.Clone(f.ofLength(length))
	all[inputIDs], all[inputTypes] = tensorOf(int64s, ids, b, s), tensorOf(int64s, types, b, s)
	all[inputPositions] = tensorOf(int64s, positions, b, s)
	all[inputMask], all[inputShares] = tensorOf(bools, mask, b, s), tensorOf(float32s, shares, b, 1, s)
	all[inputPicked], all[inputPickedAt] = tensorOf(int64s, picked, b), tensorOf(int64s, pickedAt, b)
	return all
}

// positions are the rows of the learned positions, see [network.Positions].
func (f *feeds) positions(rows []int64, ids []int32) {
	p := f.n.Embeddings.Positions
	if p == nil {
		return
	}
	counted := 0
	for i := range rows {
		if i < len(ids) && p.Offset > 0 && int(ids[i]) == p.Offset-1 {
			rows[i] = int64(p.Offset - 1)
			continue
		}
		rows[i] = int64(min(counted+p.Offset, p.Table.Rows-1))
		counted++
	}
}

// ofLength is perLength, computed once.
func (f *feeds) ofLength(length int) map[string]*tensor {
	f.mu.Lock()
	defer f.mu.Unlock()
	all, ok := f.byLength[length]
	if !ok {
		if len(f.byLength) >= maxLengths {
			clear(f.byLength)
		}
		all = f.perLength(length)
		f.byLength[length] = all
	}
	return all
}

// perLength is the inputs that depend on the length alone.
func (f *feeds) perLength(length int) map[string]*tensor {
	s := int64(length)
	all := map[string]*tensor{}
	steps := make([]int64, length)
	for i := range steps {
		steps[i] = int64(i)
	}
	all[inputSteps] = tensorOf(int64s, steps, s)
	for table, rotary := range f.turns {
		cos, sin := turns(rotary, length)
		all[inputTurn("cos", table)] = tensorOf(float32s, cos, s, int64(len(rotary.Frequencies)))
		all[inputTurn("sin", table)] = tensorOf(float32s, sin, s, int64(len(rotary.Frequencies)))
	}
	if r := f.n.Relative; r != nil {
		queries, keys := pairRows(r, length)
		all[inputQueryRows], all[inputKeyRows] = tensorOf(int64s, queries, s, s), tensorOf(int64s, keys, s, s)
	}
	return all
}

// turns are the cosines and sines of the angles of each position.
func turns(r *network.Rotary, length int) (cos, sin []float32) {
	for position := range length {
		for _, frequency := range r.Frequencies {
			sine, cosine := math.Sincos(float64(position) * frequency)
			cos, sin = append(cos, float32(cosine)), append(sin, float32(sine))
		}
	}
	return cos, sin
}

// pairRows says where the tokens i and j find the row of their distance: among the products of all
// queries with all rows, and among those of all keys.
func pairRows(r *network.Relative, length int) (queries, keys []int64) {
	middle := len(r.Rows) / 2
	for i := range length {
		for j := range length {
			row := int(r.Rows[min(max(middle+i-j, 0), len(r.Rows)-1)])
			queries = append(queries, int64(i*r.Table.Rows+row))
			keys = append(keys, int64(j*r.Table.Rows+row))
		}
	}
	return queries, keys
}

// turnTables are the different rotary positions of a network's blocks.
func turnTables(n *network.Network) (tables []*network.Rotary) {
	for i := range n.Blocks {
		r := n.Blocks[i].Rotary
		if r != nil && !slices.ContainsFunc(tables, func(t *network.Rotary) bool { return sameTurns(t, r) }) {
			tables = append(tables, r)
		}
	}
	return tables
}

// turnTable is the number of a block's rotary positions among turnTables.
func turnTable(n *network.Network, r *network.Rotary) int {
	return slices.IndexFunc(turnTables(n), func(t *network.Rotary) bool { return sameTurns(t, r) })
}

func sameTurns(a, b *network.Rotary) bool { return slices.Equal(a.Frequencies, b.Frequencies) }
