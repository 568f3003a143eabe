package checkpoint

import (
	"math"
	"slices"
	"strings"

	"github.com/crossrank/crossrank/internal/network"
)

// deBERTa is the family of DebertaV2ForSequenceClassification, which versions 2 and 3 share.
var deBERTa = family{
	name:      "DeBERTa-v2",
	class:     "DebertaV2ForSequenceClassification",
	modelType: "deberta-v2",
	base:      "deberta.",
	// Heads of pretraining, and tensors that some files have although their config.json does not
	// ask for them.
	unused: []string{
		"lm_predictions.", "mask_predictions.", "cls.",
		"embeddings.position_embeddings.", "encoder.LayerNorm.", "encoder.rel_embeddings.",
	},
	translate: translateDeBERTa,
}

var deBERTaBlocks = blockNames{
	block: "encoder.layer.%d.",
	query: "attention.self.query_proj", key: "attention.self.key_proj", value: "attention.self.value_proj",
	attentionOutput: "attention.output.dense", attentionNorm: "attention.output.LayerNorm",
	up: "intermediate.dense", down: "output.dense", feedForwardNorm: "output.LayerNorm",
}

const deBERTaEps = 1e-7

var headActivations = withActivations(encoderActivations, map[string]network.Activation{"tanh": network.Tanh})

// translateDeBERTa describes BERT's blocks with disentangled attention (He et al. 2020): contents
// attend to relative positions and the other way round. The head is a dense layer with an
// activation on the first token ([CLS]), then the classifier.
func translateDeBERTa(o *object, labels int) *translation {
	c := readDeBERTa(o, labels)
	width := o.sizeOr("embedding_size", 1, maxHidden, c.Hidden)
	biased := o.boolean("position_biased_input", true)
	act := o.hiddenAct("pooler_hidden_act", "gelu", headActivations)
	rel := readRelative(o, c.Positions)
	if o.err != nil {
		return nil
	}
	n := c.network(act)
	if !biased {
		n.Embeddings.Positions = nil
	}
	n.AttentionScale = float32(1 / math.Sqrt(float64(n.HeadSize*rel.summands())))
	var s slots
	s.deBERTaEmbeddings(&n.Embeddings, width)
	rel.add(&s, n, c.NormEps)
	c.blocks(&s, deBERTaBlocks, n.Blocks)
	rel.addProjections(&s, n)
	s.top = true
	c.head(&s, "pooler.dense", "classifier", &n.Head)
	return &translation{network: n, positions: c.Positions, slots: s.list}
}

// deBERTaEmbeddings adds the tensors of the embeddings. Where their width is another one than that
// of the blocks, a projection without a bias stands before the norm.
func (s *slots) deBERTaEmbeddings(e *network.Embeddings, width int) {
	hidden := e.Tokens.Width
	s.narrowTables(e, width)
	if width != hidden {
		e.Projection, e.ProjectFirst = &network.Linear{}, true
		s.fused("embeddings.embed_proj", width, false, part{hidden, e.Projection})
	}
	s.norm("embeddings.LayerNorm", hidden, e.Norm)
}

// readDeBERTa reads the keys that DebertaV2Config shares with BertConfig, and refuses what would
// change the encoder.
func readDeBERTa(o *object, labels int) encoder {
	c := readEncoder(o, labels, 0)
	c.TypeVocab = o.sizeOr("type_vocab_size", 0, maxTypes, 0) // absent, it means another number than in BertConfig
	c.NormEps = o.fraction("layer_norm_eps", deBERTaEps)
	if n, ok := o.integer("conv_kernel_size"); ok && n > 0 {
		o.fail("conv_kernel_size", "it is %d; a convolution after the first layer cannot be computed", n)
	}
	if n := o.sizeOr("pooler_hidden_size", 1, maxHidden, c.Hidden); o.err == nil && n != c.Hidden {
		o.fail("pooler_hidden_size", "it is %d; only hidden_size, which is %d, can be computed", n, c.Hidden)
	}
	if n := o.sizeOr("attention_head_size", 1, maxHidden, max(c.Hidden/max(c.Heads, 1), 1)); o.err == nil && n*c.Heads != c.Hidden {
		o.fail("attention_head_size", "it is %d; only hidden_size / num_attention_heads = %d can be computed", n, c.Hidden/c.Heads)
	}
	return c
}

// relativePositions are what config.json says of disentangled attention.
type relativePositions struct {
	used      bool // relative_attention
	norm      bool // norm_rel_ebd has layer_norm
	shared    bool // share_att_key: the projections of contents serve positions too
	c2p, p2c  bool // pos_att_type
	buckets   int  // position_buckets; 0: each distance has a row
	most      int  // max_relative_positions
	positions int  // the most tokens of a pair
}

