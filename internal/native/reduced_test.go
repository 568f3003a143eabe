package native

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/cpu"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/network/sample"
)

// TestReduced compares a reduced engine with a network that has only those blocks. In plain Go it
// computes the same in floats, and nearly the same where activations are rounded, since a last bit
// may then become a whole step.
func TestReduced(t *testing.T) {
	n := sample.Network(3, sample.Geometry{
		Hidden: 48, Blocks: 5, Heads: 3, Intermediate: 100, Tokens: 50, Positions: 300, Activation: network.GELU, Labels: 1,
	})
	seqs := sample.Sequences(4, n, 3, 17, 40)
	for _, precision := range Precisions {
		for _, tier := range cpu.Tiers() {
			e := start(t, n, Options{Precision: precision, Threads: 2, Tier: tier})
			for _, blocks := range [][]int{{4}, {1, 4}, {0, 2, 4}, {0, 1, 2, 3, 4}} {
				less := *n
				less.Blocks = nil
				for _, i := range blocks {
					less.Blocks = append(less.Blocks, n.Blocks[i])
				}
				want := logits(t, start(t, &less, Options{Precision: precision, Threads: 1, Tier: tier}), seqs)
				if got := reduced(t, e, blocks, false, seqs); !slices.Equal(got, want) {
					t.Errorf("%s %s, blocks %v: got %v, want %v", tier, precision, blocks, got, want)
				}
				most := 1e-5
				if precision == INT8 || precision == BF16Dot {
					most = 0.1
				}
				for i, got := range reduced(t, e, blocks, true, seqs) {
					if !(math.Abs(float64(got-want[i])) <= most) {
						t.Errorf("%s %s, blocks %v in plain Go: got %v, want %v", tier, precision, blocks, got, want[i])
					}
				}
			}
			if got, want := e.BlockCost(), 4*48*48+2*48*100; got != want {
				t.Errorf("%s: a block costs %d multiplications a token, want %d", precision, got, want)
			}
			for _, blocks := range [][]int{nil, {0, 3}} {
				if _, err := e.Reduced(blocks, true, 1); err == nil || !strings.Contains(err.Error(), "the last one, 4") {
					t.Errorf("%v: got error %v", blocks, err)
				}
			}
		}
	}
}

func reduced(t *testing.T, e *Engine, blocks []int, plain bool, seqs []network.Sequence) []float32 {
	t.Helper()
	r, err := e.Reduced(blocks, plain, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	return logits(t, r, seqs)
}
