package checkpoint

import (
	"fmt"
	"math"

	"github.com/crossrank/crossrank/internal/network"
)

// gte is the family of NewForSequenceClassification, whose model_type is "new": a class that no
// version of transformers has, so that its models bring Python code along (auto_map). That code is
// never run; the network is known by the class and the keys of config.json.
var gte = family{
	name:      "GTE",
	class:     "NewForSequenceClassification",
	modelType: "new",
	base:      "new.",
	unused:    []string{"lm_head."}, // of pretraining
	translate: translateGTE,
}

// translateGTE describes the encoder of Zhang et al. (2024): post-norm blocks with rotary positions
// and gated feed-forward layers. The head is BERT's. A file may lack its dense layer, in which case
// the classifier reads the first token.
func translateGTE(o *object, labels int) *translation {
	o.only("position_embedding_type", "rope")
	o.only("layer_norm_type", "layer_norm")
	o.refuse("logn_attention_scale")
	o.refuse("logn_attention_clip1")
	c := readDimensions(o, labels)
	c.Positions = o.sizeOr("max_position_embeddings", minPositions, maxPositions, 2048)
	c.TypeVocab = o.sizeOr("type_vocab_size", 0, maxTypes, 1)
	c.NormEps = o.fraction("layer_norm_eps", defaultEps)
	c.Activation = o.hiddenAct("hidden_act", "gelu", encoderActivations)
	c.checkTurnedHeads(o)
	fused := o.boolean("pack_qkv", true)
	scaling := readGTERope(o)
	if o.err != nil {
		return nil
	}
	n := c.network(network.Tanh)
	n.Embeddings.Positions = nil
	var s slots
	s.embeddings(&n.Embeddings)
	for i := range n.Blocks {
		n.Blocks[i].Rotary = scaling.rotary(n.HeadSize)
		c.gteBlock(&s, fmt.Sprintf("encoder.layer.%d.", i), fused, &n.Blocks[i])
	}
	s.optional(func() { n.Head.Dense, n.Head.Activation = nil, network.NoActivation },
		func() { s.linear("pooler.dense", c.Hidden, c.Hidden, n.Head.Dense) })
	s.top = true
	s.linear("classifier", c.Hidden, c.Labels, &n.Head.Output)
	return &translation{network: n, positions: c.Positions, slots: s.list}
}

// gteBlock adds the tensors of a block. Of mlp.up_gate_proj, the second half is the gate.
func (c encoder) gteBlock(s *slots, at string, fused bool, b *network.Block) {
	b.AttentionNorm, b.FeedForwardNorm = &network.Norm{Eps: c.NormEps}, &network.Norm{Eps: c.NormEps}
	if fused {
		s.fused(at+"attention.qkv_proj", c.Hidden, true, part{c.Hidden, &b.Query}, part{c.Hidden, &b.Key}, part{c.Hidden, &b.Value})
	} else {
		s.linear(at+"attention.q_proj", c.Hidden, c.Hidden, &b.Query)
		s.linear(at+"attention.k_proj", c.Hidden, c.Hidden, &b.Key)
		s.linear(at+"attention.v_proj", c.Hidden, c.Hidden, &b.Value)
	}
	s.linear(at+"attention.o_proj", c.Hidden, c.Hidden, &b.AttentionOutput)
	s.norm(at+"attn_ln", c.Hidden, b.AttentionNorm)
	b.Gate = &network.Linear{}
	s.fused(at+"mlp.up_gate_proj", c.Hidden, false, part{c.Intermediate, &b.Up}, part{c.Intermediate, b.Gate})
	s.linear(at+"mlp.down_proj", c.Intermediate, c.Hidden, &b.Down)
	s.norm(at+"mlp_ln", c.Hidden, b.FeedForwardNorm)
}

// gteRope is the base of GTE's rotary positions, and the factor by which NTK scaling makes the
// texts that they reach longer; 1 is none.
type gteRope struct{ theta, factor float64 }

// readGTERope reads rope_theta and rope_scaling, or rope_parameters as transformers 5 writes both.
func readGTERope(o *object) gteRope {
	r := gteRope{o.positive("rope_theta", 10_000), 1}
	for _, key := range []string{"rope_scaling", "rope_parameters"} {
		p := o.object(key)
		r.theta = p.positive("rope_theta", r.theta)
		switch kind := p.ropeType(); kind {
		case "default":
			o.harmless(key, rotaryKeys...)
		case "ntk":
			p.need("factor")
			if r.factor = p.positive("factor", 1); r.factor < 1 {
				p.fail("factor", "it is %g; it must be at least 1", r.factor)
			}
			o.harmless(key, append([]string{"factor"}, rotaryKeys...)...)
		default:
			p.fail("type", "it is %.80q; ntk can be computed", kind)
		}
		o.merge(p)
	}
	return r
}

// rotary scales the base by the factor, and then all frequencies by factor^(−2/size), so that the
// lowest is divided by the factor and the highest hardly changes.
func (r gteRope) rotary(size int) *network.Rotary {
	turns := rotary(r.theta*r.factor, size)
	for i := range turns.Frequencies {
		turns.Frequencies[i] /= math.Pow(r.factor, 2/float64(size))
	}
	return turns
}
