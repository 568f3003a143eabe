package checkpoint

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/crossrank/crossrank/internal/network"
)

// decoderConfig is what config.json says of a decoder.
type decoderConfig struct {
	Hidden, Layers, Intermediate, VocabSize int
	Heads, KVHeads, HeadSize                int
	Positions                               int
	NormEps                                 float32
	Activation                              network.Activation
	Rotary                                  *network.Rotary

	HeadNorms           bool
	QKVBias, OutputBias bool // of the projections in attention
	FeedForwardBias     bool
	Tied                bool // the head's rows are the tokens' embeddings

	// What Gemma changes, which is computed with the weights when they are read.
	NormsFromOne   bool    // norms multiply by 1 + weight
	EmbeddingScale float32 // of what is looked up, not of what the head has; 0: none

	// What a decoder that was made an encoder changes.
	BothWays bool            // a token attends to those after it too
	Pooling  network.Pooling // what the head reads; "": the last token
	Divisor  float64         // of the logits of a classifier; 0: none
}

// causalOnly refuses a decoder that is made an encoder in a way that no family knows: by code of its
// own, or by the keys with which transformers lets tokens attend to those after them.
func causalOnly(o *object) {
	own := o.object("auto_map")
	for _, class := range slices.Sorted(maps.Keys(own.members)) {
		if class != "AutoTokenizer" {
			own.fail(class, "it is %.80s, which is the model's own code and never run; a later revision may do without", own.members[class])
		}
	}
	o.merge(own)
	o.attend(false)
}

// attend refuses keys by which tokens attend in another way than those of a class do: both ways, or
// to none after them.
func (o *object) attend(bothWays bool) {
	if o.boolean("is_causal", !bothWays) == bothWays {
		o.fail("is_causal", "it is %v; only %v can be computed for this class", bothWays, !bothWays)
	}
	if o.boolean("use_bidirectional_attention", bothWays) != bothWays {
		o.fail("use_bidirectional_attention", "it is %v; only %v can be computed for this class", !bothWays, bothWays)
	}
}

// readDecoder reads the keys that configurations of decoders share in transformers, positions being
// how many there are by default.
func readDecoder(o *object, positions int) decoderConfig {
	d := readDimensions(o, 1)
	return decoderConfig{
		Hidden: d.Hidden, Layers: d.Layers, Intermediate: d.Intermediate, VocabSize: d.VocabSize, Heads: d.Heads,
		Positions: o.sizeOr("max_position_embeddings", minPositions, maxPositions, positions),
		NormEps:   o.fraction("rms_norm_eps", 1e-6),
		Tied:      o.boolean("tie_word_embeddings", false),
	}
}

var gateActivations = func() map[string]network.Activation {
	all := maps.Clone(encoderActivations)
	all["silu"], all["swish"] = network.SiLU, network.SiLU
	return all
}()

// turn checks the heads, and gives them rotary positions.
func (c *decoderConfig) turn(o *object, r rope) {
	switch {
	case o.err != nil:
	case c.Heads%c.KVHeads != 0:
		o.fail("num_key_value_heads", "%d do not divide num_attention_heads, which is %d", c.KVHeads, c.Heads)
	case c.HeadSize%2 != 0 || c.HeadSize < 2:
		o.fail("head_dim", "heads of %d elements cannot be turned in pairs", c.HeadSize)
	default:
		c.Rotary = r.rotary(c.HeadSize)
	}
}

// languageModel describes a model whose head has a row for each token. Only the rows of the answers
// are computed.
func (c decoderConfig) languageModel(o *object, answers decoder) *translation {
	if o.err != nil {
		return nil
	}
	d := &answers
	n, s := c.network()
	d.head = &n.Head
	n.Head.Output.In = c.Hidden
	rows := &s.list[0] // the tokens' embeddings
	if !c.Tied {
		s.top = true
		s.table("lm_head", &network.Table{Rows: c.VocabSize, Width: c.Hidden})
		rows = &s.list[len(s.list)-1]
		rows.passing = true
	}
	rows.also = d.take
	return &translation{network: n, positions: c.Positions, slots: s.list, decoder: d}
}

