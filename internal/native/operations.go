package native

import "github.com/crossrank/crossrank/internal/network"

// Operations lists what this executor computes. A network that needs anything else is refused.
func Operations() []network.Operation {
	return []network.Operation{
		network.EmbeddingProjection, network.NoPositions, network.PositionOffset,
		network.PostNormBlocks, network.LayerNorm,
		network.FeedForward(network.GELU), network.FeedForward(network.GELUTanh), network.FeedForward(network.ReLU),
		network.HeadReads(network.FirstToken), network.HeadReads(network.LastToken),
		network.HeadWith(network.Tanh), network.HeadWith(network.GELU), network.HeadWith(network.GELUTanh), network.HeadWith(network.ReLU),
	}
}
