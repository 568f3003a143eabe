package onnx

import (
	"cmp"
	"slices"

	"github.com/crossrank/crossrank/internal/network"
)

// Sequences of one run are padded to the same length, so a batch is divided into runs of similar
// lengths. Shorter sequences join a run while most of what they add is tokens.
const (
	lengthStep   = 8        // lengths are rounded up to a multiple, so that few differ
	maxPadded    = 0.2      // of a run's rows, at most so many are padding,
	freePadding  = 8        // or so many a sequence
	maxRunTokens = 16384    // of a run, padding included
	maxProducts  = 64 << 20 // of queries with keys in one block of a run
)

// run is sequences that are computed together, as indexes, and the length that they are padded to.
type run struct {
	sequences []int
	length    int
}

// divide divides a batch into runs, the longest sequences first. maxTokens limits a length.
func divide(seqs []network.Sequence, heads, maxTokens int) []run {
	order := make([]int, len(seqs))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(seqs[b].Rows(), seqs[a].Rows()) })
	var runs []run
	rows := 0 // of the last run, without its padding
	for _, i := range order {
		if n := len(runs) - 1; n >= 0 && runs[n].admits(rows+seqs[i].Rows(), heads) {
			runs[n].sequences = append(runs[n].sequences, i)
			rows += seqs[i].Rows()
			continue
		}
		rows = seqs[i].Rows()
		length := min((rows+lengthStep-1)/lengthStep*lengthStep, maxTokens)
		runs = append(runs, run{[]int{i}, length})
	}
	return runs
}

// admits reports whether a run may have one more sequence, all having so many rows then.
func (r run) admits(rows, heads int) bool {
	n := len(r.sequences) + 1
	all := n * r.length
	return all <= maxRunTokens && all*r.length*heads <= maxProducts &&
		float64(all-rows) <= max(maxPadded*float64(all), freePadding*float64(n))
}
