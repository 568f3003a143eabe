package onnx

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
	for _, a := range []network.Activation{
		network.NoActivation, network.GELU, network.GELUTanh, network.ReLU, network.SiLU, network.Tanh,
	} {
		ops = append(ops, network.FeedForward(a), network.HeadWith(a))
	}
	return ops
}
