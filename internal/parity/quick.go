package parity

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/crossrank/crossrank/internal/cpu"
	"github.com/crossrank/crossrank/internal/native"
	"github.com/crossrank/crossrank/internal/network"
)

// Quick is what [Check] is for the start of a server: one short pair, on the engine in use alone.
// Plain Go reads the same packed weights in the same precision, so nothing is packed again.
type Quick struct {
	Tier      cpu.Tier
	Precision native.Precision

	Largest float64 // difference of two logits; NaN if one is no number
	Limit   float64

	// Blocks is how many of the network's blocks both computed. There is time for all of a small
	// network, for some of a large one, and for none of a very large one: then nothing was
	// compared. Nothing is compared either where plain Go itself is in use, or where it cannot read
	// the weights: then AllBlocks is 0.
	Blocks, AllBlocks int
}

// A multiplication in plain Go takes 0.8 ns in fp32 and 1.2 ns in int8 on a core of 2022, so these
// many take 120 and 180 ms.
const (
	quickTokens = 8
	quickCost   = 150_000_000 // multiplications of one core
)

// quickCopies is how often each core of the engine in use computes the pair in one batch, so that
// kernels for many rows are used too.
const quickCopies = 4

// quickLimits are the most by which logits may differ. Where activations are rounded, one near the
// middle of two steps may fall on another one. What follows is computed from that, so the
// difference grows from block to block, and no more than two blocks are computed one after the
// other.
var quickLimits = map[native.Precision]float64{
	native.FP32: fp32Limit, native.FP16: fp32Limit, native.BF16: fp32Limit, native.BF16Dot: 0.2, native.INT8: 0.5,
}

// CheckQuick compares the logits of an engine for the first tokens of a pair with those of plain
// Go, in about 200 ms at most. A difference is no error, see [Quick.Err].
func CheckQuick(e *native.Engine, pair network.Sequence) (Quick, error) {
	q := Quick{Tier: cpu.Tier(e.Tier()), Precision: e.Precision(), AllBlocks: e.Blocks()}
	q.Limit = quickLimits[q.Precision]
	pair = shorten(pair)
	cores := min(e.Threads(), quickTokens/2) // more cannot divide so few tokens
	chains := q.chains(affordable(e.Blocks(), e.BlockCost()*len(pair.IDs), cores))
	if q.Tier == cpu.Generic || len(chains) == 0 {
		return q, nil
	}
	open := func(plain bool, threads int) opener {
		return func(blocks []int) (scorer, error) { return e.Reduced(blocks, plain, threads) }
	}
	err := q.compare(open(false, e.Threads()), open(true, cores), chains, slices.Repeat([]network.Sequence{pair}, quickCopies*e.Threads()))
	return q, err
}

// Skipped reports whether the network is too large to be compared with plain Go at all.
func (q Quick) Skipped() bool { return q.Blocks == 0 && q.AllBlocks > 0 && q.Tier != cpu.Generic }

// chains lists the blocks to be computed one after the other, of so many that there is time for:
// spread over the network, the last one always among them. A chain of one block is enough only for
// a network of one.
func (q Quick) chains(blocks int) [][]int {
	if blocks < min(2, q.AllBlocks) {
		return nil
	}
	var chain []int
	for i := 1; i <= blocks; i++ {
		chain = append(chain, i*q.AllBlocks/blocks-1)
	}
	if !roundsActivations(q.Precision) || blocks <= 2 {
		return [][]int{chain}
	}
	var pairs [][]int
	for _, i := range chain[:blocks-1] {
		pairs = append(pairs, []int{i, chain[blocks-1]})
	}
	return pairs
}

// Err says what is wrong and what to do, if the difference is more than rounding explains.
func (q Quick) Err() error {
	if q.Largest <= q.Limit {
		return nil
	}
	return fmt.Errorf("on the instruction tier %s in %s a logit differs by %.2g from plain Go's, more than the %.2g that rounding "+
		"explains, so this machine or this build computes wrong scores; set %s to a lower tier (%s), and report the machine",
		q.Tier, q.Precision, q.Largest, q.Limit, cpu.Variable, below(q.Tier, cpu.Tiers()))
}

// below lists the tiers after one of them.
func below(tier cpu.Tier, tiers []cpu.Tier) string {
	var names []string
	for _, lower := range tiers[slices.Index(tiers, tier)+1:] {
		names = append(names, string(lower))
	}
	return strings.Join(names, ", ")
}

// scorer computes logits, as a [native.Engine] does.
type scorer interface {
	Logits(seqs []network.Sequence, out []float32) error
	Close() error
}

// opener opens an engine of some blocks.
type opener func(blocks []int) (scorer, error)

// compare computes copies of one pair with each chain of blocks, all of them by fast and one in
// plain Go, and keeps the largest difference.
func (q *Quick) compare(fast, plain opener, chains [][]int, copies []network.Sequence) error {
	compared := map[int]bool{}
	for _, blocks := range chains {
		want, err := logitsOf(plain, blocks, copies[:1])
		if err != nil {
			return fmt.Errorf("computing a pair in plain Go: %w", err)
		}
		got, err := logitsOf(fast, blocks, copies)
		if err != nil {
			return fmt.Errorf("computing a pair: %w", err)
		}
		diff, _ := largest(got, slices.Repeat(want, len(copies)))
		q.Largest = max(q.Largest, diff) // NaN if either is
		for _, i := range blocks {
			compared[i] = true
		}
	}
	q.Blocks = len(compared)
	return nil
}

func logitsOf(open opener, blocks []int, seqs []network.Sequence) (logits []float32, err error) {
	e, err := open(blocks)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	logits = make([]float32, len(seqs))
	return logits, e.Logits(seqs, logits)
}

// shorten cuts a pair to its first tokens.
func shorten(q network.Sequence) network.Sequence {
	q.IDs = q.IDs[:min(len(q.IDs), quickTokens)]
	q.TypeBoundary = min(q.TypeBoundary, len(q.IDs))
	return q
}

// affordable is how many of so many blocks plain Go can compute on some cores, at a cost of each.
func affordable(blocks, cost, cores int) int { return min(blocks, quickCost*cores/max(1, cost)) }
