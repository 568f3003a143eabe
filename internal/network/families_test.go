package network_test

import (
	"slices"
	"testing"

	"github.com/crossrank/crossrank/internal/network"
)

// The sizes of the families below, each different so that a shape in the wrong place does not fit.
const (
	hidden, heads, size, intermediate, vocab, positions = 12, 3, 4, 10, 20, 30

	all = heads * size
)

func table(rows, width int) network.Table {
	return network.Table{Rows: rows, Width: width, Data: make([]float32, rows*width)}
}

func linear(in, out int) network.Linear {
	return network.Linear{In: in, Out: out, Weight: make([]float32, in*out), Bias: make([]float32, out)}
}

func noBias(in, out int) network.Linear {
	l := linear(in, out)
	l.Bias = nil
	return l
}

func layerNorm(width int) *network.Norm {
	return &network.Norm{Eps: 1e-5, Weight: make([]float32, width), Bias: make([]float32, width)}
}

func rmsNorm(width int) *network.Norm {
	return &network.Norm{RMS: true, Eps: 1e-6, Weight: make([]float32, width)}
}

// postNorm is BERT's kind of encoder, with tanh in its head.
func postNorm() *network.Network {
	n := &network.Network{
		Hidden: hidden, Heads: heads, KVHeads: heads, HeadSize: size, Intermediate: intermediate, AttentionScale: 0.5,
		Activation: network.GELU,
		Embeddings: network.Embeddings{
			Tokens:    table(vocab, hidden),
			Positions: &network.Positions{Table: table(positions, hidden)},
			Types:     new(table(2, hidden)),
			Norm:      layerNorm(hidden),
		},
		Head: network.Head{
			Pooling: network.FirstToken, Dense: new(linear(hidden, hidden)), Activation: network.Tanh, Output: linear(hidden, 1),
		},
	}
	for range 2 {
		n.Blocks = append(n.Blocks, network.Block{
			Query: linear(hidden, all), Key: linear(hidden, all), Value: linear(hidden, all), AttentionOutput: linear(all, hidden),
			AttentionNorm: layerNorm(hidden), Up: linear(hidden, intermediate), Down: linear(intermediate, hidden),
			FeedForwardNorm: layerNorm(hidden),
		})
	}
	return n
}

// preNorm is an encoder of pre-norm blocks with rotary positions and gated feed-forward layers,
// without biases.
func preNorm(norm func(int) *network.Norm, kvHeads int) *network.Network {
	n := postNorm()
	n.PreNorm, n.KVHeads, n.Embeddings.Positions, n.Embeddings.Types = true, kvHeads, nil, nil
	n.FinalNorm = norm(hidden)
	for i := range n.Blocks {
		n.Blocks[i] = network.Block{
			AttentionNorm: norm(hidden), Query: noBias(hidden, all), Key: noBias(hidden, kvHeads*size),
			Value: noBias(hidden, kvHeads*size), AttentionOutput: noBias(all, hidden),
			Rotary: &network.Rotary{Frequencies: []float64{1, 0.01}}, FeedForwardNorm: norm(hidden),
			Gate: new(noBias(hidden, intermediate)), Up: noBias(hidden, intermediate), Down: noBias(intermediate, hidden),
		}
	}
	return n
}

func roberta() *network.Network {
	n := postNorm()
	n.Embeddings.Positions.Offset, n.Embeddings.Types = 2, new(table(1, hidden))
	return n
}

func electra() *network.Network {
	n := postNorm()
	n.Embeddings = network.Embeddings{
		Tokens: table(vocab, 5), Positions: &network.Positions{Table: table(positions, 5)}, Types: new(table(2, 5)),
		Norm: layerNorm(5), Projection: new(linear(5, hidden)),
	}
	n.Head.Activation = network.GELU
	return n
}

func distilBERT() *network.Network {
	n := postNorm()
	n.Embeddings.Types, n.Head.Activation = nil, network.ReLU
	return n
}

func modernBERT() *network.Network {
	n := preNorm(func(width int) *network.Norm { return &network.Norm{Eps: 1e-5, Weight: make([]float32, width)} }, heads)
	n.Blocks[0].AttentionNorm, n.Blocks[1].Window = nil, 64
	n.Blocks[1].Rotary = &network.Rotary{Frequencies: []float64{1, 0.1}} // another base for local blocks
	n.Head = network.Head{
		Pooling: network.MeanToken, Dense: new(noBias(hidden, hidden)), Activation: network.GELU, Norm: layerNorm(hidden),
		Output: linear(hidden, 1),
	}
	return n
}

