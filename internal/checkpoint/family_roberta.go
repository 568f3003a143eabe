package checkpoint

import "github.com/crossrank/crossrank/internal/network"

// roberta and xlmRoberta are the same network (Liu et al. 2019, Conneau et al. 2019); they differ
// in tokenizer and vocabulary.
var (
	roberta    = robertaFamily("RoBERTa", "RobertaForSequenceClassification", "roberta")
	xlmRoberta = robertaFamily("XLM-RoBERTa", "XLMRobertaForSequenceClassification", "xlm-roberta")
)

func robertaFamily(name, class, modelType string) family {
	return family{
		name:      name,
		class:     class,
		modelType: modelType,
		base:      "roberta.",
		unused:    []string{"lm_head.", "pooler."},
		translate: translateRoberta,
	}
}

// translateRoberta describes BERT's blocks with positions that start after the id of padding, and a
// separate head: a dense layer and tanh on the first token (<s>), then the output. Every token is
// of the first type, however many there are: RoBERTa's tokenizers give no types.
func translateRoberta(o *object, labels int) *translation {
	refuseOwnCode(o)
	c, offset := readRoberta(o, labels)
	if o.err != nil {
		return nil
	}
	n, types := c.roberta(offset)
	var s slots
	s.robertaEmbeddings(&n.Embeddings, types, "embeddings.LayerNorm")
	c.blocks(&s, bertBlocks, n.Blocks)
	s.top = true
	c.head(&s, "classifier.dense", "classifier.out_proj", &n.Head)
	return &translation{network: n, positions: n.MaxTokens(), slots: s.list}
}

// readRoberta reads BERT's keys, and the row of the first position.
func readRoberta(o *object, labels int) (c encoder, offset int) {
	c = readEncoder(o, labels, 1)
	offset = o.sizeOr("pad_token_id", 0, maxVocab, 1) + 1
	if o.err == nil && c.Positions-offset < minPositions {
		o.fail("max_position_embeddings", "it is %d, of which pad_token_id leaves %d", c.Positions, c.Positions-offset)
	}
	return c, offset
}

// roberta describes the network without its tensors. It also returns how many types the file has
// embeddings of.
func (c encoder) roberta(offset int) (n *network.Network, types int) {
	types, c.TypeVocab = c.TypeVocab, 1
	n = c.network(network.Tanh)
	n.Embeddings.Positions.Offset = offset
	return n, types
}

// robertaEmbeddings adds the tensors of embeddings of so many types, with a norm of that name.
func (s *slots) robertaEmbeddings(e *network.Embeddings, types int, norm string) {
	s.tokens("embeddings.word_embeddings", &e.Tokens)
	s.table("embeddings.position_embeddings", &e.Positions.Table)
	s.firstRows("embeddings.token_type_embeddings", types, e.Types)
	s.norm(norm, e.Tokens.Width, e.Norm)
}

// refuseOwnCode refuses a model that replaces the class it names by code of its own that no family
// knows: its network may be another one.
func refuseOwnCode(o *object) {
	own := o.object("auto_map")
	if name := own.str("AutoModelForSequenceClassification", ""); name != "" {
		o.fail("auto_map", "the network is the model's own code, %.80q, which is never run", name)
	}
	o.merge(own)
}
