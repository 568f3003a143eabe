package checkpoint

import (
	"fmt"
	"maps"
	"math"

	"github.com/crossrank/crossrank/internal/network"
)

// encoder has what config.json says of an encoder. Its methods describe the kind that BERT brought:
// learned embeddings, then post-norm blocks, then a head on the first token. Families differ in
// keys, names and heads, and some change more of the description.
type encoder struct {
	Hidden       int // width of the residual stream
	Layers       int
	Heads        int // divides Hidden
	Intermediate int
	VocabSize    int
	Positions    int // rows of the position embeddings, if there are any, and most tokens
	TypeVocab    int // 0: no type embeddings
	NormEps      float32
	Activation   network.Activation
	Labels       int
}

const defaultEps = 1e-12

var encoderActivations = map[string]network.Activation{
	"gelu":              network.GELU,
	"gelu_new":          network.GELUTanh,
	"gelu_pytorch_tanh": network.GELUTanh,
	"relu":              network.ReLU,
}

// withActivations returns known and more, which leaves both as they are.
func withActivations(known, more map[string]network.Activation) map[string]network.Activation {
	all := maps.Clone(known)
	maps.Copy(all, more)
	return all
}

// readEncoder reads the keys that most configurations of transformers share with BertConfig, types
// being the fewest that type_vocab_size may have. Keys that do not change what is computed are
// passed over. Those that would change it are refused unless they have their usual value.
func readEncoder(o *object, labels, types int) encoder {
	o.only("position_embedding_type", "absolute")
	c := readDimensions(o, labels)
	c.Positions = o.size("max_position_embeddings", minPositions, maxPositions)
	c.TypeVocab = o.sizeOr("type_vocab_size", types, maxTypes, 2)
	c.NormEps = o.fraction("layer_norm_eps", defaultEps)
	c.Activation = o.hiddenAct("hidden_act", "gelu", encoderActivations)
	c.checkHeads(o, "num_attention_heads", "hidden_size")
	return c
}

// readDimensions reads the keys that every configuration with BertConfig's names has.
func readDimensions(o *object, labels int) encoder {
	return encoder{
		Hidden:       o.size("hidden_size", 1, maxHidden),
		Layers:       o.size("num_hidden_layers", 1, maxLayers),
		Heads:        o.size("num_attention_heads", 1, maxHidden),
		Intermediate: o.size("intermediate_size", 1, 4*maxHidden),
		VocabSize:    o.size("vocab_size", 1, maxVocab),
		Labels:       labels,
	}
}

// checkHeads refuses a number of heads that does not divide the hidden size; both keys are for the
// error.
func (c encoder) checkHeads(o *object, headsKey, hiddenKey string) {
	if o.err == nil && c.Hidden%c.Heads != 0 {
		o.fail(headsKey, "%d heads do not divide %s, which is %d", c.Heads, hiddenKey, c.Hidden)
	}
}

// checkTurnedHeads is checkHeads for heads that rotary positions turn.
func (c encoder) checkTurnedHeads(o *object) {
	c.checkHeads(o, "num_attention_heads", "hidden_size")
	if size := c.Hidden / c.Heads; o.err == nil && size%2 != 0 {
		o.fail("num_attention_heads", "heads of %d elements cannot be turned in pairs", size)
	}
}

// blockNames are the names of a block's tensors.
type blockNames struct {
	block                          string // with the block's number in place of %d
	query, key, value              string
	attentionOutput, attentionNorm string
	up, down, feedForwardNorm      string
}

var bertBlocks = blockNames{
	block: "encoder.layer.%d.",
	query: "attention.self.query", key: "attention.self.key", value: "attention.self.value",
	attentionOutput: "attention.output.dense", attentionNorm: "attention.output.LayerNorm",
	up: "intermediate.dense", down: "output.dense", feedForwardNorm: "output.LayerNorm",
}

// network describes the encoder without its tensors. The head has a dense layer of the hidden size
// with an activation.
func (c encoder) network(headActivation network.Activation) *network.Network {
	size := c.Hidden / c.Heads
	n := &network.Network{
		Hidden: c.Hidden, Heads: c.Heads, KVHeads: c.Heads, HeadSize: size, Intermediate: c.Intermediate,
		AttentionScale: float32(1 / math.Sqrt(float64(size))),
		Activation:     c.Activation,
		Embeddings: network.Embeddings{
			Tokens:    network.Table{Rows: c.VocabSize, Width: c.Hidden},
			Positions: &network.Positions{Table: network.Table{Rows: c.Positions, Width: c.Hidden}},
			Norm:      &network.Norm{Eps: c.NormEps},
		},
		Blocks: make([]network.Block, c.Layers),
		Head:   network.Head{Pooling: network.FirstToken, Dense: &network.Linear{}, Activation: headActivation},
	}
	if c.TypeVocab > 0 {
		n.Embeddings.Types = &network.Table{Rows: c.TypeVocab, Width: c.Hidden}
	}
	return n
}

// embeddings adds the tensors of the embeddings, whose width is that of their tables.
func (s *slots) embeddings(e *network.Embeddings) {
	s.tables(e)
	s.norm("embeddings.LayerNorm", e.Tokens.Width, e.Norm)
}

// tables adds the tables of the embeddings.
func (s *slots) tables(e *network.Embeddings) {
	s.tokens("embeddings.word_embeddings", &e.Tokens)
	if e.Positions != nil {
		s.table("embeddings.position_embeddings", &e.Positions.Table)
	}
	if e.Types != nil {
		s.table("embeddings.token_type_embeddings", e.Types)
	}
}

// blocks adds the tensors of the encoder's blocks.
func (c encoder) blocks(s *slots, names blockNames, blocks []network.Block) {
	for i := range blocks {
		at, b := blockName(names, i), &blocks[i]
		b.AttentionNorm, b.FeedForwardNorm = &network.Norm{Eps: c.NormEps}, &network.Norm{Eps: c.NormEps}
		s.linear(at+names.query, c.Hidden, c.Hidden, &b.Query)
		s.linear(at+names.key, c.Hidden, c.Hidden, &b.Key)
		s.linear(at+names.value, c.Hidden, c.Hidden, &b.Value)
		s.linear(at+names.attentionOutput, c.Hidden, c.Hidden, &b.AttentionOutput)
		s.norm(at+names.attentionNorm, c.Hidden, b.AttentionNorm)
		s.linear(at+names.up, c.Hidden, c.Intermediate, &b.Up)
		s.linear(at+names.down, c.Intermediate, c.Hidden, &b.Down)
		s.norm(at+names.feedForwardNorm, c.Hidden, b.FeedForwardNorm)
	}
}

// blockName is what the names of block i begin with.
func blockName(names blockNames, i int) string { return fmt.Sprintf(names.block, i) }

// head adds the tensors of the head under the names of its two layers.
func (c encoder) head(s *slots, dense, output string, h *network.Head) {
	s.linear(dense, c.Hidden, c.Hidden, h.Dense)
	s.linear(output, c.Hidden, c.Labels, &h.Output)
}