func readRelative(o *object, positions int) relativePositions {
	r := relativePositions{
		used:      o.boolean("relative_attention", false),
		shared:    o.boolean("share_att_key", false),
		norm:      slices.Contains(barred(strings.ToLower(o.str("norm_rel_ebd", "none"))), "layer_norm"),
		most:      positions,
		positions: positions,
	}
	for _, kind := range o.attentionTypes() {
		r.c2p, r.p2c = r.c2p || kind == "c2p", r.p2c || kind == "p2c"
	}
	if n, ok := o.integer("max_relative_positions"); ok && n > 0 {
		r.most = o.size("max_relative_positions", 1, maxPositions)
	}
	if n, ok := o.integer("position_buckets"); ok && n > 0 {
		r.buckets = o.size("position_buckets", 2, maxPositions)
	}
	if mid := r.buckets / 2; o.err == nil && r.used && r.buckets > 0 && r.most-1 <= mid && positions-1 > mid {
		o.fail("position_buckets", "it is %d, too many for %d relative positions and pairs of %d tokens", r.buckets, r.most, positions)
	}
	return r
}

// attentionTypes reads pos_att_type, a list or a string with | between its parts. A kind that is
// not known would be passed over by the reference, too, but then the name promises what is not
// computed.
func (o *object) attentionTypes() []string {
	raw, ok := o.get("pos_att_type")
	if !ok {
		return nil
	}
	var kinds []string
	if raw.Kind() == '"' {
		kinds = barred(strings.ToLower(o.str("pos_att_type", "")))
	} else {
		for _, kind := range o.list("pos_att_type") {
			if kind.Kind() != '"' {
				o.fail("pos_att_type", "it has %.40s; it must be a list of strings", kind)
				return nil
			}
			kinds = append(kinds, unquote(kind))
		}
	}
	for _, kind := range kinds {
		if kind != "c2p" && kind != "p2c" {
			o.fail("pos_att_type", "it has %.80q; c2p and p2c can be computed", kind)
		}
	}
	return kinds
}

// barred are the parts of a string with | between them.
func barred(s string) []string {
	list := strings.Split(s, "|")
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return list
}

// summands is how many products make a score, by whose number the reference divides. It counts
// them whether or not relative positions are used.
func (r relativePositions) summands() int {
	n := 1
	for _, there := range []bool{r.c2p, r.p2c} {
		if there {
			n++
		}
	}
	return n
}

// computed reports whether relative positions change a score.
func (r relativePositions) computed() bool { return r.used && (r.c2p || r.p2c) }

// span is the number of rows for positions on either side.
func (r relativePositions) span() int {
	if r.buckets > 0 {
		return r.buckets
	}
	return r.most
}

// add adds the table and its norm.
func (r relativePositions) add(s *slots, n *network.Network, eps float32) {
	if !r.computed() {
		return
	}
	n.Relative = &network.Relative{
		Table: network.Table{Rows: 2 * r.span(), Width: n.Hidden}, Rows: r.rows(),
		ContentToPosition: r.c2p, PositionToContent: r.p2c,
	}
	s.table("encoder.rel_embeddings", &n.Relative.Table)
	if r.norm {
		n.Relative.Norm = &network.Norm{Eps: eps}
		s.norm("encoder.LayerNorm", n.Hidden, n.Relative.Norm)
	}
}

// addProjections adds the projections of positions.
func (r relativePositions) addProjections(s *slots, n *network.Network) {
	if !r.computed() {
		return
	}
	for i := range n.Blocks {
		b := &n.Blocks[i]
		r.project(s, n, blockName(deBERTaBlocks, i)+"attention.self.pos_key_proj", r.c2p, &b.Key, &b.PositionKey)
		r.project(s, n, blockName(deBERTaBlocks, i)+"attention.self.pos_query_proj", r.p2c, &b.Query, &b.PositionQuery)
	}
}

func (r relativePositions) project(s *slots, n *network.Network, name string, there bool, content *network.Linear, dst **network.Linear) {
	switch {
	case !there:
	case r.shared:
		*dst = content
	default:
		*dst = &network.Linear{}
		s.linear(name, n.Hidden, n.Hidden, *dst)
	}
}

// rows has the row of the table for each distance that a pair can have, see [network.Relative].
func (r relativePositions) rows() []int32 {
	rows, span := make([]int32, 0, 2*r.positions-1), r.span()
	for distance := 1 - r.positions; distance < r.positions; distance++ {
		rows = append(rows, int32(min(max(r.bucket(distance)+span, 0), 2*span-1)))
	}
	return rows
}

// bucket is the distance itself up to half of the buckets, and beyond it logarithmic. It is
// computed in float32 and rounded up, as in the reference, so that the same distances are the first
// of a bucket.
func (r relativePositions) bucket(distance int) int {
	mid := r.buckets / 2
	if r.buckets == 0 || max(distance, -distance) <= mid {
		return distance
	}
	log := func(x float32) float32 { return float32(math.Log(float64(x))) }
	size := float32(max(distance, -distance))
	far := log(size/float32(mid)) / log(float32(float64(r.most-1)/float64(mid))) * float32(mid-1)
	bucket := int(math.Ceil(float64(far))) + mid
	if distance < 0 {
		return -bucket
	}
	return bucket
}
