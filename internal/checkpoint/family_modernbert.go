package checkpoint

import (
	"fmt"

	"github.com/crossrank/crossrank/internal/network"
)

// modernBERT is the family of ModernBertForSequenceClassification.
var modernBERT = family{
	name:      "ModernBERT",
	class:     "ModernBertForSequenceClassification",
	modelType: "modernbert",
	base:      "model.",
	unused:    []string{"decoder."}, // of pretraining
	translate: func(o *object, labels int) *translation {
		c := readModernBERT(o, labels)
		if o.err != nil {
			return nil
		}
		return c.translation()
	},
}

// modernBERTConfig is what config.json says of a ModernBERT.
type modernBERTConfig struct {
	encoder
	HeadActivation network.Activation
	Pooling        network.Pooling

	Global                  []bool // by layer: it attends to all tokens, not only to those in the window
	Window                  int    // the largest distance in a local layer
	GlobalTheta, LocalTheta float64

	NormBias, AttentionBias, FeedForwardBias, HeadBias bool
}

var poolings = map[string]network.Pooling{"cls": network.FirstToken, "mean": network.MeanToken}

// readModernBERT reads the keys of transformers' ModernBertConfig, of versions 4 and 5. A key about
// positions that other classes have, such as position_embedding_type, changes nothing here.
func readModernBERT(o *object, labels int) modernBERTConfig {
	c := modernBERTConfig{encoder: readDimensions(o, labels)}
	c.Positions = o.sizeOr("max_position_embeddings", minPositions, maxPositions, 8192)
	c.NormEps = o.fraction("norm_eps", 1e-5)
	c.Activation = o.hiddenAct("hidden_activation", "gelu", encoderActivations)
	c.HeadActivation = o.hiddenAct("classifier_activation", "gelu", classifierActivations)
	c.NormBias = o.boolean("norm_bias", false)
	c.AttentionBias = o.boolean("attention_bias", false)
	c.FeedForwardBias = o.boolean("mlp_bias", false)
	c.HeadBias = o.boolean("classifier_bias", false)
	c.checkTurnedHeads(o)
	pooling := o.str("classifier_pooling", "cls")
	if c.Pooling = poolings[pooling]; c.Pooling == "" {
		o.fail("classifier_pooling", "it is %.80q; cls and mean can be computed", pooling)
	}
	c.Window = o.sizeOr("sliding_window", 1, maxPositions, o.sizeOr("local_attention", 2, 2*maxPositions, 128)/2)
	c.readLayerTypes(o)
	c.readThetas(o)
	return c
}

// readLayerTypes reads which layers are global: by name in transformers 5, else every n-th.
func (c *modernBERTConfig) readLayerTypes(o *object) {
	every := o.sizeOr("global_attn_every_n_layers", 1, maxLayers, 3)
	types := o.list("layer_types")
	if o.err == nil && len(types) > 0 && len(types) != c.Layers {
		o.fail("layer_types", "it has %d layers, num_hidden_layers is %d", len(types), c.Layers)
	}
	for i := range c.Layers {
		global := i%every == 0
		if len(types) == c.Layers {
			global = string(types[i]) == `"full_attention"`
			if !global && string(types[i]) != `"sliding_attention"` {
				o.fail("layer_types", "it has %.80s; full_attention and sliding_attention can be computed", types[i])
			}
		}
		c.Global = append(c.Global, global)
	}
}

// readThetas reads the bases of the rotary positions: rope_parameters in transformers 5, keys of
// their own before. A local base that is null is the global one.
func (c *modernBERTConfig) readThetas(o *object) {
	c.GlobalTheta = o.positive("global_rope_theta", 160_000)
	c.LocalTheta = o.positive("local_rope_theta", 10_000)
	if raw, ok := o.members["local_rope_theta"]; ok && string(raw) == "null" {
		c.LocalTheta = c.GlobalTheta
	}
	o.plainRope("rope_scaling", 0)
	parameters := o.object("rope_parameters")
	c.GlobalTheta = parameters.plainRope("full_attention", c.GlobalTheta)
	c.LocalTheta = parameters.plainRope("sliding_attention", c.LocalTheta)
	o.merge(parameters)
	o.harmless("rope_parameters", "full_attention", "sliding_attention")
}

// translation describes the encoder of Warner et al. (2024): pre-norm blocks with rotary positions
// and gated feed-forward layers, most of them with attention within a window. The head has a dense
// layer, an activation and a norm before the classifier.
func (c modernBERTConfig) translation() *translation {
	norm := func() *network.Norm { return &network.Norm{Eps: c.NormEps} }
	n := c.network(c.HeadActivation)
	n.PreNorm = true
	n.Embeddings.Positions = nil
	n.FinalNorm = norm()
	n.Head.Pooling, n.Head.Norm = c.Pooling, norm()
	var s slots
	s.tokens("embeddings.tok_embeddings", &n.Embeddings.Tokens)
	c.norm(&s, "embeddings.norm", n.Embeddings.Norm)
	for i := range n.Blocks {
		b := &n.Blocks[i]
		if i > 0 { // the first block reads what the embeddings' norm made
			b.AttentionNorm = norm()
		}
		b.FeedForwardNorm = norm()
		c.positions(b, c.Global[i], n.HeadSize)
		c.block(&s, fmt.Sprintf("layers.%d.", i), b)
	}
	c.norm(&s, "final_norm", n.FinalNorm)
	s.top = true
	s.fused("head.dense", c.Hidden, c.HeadBias, part{c.Hidden, n.Head.Dense})
	c.norm(&s, "head.norm", n.Head.Norm)
	s.linear("classifier", c.Hidden, c.Labels, &n.Head.Output)
	return &translation{network: n, positions: c.Positions, slots: s.list}
}

// positions describes what a block knows of them.
func (c modernBERTConfig) positions(b *network.Block, global bool, size int) {
	if global {
		b.Rotary = rotary(c.GlobalTheta, size)
		return
	}
	b.Rotary, b.Window = rotary(c.LocalTheta, size), c.Window
}

// block adds the tensors of a block. Of mlp.Wi, the first half is the gate.
func (c modernBERTConfig) block(s *slots, at string, b *network.Block) {
	if b.AttentionNorm != nil {
		c.norm(s, at+"attn_norm", b.AttentionNorm)
	}
	s.fused(at+"attn.Wqkv", c.Hidden, c.AttentionBias, part{c.Hidden, &b.Query}, part{c.Hidden, &b.Key}, part{c.Hidden, &b.Value})
	s.fused(at+"attn.Wo", c.Hidden, c.AttentionBias, part{c.Hidden, &b.AttentionOutput})
	c.norm(s, at+"mlp_norm", b.FeedForwardNorm)
	b.Gate = &network.Linear{}
	s.fused(at+"mlp.Wi", c.Hidden, c.FeedForwardBias, part{c.Intermediate, b.Gate}, part{c.Intermediate, &b.Up})
	s.fused(at+"mlp.Wo", c.Intermediate, c.FeedForwardBias, part{c.Hidden, &b.Down})
}

func (c modernBERTConfig) norm(s *slots, name string, n *network.Norm) {
	if c.NormBias {
		s.norm(name, c.Hidden, n)
	} else {
		s.normWithoutBias(name, c.Hidden, n)
	}
}

// classifierActivations are those of a head that names its activation.
var classifierActivations = withActivations(headActivations, map[string]network.Activation{
	"silu":  network.SiLU,
	"swish": network.SiLU,
})
