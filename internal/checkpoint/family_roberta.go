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
	c := readEncoder(o, labels, 1)
	offset := o.sizeOr("pad_token_id", 0, maxVocab, 1) + 1
	if o.err == nil && c.Positions-offset < minPositions {
		o.fail("max_position_embeddings", "it is %d, of which pad_token_id leaves %d", c.Positions, c.Positions-offset)
	}
	if o.err != nil {
		return nil
	}
	types := c.TypeVocab
	c.TypeVocab = 1
	n := c.network(network.Tanh)
	n.Embeddings.Positions.Offset = offset
	var s slots
	s.tokens("embeddings.word_embeddings", &n.Embeddings.Tokens)
	s.table("embeddings.position_embeddings", &n.Embeddings.Positions.Table)
	s.firstRows("embeddings.token_type_embeddings", types, n.Embeddings.Types)
	s.norm("embeddings.LayerNorm", c.Hidden, n.Embeddings.Norm)
	c.blocks(&s, bertBlocks, n.Blocks)
	s.top = true
	c.head(&s, "classifier.dense", "classifier.out_proj", &n.Head)
	return &translation{network: n, positions: n.MaxTokens(), slots: s.list}
}

// refuseOwnCode refuses a model that replaces the class it names by its own code, as
// jina-reranker-v2 does: its network may be another one.
func refuseOwnCode(o *object) {
	own := o.object("auto_map")
	if name := own.str("AutoModelForSequenceClassification", ""); name != "" {
		o.fail("auto_map", "the network is the model's own code, %.80q, which is never run", name)
	}
	o.merge(own)
}