// classifier describes a model with a classifier, which reads a pair as d says.
func (c decoderConfig) classifier(o *object, labels int, d decoder) *translation {
	if d.padding = -1; !c.BothWays {
		d.padding = o.sizeOr("pad_token_id", -1, maxVocab, -1)
	}
	if o.err != nil {
		return nil
	}
	n, s := c.network()
	s.top = true
	s.fused("score", c.Hidden, false, part{labels, &n.Head.Output})
	if divisor := float32(c.Divisor); divisor != 0 {
		s.changed(func(x float32) float32 { return x / divisor })
	}
	return &translation{network: n, positions: c.Positions, slots: s.list, decoder: &d}
}

// network describes a decoder (Touvron et al. 2023) without its head: pre-norm blocks with RMS
// norms, causal attention whose query heads may share key and value heads, rotary positions and
// gated feed-forward layers.
func (c decoderConfig) network() (*network.Network, *slots) {
	n := &network.Network{
		Hidden: c.Hidden, Heads: c.Heads, KVHeads: c.KVHeads, HeadSize: c.HeadSize, Intermediate: c.Intermediate,
		PreNorm: true, Causal: !c.BothWays,
		AttentionScale: float32(1 / math.Sqrt(float64(c.HeadSize))),
		Activation:     c.Activation,
		Embeddings:     network.Embeddings{Tokens: network.Table{Rows: c.VocabSize, Width: c.Hidden}},
		Blocks:         make([]network.Block, c.Layers),
		FinalNorm:      c.norm(),
		Head:           network.Head{Pooling: cmp.Or(c.Pooling, network.LastToken)},
	}
	var s slots
	s.tokens("embed_tokens", &n.Embeddings.Tokens)
	if scale := c.EmbeddingScale; scale != 0 {
		s.changed(func(x float32) float32 { return x * scale })
	}
	for i := range n.Blocks {
		n.Blocks[i].Rotary = c.Rotary
		c.block(&s, fmt.Sprintf("layers.%d.", i), &n.Blocks[i])
	}
	c.addNorm(&s, "norm", c.Hidden, n.FinalNorm)
	return n, &s
}

func (c decoderConfig) norm() *network.Norm { return &network.Norm{RMS: true, Eps: c.NormEps} }

// addNorm adds the tensor of a norm.
func (c decoderConfig) addNorm(s *slots, name string, width int, n *network.Norm) {
	s.normWithoutBias(name, width, n)
	if c.NormsFromOne {
		s.changed(func(x float32) float32 { return 1 + x })
	}
}

func (c decoderConfig) block(s *slots, at string, b *network.Block) {
	queries, keys := c.Heads*c.HeadSize, c.KVHeads*c.HeadSize
	b.AttentionNorm, b.FeedForwardNorm, b.Gate = c.norm(), c.norm(), &network.Linear{}
	c.addNorm(s, at+"input_layernorm", c.Hidden, b.AttentionNorm)
	s.fused(at+"self_attn.q_proj", c.Hidden, c.QKVBias, part{queries, &b.Query})
	s.fused(at+"self_attn.k_proj", c.Hidden, c.QKVBias, part{keys, &b.Key})
	s.fused(at+"self_attn.v_proj", c.Hidden, c.QKVBias, part{keys, &b.Value})
	if c.HeadNorms {
		b.QueryNorm, b.KeyNorm = c.norm(), c.norm()
		c.addNorm(s, at+"self_attn.q_norm", c.HeadSize, b.QueryNorm)
		c.addNorm(s, at+"self_attn.k_norm", c.HeadSize, b.KeyNorm)
	}
	s.fused(at+"self_attn.o_proj", queries, c.OutputBias, part{c.Hidden, &b.AttentionOutput})
	c.addNorm(s, at+"post_attention_layernorm", c.Hidden, b.FeedForwardNorm)
	s.fused(at+"mlp.gate_proj", c.Hidden, c.FeedForwardBias, part{c.Intermediate, b.Gate})
	s.fused(at+"mlp.up_proj", c.Hidden, c.FeedForwardBias, part{c.Intermediate, &b.Up})
	s.fused(at+"mlp.down_proj", c.Intermediate, c.FeedForwardBias, part{c.Hidden, &b.Down})
}
