package native

import (
	"math"
	"slices"
	"testing"

	"github.com/crossrank/crossrank/internal/cpu"
	"github.com/crossrank/crossrank/internal/network/sample"
)

// otherOrder are the tiers whose instructions add the products of bf16-dot in an order of their
// own, and plain Go, whose other kernels round otherwise.
var otherOrder = []cpu.Tier{cpu.AMX, cpu.NEONBF16, cpu.Generic}

// TestDotTiersAgree: in bf16-dot the other tiers of an architecture have the same logits, bit for
// bit, whether they have instructions for its products or not. Those of otherOrder are near.
func TestDotTiersAgree(t *testing.T) {
	n := smallNetwork()
	seqs := sample.Sequences(2, n, 5, 17, 40, 60)
	byTier := map[cpu.Tier][]float32{}
	var want []float32
	for _, tier := range cpu.Tiers() {
		got := logits(t, start(t, n, Options{Threads: 1, Precision: BF16Dot, Tier: tier}), seqs)
		byTier[tier] = got
		switch {
		case slices.Contains(otherOrder, tier):
		case want == nil:
			want = got
		case !slices.Equal(got, want):
			t.Errorf("%s: got %v, want the bits of the others, %v", tier, got, want)
		}
	}
	if want == nil {
		t.Skip("this machine has no tier but plain Go")
	}
	for _, tier := range otherOrder {
		for i, got := range byTier[tier] {
			if !(math.Abs(float64(got-want[i])) <= 0.02) {
				t.Errorf("%s: logit %d is %g, want nearly %g", tier, i, got, want[i])
			}
		}
	}
}

// TestDotRoundsActivations: bf16-dot differs from bf16, whose weights it has.
func TestDotRoundsActivations(t *testing.T) {
	n := smallNetwork()
	seqs := sample.Sequences(2, n, 5, 17, 40, 60)
	held := logits(t, start(t, n, Options{Threads: 1, Precision: BF16}), seqs)
	both := logits(t, start(t, n, Options{Threads: 1, Precision: BF16Dot}), seqs)
	for i := range held {
		if d := math.Abs(float64(both[i] - held[i])); d == 0 || !(d <= 0.1) {
			t.Errorf("sequence %d: got %g in bf16-dot and %g in bf16; want some difference, at most 0.1", i, both[i], held[i])
		}
	}
}
