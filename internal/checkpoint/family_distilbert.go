package checkpoint

import "github.com/crossrank/crossrank/internal/network"

// distilBERT is the family of DistilBertForSequenceClassification.
var distilBERT = family{
	name:      "DistilBERT",
	class:     "DistilBertForSequenceClassification",
	modelType: "distilbert",
	base:      "distilbert.",
	unused:    []string{"vocab_transform.", "vocab_layer_norm.", "vocab_projector."}, // of pretraining
	translate: translateDistilBERT,
}

var distilBERTBlocks = blockNames{
	block: "transformer.layer.%d.",
	query: "attention.q_lin", key: "attention.k_lin", value: "attention.v_lin",
	attentionOutput: "attention.out_lin", attentionNorm: "sa_layer_norm",
	up: "ffn.lin1", down: "ffn.lin2", feedForwardNorm: "output_layer_norm",
}

// translateDistilBERT describes BERT's blocks without types of tokens (Sanh et al. 2019), under
// other keys and names, and a head with ReLU on the first token ([CLS]). The table of
// positions is in the file whether or not it was made of sines. The norms' eps is fixed.
func translateDistilBERT(o *object, labels int) *translation {
	c := encoder{
		Hidden:       o.size("dim", 1, maxHidden),
		Layers:       o.size("n_layers", 1, maxLayers),
		Heads:        o.size("n_heads", 1, maxHidden),
		Intermediate: o.size("hidden_dim", 1, 4*maxHidden),
		VocabSize:    o.size("vocab_size", 1, maxVocab),
		Positions:    o.size("max_position_embeddings", minPositions, maxPositions),
		NormEps:      defaultEps,
		Activation:   o.hiddenAct("activation", "gelu", encoderActivations),
		Labels:       labels,
	}
	c.checkHeads(o, "n_heads", "dim")
	if o.err != nil {
		return nil
	}
	n := c.network(network.ReLU)
	var s slots
	s.embeddings(&n.Embeddings)
	c.blocks(&s, distilBERTBlocks, n.Blocks)
	s.top = true
	c.head(&s, "pre_classifier", "classifier", &n.Head)
	return &translation{network: n, positions: c.Positions, slots: s.list}
}
