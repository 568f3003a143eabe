package checkpoint

import (
	"fmt"
	"maps"
	"math"

	"github.com/crossrank/crossrank/internal/network"
)

// qwen3, qwen3Classifier, qwen2 and qwen2Classifier are the decoders of the Qwen families. Those
// with a language model's head score a pair by the logits of two tokens, such as yes and no; the
// converted ones have a classifier.
var (
	qwen3 = family{
		name: "Qwen3", class: "Qwen3ForCausalLM", modelType: "qwen3", base: "model.", unused: unusedHeads,
		translate: func(o *object, _ int) *translation { return readQwen3(o).languageModel(o, qwen3Answers) },
	}
	qwen3Classifier = family{
		name: "Qwen3", class: "Qwen3ForSequenceClassification", modelType: "qwen3", base: "model.", unused: unusedHeads,
		translate: func(o *object, labels int) *translation { return readQwen3(o).classifier(o, labels, qwen3Answers) },
	}
	qwen2 = family{
		name: "Qwen2", class: "Qwen2ForCausalLM", modelType: "qwen2", base: "model.", unused: unusedHeads,
		translate: func(o *object, _ int) *translation { return readQwen2(o).languageModel(o, qwen2Answers) },
	}
	qwen2Classifier = family{
		name: "Qwen2", class: "Qwen2ForSequenceClassification", modelType: "qwen2", base: "model.", unused: unusedHeads,
		translate: func(o *object, labels int) *translation { return readQwen2(o).classifier(o, labels, decoder{}) },
	}
)

// unusedHeads is the output of a language model where its rows are the tokens' embeddings, or where
// a classifier takes its place.
var unusedHeads = []string{"lm_head."}

// qwen3Answers are what a Qwen3 reranker is trained with, where its files say nothing else.
var qwen3Answers = decoder{yes: "yes", no: "no", chat: &qwen3Chat}

// qwen2Answers are those of mxbai-rerank-v2, likewise.
var qwen2Answers = decoder{yes: "1", no: "0", chat: &mxbaiChat}

// qwen is what config.json says of a Qwen.
type qwen struct {
	Hidden, Layers, Intermediate, VocabSize int
	Heads, KVHeads, HeadSize                int
	Positions                               int
	NormEps                                 float32
	Activation                              network.Activation
	Theta                                   float64

	HeadNorms           bool
	QKVBias, OutputBias bool // of the projections in attention
	Tied                bool // the head's rows are the tokens' embeddings
}

// readQwen3 reads the keys of transformers' Qwen3Config.
func readQwen3(o *object) qwen {
	c := readQwen(o)
	c.HeadSize = o.sizeOr("head_dim", 2, maxHidden, 128)
	c.HeadNorms = true
	c.QKVBias = o.boolean("attention_bias", false)
	c.OutputBias = c.QKVBias
	c.checkHeads(o)
	return c
}

// readQwen2 reads the keys of transformers' Qwen2Config.
func readQwen2(o *object) qwen {
	c := readQwen(o)
	c.HeadSize = o.sizeOr("head_dim", 2, maxHidden, c.Hidden/c.Heads)
	c.QKVBias = true
	c.checkHeads(o)
	return c
}

func readQwen(o *object) qwen {
	d := readDimensions(o, 1)
	c := qwen{
		Hidden: d.Hidden, Layers: d.Layers, Intermediate: d.Intermediate, VocabSize: d.VocabSize, Heads: d.Heads,
		KVHeads:    o.size("num_key_value_heads", 1, maxHidden),
		Positions:  o.sizeOr("max_position_embeddings", minPositions, maxPositions, 32768),
		NormEps:    o.fraction("rms_norm_eps", 1e-6),
		Activation: o.hiddenAct("hidden_act", "silu", gateActivations),
		Theta:      o.positive("rope_theta", 10_000),
		Tied:       o.boolean("tie_word_embeddings", false),
	}
	o.plainRope("rope_scaling", 0)
	c.Theta = o.plainRope("rope_parameters", c.Theta)
	o.refuse("use_sliding_window")
	for _, kind := range o.list("layer_types") {
		if string(kind) != `"full_attention"` {
			o.fail("layer_types", "it has %.80s; full_attention can be computed", kind)
		}
	}
	return c
}