// gte is GTE's "new" architecture: post-norm, rotary and gated.
func gte() *network.Network {
	n := postNorm()
	n.Embeddings.Positions = nil
	for i := range n.Blocks {
		n.Blocks[i].Rotary = &network.Rotary{Frequencies: []float64{1, 0.01}}
		n.Blocks[i].Gate = new(noBias(hidden, intermediate))
	}
	return n
}

func deBERTa() *network.Network {
	n := postNorm()
	n.Embeddings.Positions, n.Embeddings.Types, n.Head.Activation = nil, nil, network.GELU
	n.Relative = &network.Relative{
		Table: table(8, hidden), Norm: layerNorm(hidden), Rows: []int32{0, 2, 4, 6, 7},
		ContentToPosition: true, PositionToContent: true,
	}
	for i := range n.Blocks { // share_att_key: the projections of the contents serve the positions too
		n.Blocks[i].PositionKey, n.Blocks[i].PositionQuery = &n.Blocks[i].Key, &n.Blocks[i].Query
	}
	return n
}

// qwen3 scores with the logits of two named tokens, rows of its output embedding.
func qwen3() *network.Network {
	n := preNorm(rmsNorm, 1)
	n.Causal, n.Activation, n.Embeddings.Norm = true, network.SiLU, nil
	for i := range n.Blocks {
		n.Blocks[i].QueryNorm, n.Blocks[i].KeyNorm = rmsNorm(size), rmsNorm(size)
	}
	n.Head = network.Head{Pooling: network.LastToken, Output: noBias(hidden, 2)}
	return n
}

func qwen2() *network.Network {
	n := qwen3()
	for i := range n.Blocks {
		b := &n.Blocks[i]
		b.QueryNorm, b.KeyNorm = nil, nil
		b.Query, b.Key, b.Value = linear(hidden, all), linear(hidden, size), linear(hidden, size)
	}
	n.Head.Output = noBias(hidden, 1) // converted to a classifier
	return n
}

// TestFamilies describes each family of rerankers that is in common use: the description is valid,
// and it names the operations that an executor needs for it.
func TestFamilies(t *testing.T) {
	bertNeeds := []network.Operation{
		network.PostNormBlocks, network.LayerNorm, network.FeedForward(network.GELU), network.HeadReads(network.FirstToken),
		network.HeadWith(network.Tanh),
	}
	without := func(ops []network.Operation, op network.Operation) []network.Operation {
		return slices.DeleteFunc(slices.Clone(ops), func(o network.Operation) bool { return o == op })
	}
	bare := without(bertNeeds, network.HeadWith(network.Tanh))
	qwenNeeds := []network.Operation{
		network.NoEmbeddingNorm, network.NoPositions, network.PreNormBlocks, network.RMSNorm, network.GroupedHeads,
		network.CausalAttention, network.FeedForward(network.SiLU), network.RotaryPositions, network.GatedFeedForward,
		network.FinalNorm, network.HeadReads(network.LastToken), network.NoHeadDense, network.HeadWith(network.NoActivation),
	}
	for _, c := range []struct {
		name string
		n    *network.Network
		want []network.Operation
	}{
		{"BERT", postNorm(), bertNeeds},
		{"RoBERTa and XLM-RoBERTa", roberta(), append(slices.Clone(bertNeeds), network.PositionOffset)},
		{"ELECTRA", electra(), append(slices.Clone(bare), network.EmbeddingProjection, network.HeadWith(network.GELU))},
		{"DistilBERT", distilBERT(), append(slices.Clone(bare), network.HeadWith(network.ReLU))},
		{"ModernBERT", modernBERT(), []network.Operation{
			network.NoPositions, network.PreNormBlocks, network.MissingNorm, network.LayerNorm, network.FeedForward(network.GELU),
			network.RotaryPositions, network.WindowedAttention, network.GatedFeedForward, network.FinalNorm,
			network.HeadReads(network.MeanToken), network.HeadWith(network.GELU), network.HeadNorm,
		}},
		{"GTE", gte(), append(slices.Clone(bertNeeds), network.NoPositions, network.RotaryPositions, network.GatedFeedForward)},
		{"DeBERTa", deBERTa(), append(slices.Clone(bare), network.NoPositions, network.RelativePositions, network.HeadWith(network.GELU))},
		{"Qwen3", qwen3(), append(slices.Clone(qwenNeeds), network.HeadNorms)},
		{"Qwen2", qwen2(), qwenNeeds},
	} {
		if err := c.n.Validate(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		got, want := c.n.Operations(), slices.Clone(c.want)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: got the operations\n%q, want\n%q", c.name, got, want)
		}
	}
}
