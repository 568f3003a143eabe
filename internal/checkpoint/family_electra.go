package checkpoint

import "github.com/crossrank/crossrank/internal/network"

// electra is the family of ElectraForSequenceClassification.
var electra = family{
	name:      "ELECTRA",
	class:     "ElectraForSequenceClassification",
	modelType: "electra",
	base:      "electra.",
	unused:    []string{"discriminator_predictions.", "generator_predictions.", "generator_lm_head."},
	translate: translateElectra,
}

// translateElectra describes BERT's blocks on embeddings that may be narrower than the blocks, as
// in Clark et al. (2020), with a different head: a dense layer and GELU on the first token
// ([CLS]), then the output. The keys summary_… are for another head, which this class does not
// have.
func translateElectra(o *object, labels int) *translation {
	c := readEncoder(o, labels, 1)
	width := o.sizeOr("embedding_size", 1, maxHidden, 128)
	if o.err != nil {
		return nil
	}
	n := c.network(network.GELU)
	var s slots
	s.narrowEmbeddings(&n.Embeddings, width, func(projection *network.Linear) {
		s.linear("embeddings_project", width, c.Hidden, projection)
	})
	c.blocks(&s, bertBlocks, n.Blocks)
	s.top = true
	c.head(&s, "classifier.dense", "classifier.out_proj", &n.Head)
	return &translation{network: n, positions: c.Positions, slots: s.list}
}

// narrowEmbeddings adds the tensors of embeddings of another width than the blocks, if width is
// another one, and has project add those of the projection.
func (s *slots) narrowEmbeddings(e *network.Embeddings, width int, project func(*network.Linear)) {
	if width != e.Tokens.Width {
		e.Projection = &network.Linear{}
	}
	s.narrowTables(e, width)
	s.norm("embeddings.LayerNorm", width, e.Norm)
	if e.Projection != nil {
		project(e.Projection)
	}
}

// narrowTables adds the tables of embeddings, with so many elements a row.
func (s *slots) narrowTables(e *network.Embeddings, width int) {
	e.Tokens.Width = width
	if e.Positions != nil {
		e.Positions.Table.Width = width
	}
	if e.Types != nil {
		e.Types.Width = width
	}
	s.tables(e)
}