var gateActivations = func() map[string]network.Activation {
	all := maps.Clone(encoderActivations)
	all["silu"], all["swish"] = network.SiLU, network.SiLU
	return all
}()

func (c qwen) checkHeads(o *object) {
	switch {
	case o.err != nil:
	case c.Heads%c.KVHeads != 0:
		o.fail("num_key_value_heads", "%d do not divide num_attention_heads, which is %d", c.KVHeads, c.Heads)
	case c.HeadSize%2 != 0 || c.HeadSize < 2:
		o.fail("head_dim", "heads of %d elements cannot be turned in pairs", c.HeadSize)
	}
}

// languageModel describes a model whose head has a row for each token. Only the rows of the answers
// are computed.
func (c qwen) languageModel(o *object, answers decoder) *translation {
	if o.err != nil {
		return nil
	}
	d := &answers
	n, s := c.decoder()
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

// classifier describes a model with a classifier. It reads a pair in the same chat as the language
// model that it was.
func (c qwen) classifier(o *object, labels int, d decoder) *translation {
	if o.err != nil {
		return nil
	}
	n, s := c.decoder()
	s.top = true
	s.fused("score", c.Hidden, false, part{labels, &n.Head.Output})
	return &translation{network: n, positions: c.Positions, slots: s.list, decoder: &decoder{chat: d.chat}}
}

// decoder describes a decoder (Yang et al. 2025) without its head: pre-norm blocks with RMS norms,
// causal attention whose query heads share key and value heads, rotary positions and gated
// feed-forward layers.
func (c qwen) decoder() (*network.Network, *slots) {
	n := &network.Network{
		Hidden: c.Hidden, Heads: c.Heads, KVHeads: c.KVHeads, HeadSize: c.HeadSize, Intermediate: c.Intermediate,
		PreNorm: true, Causal: true,
		AttentionScale: float32(1 / math.Sqrt(float64(c.HeadSize))),
		Activation:     c.Activation,
		Embeddings:     network.Embeddings{Tokens: network.Table{Rows: c.VocabSize, Width: c.Hidden}},
		Blocks:         make([]network.Block, c.Layers),
		FinalNorm:      c.norm(),
		Head:           network.Head{Pooling: network.LastToken},
	}
	var s slots
	s.tokens("embed_tokens", &n.Embeddings.Tokens)
	turns := rotary(c.Theta, c.HeadSize)
	for i := range n.Blocks {
		n.Blocks[i].Rotary = turns
		c.block(&s, fmt.Sprintf("layers.%d.", i), &n.Blocks[i])
	}
	s.normWithoutBias("norm", c.Hidden, n.FinalNorm)
	return n, &s
}

func (c qwen) norm() *network.Norm { return &network.Norm{RMS: true, Eps: c.NormEps} }

func (c qwen) block(s *slots, at string, b *network.Block) {
	queries, keys := c.Heads*c.HeadSize, c.KVHeads*c.HeadSize
	b.AttentionNorm, b.FeedForwardNorm, b.Gate = c.norm(), c.norm(), &network.Linear{}
	s.normWithoutBias(at+"input_layernorm", c.Hidden, b.AttentionNorm)
	s.fused(at+"self_attn.q_proj", c.Hidden, c.QKVBias, part{queries, &b.Query})
	s.fused(at+"self_attn.k_proj", c.Hidden, c.QKVBias, part{keys, &b.Key})
	s.fused(at+"self_attn.v_proj", c.Hidden, c.QKVBias, part{keys, &b.Value})
	if c.HeadNorms {
		b.QueryNorm, b.KeyNorm = c.norm(), c.norm()
		s.normWithoutBias(at+"self_attn.q_norm", c.HeadSize, b.QueryNorm)
		s.normWithoutBias(at+"self_attn.k_norm", c.HeadSize, b.KeyNorm)
	}
	s.fused(at+"self_attn.o_proj", queries, c.OutputBias, part{c.Hidden, &b.AttentionOutput})
	s.normWithoutBias(at+"post_attention_layernorm", c.Hidden, b.FeedForwardNorm)
	s.fused(at+"mlp.gate_proj", c.Hidden, false, part{c.Intermediate, b.Gate})
	s.fused(at+"mlp.up_proj", c.Hidden, false, part{c.Intermediate, &b.Up})
	s.fused(at+"mlp.down_proj", c.Intermediate, false, part{c.Hidden, &b.Down})
}
