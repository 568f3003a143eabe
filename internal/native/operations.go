package native

import "github.com/crossrank/crossrank/internal/network"

// Operations lists what this executor computes. A network that needs anything else is refused.
func Operations() []network.Operation {
	ops := []network.Operation{
		network.NoEmbeddingNorm, network.EmbeddingProjection, network.ProjectionFirst, network.NoPositions, network.PositionOffset,
		network.PreNormBlocks, network.PostNormBlocks, network.LayerNorm, network.RMSNorm, network.MissingNorm,
		network.GroupedHeads, network.HeadNorms, network.RotaryPositions, network.RelativePositions,
		network.WindowedAttention, network.CausalAttention, network.GatedFeedForward, network.FinalNorm,
		network.HeadReads(network.FirstToken), network.HeadReads(network.LastToken), network.HeadReads(network.MeanToken),
		network.NoHeadDense, network.HeadNorm,
	}
	for a := range kernelActivations {
		ops = append(ops, network.FeedForward(a))
	}
	for a := range headActivations {
		ops = append(ops, network.HeadWith(a))
	}
	return ops
}
