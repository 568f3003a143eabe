package checkpoint

import "github.com/crossrank/crossrank/internal/network"

// bert is the family of BertForSequenceClassification.
var bert = family{
	name:      "BERT",
	class:     "BertForSequenceClassification",
	modelType: "bert",
	base:      "bert.",
	unused:    []string{"cls."}, // the head of pretraining, which some files keep beside the classifier
	translate: func(o *object, labels int) *translation {
		c := readEncoder(o, labels, 2)
		if o.err != nil {
			return nil
		}
		return c.bert()
	},
}

// bert describes the encoder of Devlin et al. (2018) with transformers' classification head: pooler
// and tanh on the first token ([CLS]), then the classifier.
func (c encoder) bert() *translation {
	n := c.network(network.Tanh)
	var s slots
	s.embeddings(&n.Embeddings)
	c.blocks(&s, bertBlocks, n.Blocks)
	s.linear("pooler.dense", c.Hidden, c.Hidden, n.Head.Dense)
	s.top = true
	s.linear("classifier", c.Hidden, c.Labels, &n.Head.Output)
	return &translation{network: n, positions: c.Positions, slots: s.list}
}
