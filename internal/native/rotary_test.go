package native

import (
	"fmt"
	"slices"
	"testing"

	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/network/sample"
)

// frequencies falls from 1 by a factor for each pair of elements.
func frequencies(pairs int, factor float64) []float64 {
	f := []float64{1}
	for len(f) < pairs {
		f = append(f, f[len(f)-1]*factor)
	}
	return f
}

// turned gives every block rotary positions, over as much of a head as pairs of elements fit.
func turned(n *network.Network) {
	n.Embeddings.Positions = nil
	for i := range n.Blocks {
		n.Blocks[i].Rotary = &network.Rotary{Frequencies: frequencies(max(1, n.HeadSize/2), 0.5)}
	}
}

// turnedInPart turns two pairs of elements a head, and other ones in the second block.
func turnedInPart(n *network.Network) {
	turned(n)
	n.Blocks[0].Rotary.Frequencies = frequencies(2, 0.3)
	n.Blocks[1].Rotary.Frequencies = frequencies(1, 1)
}

// gated gives every block a gate: its up projection, with the outputs in another order.
func gated(n *network.Network) {
	for i := range n.Blocks {
		b := &n.Blocks[i]
		gate := b.Up
		gate.Weight, gate.Bias = slices.Clone(gate.Weight), slices.Clone(gate.Bias)
		slices.Reverse(gate.Weight)
		slices.Reverse(gate.Bias)
		b.Gate = &gate
	}
}

func preNorm(n *network.Network) {
	n.PreNorm, n.FinalNorm = true, n.Blocks[0].AttentionNorm
}

// windowed bounds what the tokens of all blocks but the first attend to.
func windowed(n *network.Network) {
	for i := range n.Blocks[1:] {
		n.Blocks[1+i].Window = 5 + i
	}
}

func windowedFirst(n *network.Network) { n.Blocks[0].Window = 3 }

func mean(n *network.Network) { n.Head.Pooling = network.MeanToken }

func headNorm(n *network.Network) {
	n.Head.Activation, n.Head.Norm = network.GELU, n.Blocks[0].AttentionNorm
}

// modernBERT makes a network of ModernBERT's kind; gte one of GTE's.
func modernBERT(n *network.Network) {
	for _, change := range []func(*network.Network){turned, gated, preNorm, windowed, headNorm} {
		change(n)
	}
	n.Embeddings.Types, n.Blocks[0].AttentionNorm = nil, nil
	for i := range n.Blocks {
		b := &n.Blocks[i]
		if b.Window > 0 {
			b.Rotary.Frequencies = frequencies(max(1, n.HeadSize/2), 0.8)
		}
	}
}

func modernBERTMean(n *network.Network) {
	modernBERT(n)
	mean(n)
}

func gte(n *network.Network) {
	turned(n)
	gated(n)
}

// TestRotaryNetworksAgreeWithFloat64 tries sequences shorter and longer than windows and than the
// blocks that attention is computed in. Short runs try fewer, since an emulator is slow.
func TestRotaryNetworksAgreeWithFloat64(t *testing.T) {
	kinds := map[string]func(*network.Network){"ModernBERT": modernBERT, "ModernBERT, the mean": modernBERTMean, "GTE": gte}
	shapes, lengths := geometries, []int{1, 2, 5, 6, 7, 16, 17, 48, 49, 64, 97, 100}
	if testing.Short() {
		shapes, lengths = geometries[:2], []int{1, 6, 17, 64}
	}
	for _, g := range shapes {
		for kind, change := range kinds {
			t.Run(fmt.Sprintf("%s/hidden=%d/heads=%d", kind, g.Hidden, g.Heads), func(t *testing.T) {
				n := sample.Network(17, complete(g))
				change(n)
				agreesWithFloat64(t, n, lengths...)
			})
		}
	}
}
