package native

import (
	"math"
	"testing"

	"github.com/crossrank/crossrank/internal/cpu"
	"github.com/crossrank/crossrank/internal/kernel"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/network/sample"
)

// thin is a network of few operations a token, so that long sequences are fast to test.
func thin(change func(*network.Network)) *network.Network {
	n := sample.Network(23, complete(sample.Geometry{
		Hidden: 16, Blocks: 3, Heads: 2, Intermediate: 20, Activation: network.GELU, Labels: 1,
	}))
	change(n)
	return n
}

// TestLongSequencesAgreeWithFloat64 tries sequences that are computed in several blocks of keys,
// and jointly by workers of which only one has memory for them. Short runs try one, since attention
// under an emulator is slow.
func TestLongSequencesAgreeWithFloat64(t *testing.T) {
	lengths := []int{20, dividedTokens + 1, 385, 1500}
	kinds := map[string]func(*network.Network){
		"the mean": modernBERTMean, "no positions": func(n *network.Network) { n.Embeddings.Positions = nil },
	}
	if testing.Short() {
		lengths = lengths[:2]
		clear(kinds)
	}
	kinds["ModernBERT"] = modernBERT
	for name, change := range kinds {
		n := thin(change)
		e := start(t, n, Options{Threads: 3, MaxTokens: 3000})
		seqs := sample.Sequences(24, n, lengths...)
		got := logits(t, e, seqs)
		for i, q := range seqs {
			if want := float64Logit(n, q); !(math.Abs(float64(got[i])-want) <= 1e-4) {
				t.Errorf("%s: %d tokens: logit %g, want %g", name, len(q.IDs), got[i], want)
			}
		}
	}
}

// TestLongSequencesHaveTheSameBits: the longest pair by one worker and by several.
func TestLongSequencesHaveTheSameBits(t *testing.T) {
	longest := 8192
	if testing.Short() || cpu.Tiers()[0] == cpu.Generic {
		longest = dividedTokens + 50
	}
	n := thin(modernBERT)
	seqs := sample.Sequences(25, n, longest, 700, 30)
	for _, precision := range Precisions {
		want := logits(t, start(t, n, Options{Threads: 1, Precision: precision, MaxTokens: longest}), seqs)
		e := start(t, n, Options{Threads: 3, Precision: precision, MaxTokens: longest})
		for i, got := range logits(t, e, seqs) {
			if got != want[i] {
				t.Errorf("%s, %d tokens: %g by three workers, %g by one", precision, len(seqs[i].IDs), got, want[i])
			}
			if alone := logits(t, e, seqs[i:i+1])[0]; alone != want[i] {
				t.Errorf("%s, %d tokens: %g alone, %g in a batch", precision, len(seqs[i].IDs), alone, want[i])
			}
		}
		out := make([]float32, len(seqs))
		if allocs := testing.AllocsPerRun(1, func() { e.Logits(seqs, out) }); allocs != 0 {
			t.Errorf("%s: %v allocations a batch, want none", precision, allocs)
		}
	}
}

// TestMemoryOfLongSequences: what workers have for sequences grows with their length, not with its
// square, and together they have no more activations than the longest sequence needs, or each of
// them one of 1,024 tokens.
func TestMemoryOfLongSequences(t *testing.T) {
	n := thin(modernBERT)
	for workers, rows := range map[int]int{1: 8192 + kernel.Width, 2: 8192 + kernel.Width, 16: 16 * (dividedTokens + kernel.Width)} {
		e := start(t, n, Options{Threads: workers, MaxTokens: 8192})
		if got, want := len(e.memory.all.qkv), rows*e.model.projected; got != want {
			t.Errorf("%d workers have %d elements of qkv, want %d", workers, got, want)
		}
	}
	short := start(t, n, Options{Threads: 1, MaxTokens: 1024}).workers[0].workspace.attention
	if long := start(t, n, Options{Threads: 1, MaxTokens: 8192}).workers[0].workspace.attention; len(long) > 8*len(short) {
		t.Errorf("attention over 8 times as many tokens has %d elements, more than 8 times %d", len(long), len(short))
	}
}
