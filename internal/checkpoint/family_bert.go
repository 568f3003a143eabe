package checkpoint

import (
	"fmt"
	"math"

	"github.com/crossrank/crossrank/internal/network"
)

// bert is the family of BertForSequenceClassification.
var bert = family{
	class:     "BertForSequenceClassification",
	modelType: "bert",
	base:      "bert.",
	unused:    []string{"cls."}, // the head of pretraining, which some files keep beside the classifier
	translate: func(o *object, labels int) *translation {
		c := readBERT(o, labels)
		if o.err != nil {
			return nil
		}
		return c.translation()
	},
}

const defaultEps = 1e-12

var bertActivations = map[string]network.Activation{
	"gelu":              network.GELU,
	"gelu_new":          network.GELUTanh,
	"gelu_pytorch_tanh": network.GELUTanh,
	"relu":              network.ReLU,
}

// bertConfig is what config.json says of a BERT.
type bertConfig struct {
	Hidden       int // hidden_size
	Layers       int // num_hidden_layers
	Heads        int // num_attention_heads; divides Hidden
	Intermediate int // intermediate_size
	VocabSize    int // vocab_size
	Positions    int // max_position_embeddings
	TypeVocab    int // type_vocab_size; at least 2
	NormEps      float32
	Activation   network.Activation // hidden_act
	Labels       int
}

// readBERT reads the keys of transformers' BertConfig. Keys that do not change what is computed
// are passed over. Those that would change it are refused unless they have their usual value.
func readBERT(o *object, labels int) bertConfig {
	o.only("position_embedding_type", "absolute")
	c := bertConfig{
		Hidden:       o.size("hidden_size", 1, maxHidden),
		Layers:       o.size("num_hidden_layers", 1, maxLayers),
		Heads:        o.size("num_attention_heads", 1, maxHidden),
		Intermediate: o.size("intermediate_size", 1, 4*maxHidden),
		VocabSize:    o.size("vocab_size", 1, maxVocab),
		Positions:    o.size("max_position_embeddings", minPositions, maxPositions),
		TypeVocab:    o.sizeOr("type_vocab_size", 2, maxTypes, 2),
		NormEps:      o.fraction("layer_norm_eps", defaultEps),
		Activation:   o.hiddenAct("hidden_act", "gelu", bertActivations),
		Labels:       labels,
	}
	if c.Hidden%c.Heads != 0 {
		o.fail("num_attention_heads", "%d heads do not divide hidden_size, which is %d", c.Heads, c.Hidden)
	}
	return c
}

// translation describes the encoder of Devlin et al. (2018) with transformers' classification
// head: pooler and tanh on the first token ([CLS]), then the classifier.
func (c bertConfig) translation() *translation {
	size := c.Hidden / c.Heads
	n := &network.Network{
		Hidden: c.Hidden, Heads: c.Heads, KVHeads: c.Heads, HeadSize: size, Intermediate: c.Intermediate,
		AttentionScale: float32(1 / math.Sqrt(float64(size))),
		Activation:     c.Activation,
		Embeddings: network.Embeddings{
			Tokens:    network.Table{Rows: c.VocabSize, Width: c.Hidden},
			Positions: &network.Positions{Table: network.Table{Rows: c.Positions, Width: c.Hidden}},
			Types:     &network.Table{Rows: c.TypeVocab, Width: c.Hidden},
			Norm:      &network.Norm{Eps: c.NormEps},
		},
		Blocks: make([]network.Block, c.Layers),
		Head:   network.Head{Pooling: network.FirstToken, Dense: &network.Linear{}, Activation: network.Tanh},
	}
	var s slots
	s.table("embeddings.word_embeddings", &n.Embeddings.Tokens)
	s.table("embeddings.position_embeddings", &n.Embeddings.Positions.Table)
	s.table("embeddings.token_type_embeddings", n.Embeddings.Types)
	s.norm("embeddings.LayerNorm", c.Hidden, n.Embeddings.Norm)
	for i := range n.Blocks {
		c.block(&s, fmt.Sprintf("encoder.layer.%d.", i), &n.Blocks[i])
	}
	s.linear("pooler.dense", c.Hidden, c.Hidden, n.Head.Dense)
	s.top = true
	s.linear("classifier", c.Hidden, c.Labels, &n.Head.Output)
	return &translation{network: n, positions: c.Positions, slots: s.list}
}

func (c bertConfig) block(s *slots, at string, b *network.Block) {
	b.AttentionNorm, b.FeedForwardNorm = &network.Norm{Eps: c.NormEps}, &network.Norm{Eps: c.NormEps}
	s.linear(at+"attention.self.query", c.Hidden, c.Hidden, &b.Query)
	s.linear(at+"attention.self.key", c.Hidden, c.Hidden, &b.Key)
	s.linear(at+"attention.self.value", c.Hidden, c.Hidden, &b.Value)
	s.linear(at+"attention.output.dense", c.Hidden, c.Hidden, &b.AttentionOutput)
	s.norm(at+"attention.output.LayerNorm", c.Hidden, b.AttentionNorm)
	s.linear(at+"intermediate.dense", c.Hidden, c.Intermediate, &b.Up)
	s.linear(at+"output.dense", c.Intermediate, c.Hidden, &b.Down)
	s.norm(at+"output.LayerNorm", c.Hidden, b.FeedForwardNorm)
}
