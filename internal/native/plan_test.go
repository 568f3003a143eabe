package native

import (
	"fmt"
	"testing"

	"github.com/crossrank/crossrank/internal/network"
)

// sequences have the given numbers of tokens.
func sequences(lengths ...int) []network.Sequence {
	var seqs []network.Sequence
	for _, n := range lengths {
		seqs = append(seqs, network.Sequence{IDs: make([]int32, n)})
	}
	return seqs
}

// spreadLengths are n lengths from 40 to 120 tokens, in no order.
func spreadLengths(n int) []int {
	var all []int
	for i := range n {
		all = append(all, 40+(i*37%n)*80/max(1, n-1))
	}
	return all
}

// miniLMCosts are those of MiniLM-L-6 in fp32 and in int8, with AVX-512 and VNNI.
var miniLMCosts = map[Precision]costs{
	FP32: {
		tile: 12, lowTile: 4, weights: 11, wait: 0.011, waits: 8, keys: 0.028, quadratic: 1594,
		mostColumns: 12, gridWaits: 27, heads: 12, panels: 24, fetch: 0.095,
		lastAttention: 0.78, lastRow: 0.15, lastWeights: 2.34,
	},
	INT8: {
		tile: 12, lowTile: 2, weights: 8, wait: 0.035, waits: 8, keys: 0.09, quadratic: 501,
		mostColumns: 12, gridWaits: 27, heads: 12, panels: 24, fetch: 0.3,
		lastAttention: 2.48, lastRow: 0.15, lastWeights: 1.86,
	},
}

// TestPlans shows what is chosen for batches of MiniLM: teams × workers of a team.
func TestPlans(t *testing.T) {
	repeat := func(n, length int) []int {
		var all []int
		for range n {
			all = append(all, length)
		}
		return all
	}
	for _, c := range []struct {
		name    string
		workers int
		lengths []int
		fp32    string
		int8    string
	}{
		{"nothing", 4, nil, "1 × 1", "1 × 1"},
		{"one worker", 1, spreadLengths(32), "1 × 1", "1 × 1"},
		{"one pair on two", 2, []int{80}, "1 × 2", "1 × 2"},
		{"two alike on two", 2, []int{80, 80}, "2 × 1", "2 × 1"},
		{"one long, one short", 2, []int{200, 20}, "1 × 2", "1 × 2"},
		{"three alike on two", 2, []int{80, 80, 80}, "1 × 2", "1 × 2"},
		{"many on two", 2, spreadLengths(32), "2 × 1", "2 × 1"},
		{"a few tokens on many", 64, []int{6}, "1 × 16 in 8 columns", "1 × 16 in 8 columns"},
		{"one pair on 16", 16, []int{80}, "1 × 16 in 4 columns", "1 × 16 in 2 columns"},
		{"one pair on 8", 8, []int{80}, "1 × 8 in 2 columns", "1 × 8"},
		{"one pair on 64", 64, []int{80}, "1 × 64 in 8 columns", "1 × 64 in 8 columns"},
		{"a short pair on 64", 64, []int{20}, "1 × 32 in 8 columns", "1 × 32 in 8 columns"},
		{"a long pair on 64", 64, []int{500}, "1 × 64 in 4 columns", "1 × 64 in 4 columns"},
		{"a long pair on 8", 8, []int{500}, "1 × 8", "1 × 8"},
		{"32 pairs on 4", 4, spreadLengths(32), "4 × 1", "4 × 1"},
		{"32 pairs on 16", 16, spreadLengths(32), "16 × 1", "16 × 1"},
		{"32 alike on 32", 32, repeat(32, 80), "32 × 1", "32 × 1"},
		{"32 alike on 64", 64, repeat(32, 80), "32 × 2", "32 × 2"},
		{"32 pairs on 64", 64, spreadLengths(32), "16 × 4", "16 × 4"},
		{"512 pairs on 64", 64, spreadLengths(512), "64 × 1", "64 × 1"},
		{"one too long for a worker's memory", 4, []int{2000, 2000}, "2 × 2", "2 × 2"},
		{"one too long for any part", 4, []int{5000, 500, 500, 500, 3500}, "1 × 4", "1 × 4"},
	} {
		seqs := sequences(c.lengths...)
		for precision, want := range map[Precision]string{FP32: c.fp32, INT8: c.int8} {
			p := planner{costs: miniLMCosts[precision], loads: make([]load, c.workers)}
			e := Engine{planner: p}
			e.sort(inputsOf(seqs))
			got := p.choose(inputsOf(seqs), e.order, c.workers, dividedTokens)
			s := fmt.Sprintf("%d × %d", got.teams, got.size)
			if got.columns > 1 {
				s += fmt.Sprintf(" in %d columns", got.columns)
			}
			if s != want {
				t.Errorf("%s, %s: got %s, want %s", c.name, precision, s, want)
			}
		}
	}
}

// TestTiles shows the cost of products of few rows.
func TestTiles(t *testing.T) {
	c := costs{tile: 6, lowTile: 4}
	for rows, want := range map[int]float64{0: 0, 1: 4, 4: 4, 5: 5, 6: 6, 7: 10, 10: 10, 11: 11, 12: 12, 40: 40, 80: 82} {
		if got := c.tiles(rows); got != want {
			t.Errorf("%d rows: got %g, want %g", rows, got, want)
		}
	}
}
