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

// maxLogits is how many logits of tokens a run may have, unless it has one sequence: 0.27 GB in fp32,
// of which the library keeps about twice as much.
const maxLogits = 64 << 20

// run is sequences that are computed together, as indexes, and the length that they are padded to.
type run struct {
	sequences []int
	length    int
}

// division says how batches of a model are divided.
type division struct {
	heads     int     // whose products of queries and keys are counted
	maxTokens int     // limits a length
	padding   padding // which sequences may be in one run
	logits    int     // that each token has in the output, its padding too; 0: a sequence has one result
}

// divide divides a batch into runs, the longest sequences first.
func (d division) divide(seqs []network.Sequence) []run {
	order := make([]int, len(seqs))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(seqs[b].Rows(), seqs[a].Rows()) })
	var runs []run
	all := 0 // rows of the last run, without its padding
	for _, i := range order {
		rows := seqs[i].Rows()
		if n := len(runs) - 1; n >= 0 && d.admits(runs[n], all, rows) {
			runs[n].sequences = append(runs[n].sequences, i)
			all += rows
			continue
		}
		all = rows
		runs = append(runs, run{[]int{i}, d.length(rows)})
	}
	return runs
}

// length is what a run is padded to whose longest sequence has so many rows.
func (d division) length(rows int) int {
	if !d.padding.allowed() {
		return rows
	}
	return min((rows+lengthStep-1)/lengthStep*lengthStep, d.maxTokens)
}

// admits reports whether a run may have one more sequence, beside those with so many rows.
func (d division) admits(r run, before, rows int) bool {
	if d.padding == alone || d.padding == sameLength && rows != r.length {
		return false
	}
	n := len(r.sequences) + 1
	all := n * r.length
	return all <= maxRunTokens && all*r.length*d.heads <= maxProducts && all*d.logits <= maxLogits &&
		float64(all-before-rows) <= max(maxPadded*float64(all), freePadding*float64(n))
}
