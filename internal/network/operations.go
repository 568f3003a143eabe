package network

import (
	"fmt"
	"slices"
	"strings"
)

// Operation names something that an executor must be able to compute. It completes "the native
// backend has no …".
type Operation string

const (
	NoEmbeddingNorm     Operation = "embeddings without a norm"
	EmbeddingProjection Operation = "projection of embeddings"
	ProjectionFirst     Operation = "projection of embeddings before their norm"
	NoPositions         Operation = "embeddings without learned positions"
	PositionOffset      Operation = "learned positions with an offset"
	PreNormBlocks       Operation = "pre-norm blocks"
	PostNormBlocks      Operation = "post-norm blocks"
	LayerNorm           Operation = "layer norm"
	RMSNorm             Operation = "RMS norm"
	MissingNorm         Operation = "pre-norm blocks that lack a norm"
	GroupedHeads        Operation = "query heads that share key and value heads"
	HeadNorms           Operation = "norms of query and key heads"
	RotaryPositions     Operation = "rotary positions"
	RelativePositions   Operation = "relative positions"
	WindowedAttention   Operation = "attention within a window"
	CausalAttention     Operation = "causal attention"
	GatedFeedForward    Operation = "gated feed-forward layers"
	FinalNorm           Operation = "final norm"
	NoHeadDense         Operation = "head without a dense layer"
	HeadNorm            Operation = "norm in the head"
	WeightsInFile       Operation = "weights in an ONNX file"
)

// FeedForward is the operation of an activation inside the feed-forward layer.
func FeedForward(a Activation) Operation { return activation("feed-forward layer", a) }

// HeadWith is the operation of an activation in the head.
func HeadWith(a Activation) Operation { return activation("head", a) }

func activation(place string, a Activation) Operation {
	if a == NoActivation {
		return Operation(place + " without an activation")
	}
	return Operation(fmt.Sprintf("%s with the activation %s", place, a))
}

// HeadReads is the operation of a head that reads p.
func HeadReads(p Pooling) Operation { return Operation(fmt.Sprintf("head that reads %s", p)) }

// Operations lists what an executor needs to compute n, each once. Tables, linear layers with or
// without a bias, and scaled attention over whole sequences are not listed: every executor has
// them.
func (n *Network) Operations() []Operation {
	var ops []Operation
	need := func(op Operation, needed bool) {
		if needed && !slices.Contains(ops, op) {
			ops = append(ops, op)
		}
	}
	n.Embeddings.operations(need)
	need(PreNormBlocks, n.PreNorm)
	need(PostNormBlocks, !n.PreNorm)
	for _, norm := range n.norms() {
		need(RMSNorm, norm.RMS)
		need(LayerNorm, !norm.RMS)
	}
	need(GroupedHeads, n.KVHeads != n.Heads)
	need(RelativePositions, n.Relative != nil)
	need(CausalAttention, n.Causal)
	need(FeedForward(n.Activation), true)
	for i := range n.Blocks {
		b := &n.Blocks[i]
		need(MissingNorm, b.AttentionNorm == nil || b.FeedForwardNorm == nil)
		need(HeadNorms, b.QueryNorm != nil || b.KeyNorm != nil)
		need(RotaryPositions, b.Rotary != nil)
		need(WindowedAttention, b.Window > 0)
		need(GatedFeedForward, b.Gate != nil)
	}
	need(FinalNorm, n.FinalNorm != nil)
	n.Head.operations(need)
	need(WeightsInFile, n.File != "")
	return ops
}

func (e *Embeddings) operations(need func(Operation, bool)) {
	need(NoEmbeddingNorm, e.Norm == nil)
	need(EmbeddingProjection, e.Projection != nil)
	need(ProjectionFirst, e.ProjectFirst)
	need(NoPositions, e.Positions == nil)
	need(PositionOffset, e.Positions != nil && e.Positions.Offset != 0)
}

func (h *Head) operations(need func(Operation, bool)) {
	need(HeadReads(h.Pooling), true)
	need(NoHeadDense, h.Dense == nil)
	need(HeadWith(h.Activation), true)
	need(HeadNorm, h.Norm != nil)
}

// norms lists every norm of n.
func (n *Network) norms() []*Norm {
	all := []*Norm{n.Embeddings.Norm, n.FinalNorm, n.Head.Norm}
	if n.Relative != nil {
		all = append(all, n.Relative.Norm)
	}
	for i := range n.Blocks {
		b := &n.Blocks[i]
		all = append(all, b.AttentionNorm, b.QueryNorm, b.KeyNorm, b.FeedForwardNorm)
	}
	return slices.DeleteFunc(all, func(n *Norm) bool { return n == nil })
}

// Require returns an error that names every operation of n that is not among those that an executor
// has.
func (n *Network) Require(executor string, has []Operation) error {
	var missing []string
	for _, op := range n.Operations() {
		if !slices.Contains(has, op) {
			missing = append(missing, string(op))
		}
	}
	if missing == nil {
		return nil
	}
	return fmt.Errorf("the %s backend has no %s yet", executor, strings.Join(missing, ", no "))
}
