// Package sample makes small networks with random weights: for tests of executors, and for the
// self-test of a backend, which needs a network that is always there.
package sample

import (
	"math"
	"math/rand/v2"

	"github.com/crossrank/crossrank/internal/network"
)

// Geometry is the size of a network. All fields are needed.
type Geometry struct {
	Hidden, Blocks, Heads, Intermediate int
	Tokens, Positions                   int // rows of the embeddings
	Activation                          network.Activation
	Labels                              int // 1 or 2
}

// Network makes a network of BERT's kind, whose weights depend on the seed and the geometry alone.
// They are large enough that attention is peaked and logits differ.
func Network(seed uint64, g Geometry) *network.Network {
	s := source{rand.New(rand.NewPCG(seed, 1))}
	size := g.Hidden / g.Heads
	n := &network.Network{
		Hidden: g.Hidden, Heads: g.Heads, KVHeads: g.Heads, HeadSize: size, Intermediate: g.Intermediate,
		AttentionScale: float32(1 / math.Sqrt(float64(size))),
		Activation:     g.Activation,
		Embeddings: network.Embeddings{
			Tokens:    s.table(g.Tokens, g.Hidden, 1),
			Positions: &network.Positions{Table: s.table(g.Positions, g.Hidden, 0.5)},
			Norm:      s.norm(g.Hidden),
		},
	}
	types := s.table(2, g.Hidden, 0.5)
	n.Embeddings.Types = &types
	for range g.Blocks {
		n.Blocks = append(n.Blocks, s.block(g))
	}
	dense := s.linear(g.Hidden, g.Hidden)
	n.Head = network.Head{
		Pooling: network.FirstToken, Dense: &dense, Activation: network.Tanh, Output: s.linear(g.Hidden, g.Labels),
	}
	return n
}

// Sequences makes sequences of the given lengths for n, of random tokens with random type
// boundaries.
func Sequences(seed uint64, n *network.Network, lengths ...int) []network.Sequence {
	rng := rand.New(rand.NewPCG(seed, 2))
	seqs := make([]network.Sequence, len(lengths))
	for i, length := range lengths {
		seqs[i] = network.Sequence{IDs: make([]int32, length), TypeBoundary: rng.IntN(length + 1)}
		for j := range seqs[i].IDs {
			seqs[i].IDs[j] = rng.Int32N(int32(n.Embeddings.Tokens.Rows))
		}
	}
	return seqs
}

type source struct{ *rand.Rand }

func (s source) block(g Geometry) network.Block {
	return network.Block{
		Query: s.linear(g.Hidden, g.Hidden), Key: s.linear(g.Hidden, g.Hidden), Value: s.linear(g.Hidden, g.Hidden),
		AttentionOutput: s.linear(g.Hidden, g.Hidden), AttentionNorm: s.norm(g.Hidden),
		Up: s.linear(g.Hidden, g.Intermediate), Down: s.linear(g.Intermediate, g.Hidden), FeedForwardNorm: s.norm(g.Hidden),
	}
}

func (s source) values(n int, mean, scale float64) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(mean + s.NormFloat64()*scale)
	}
	return x
}

func (s source) table(rows, width int, scale float64) network.Table {
	return network.Table{Rows: rows, Width: width, Data: s.values(rows*width, 0, scale)}
}

func (s source) linear(in, out int) network.Linear {
	return network.Linear{
		In: in, Out: out,
		Weight: s.values(in*out, 0, 1.5/math.Sqrt(float64(in))), Bias: s.values(out, 0, 0.2),
	}
}

func (s source) norm(width int) *network.Norm {
	return &network.Norm{Eps: 1e-12, Weight: s.values(width, 1, 0.1), Bias: s.values(width, 0, 0.1)}
}
