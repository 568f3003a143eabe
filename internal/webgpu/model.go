package webgpu

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/crossrank/crossrank/internal/network"
)

// model is a network as this executor computes it: sizes, settings and tensors, on the host.
type model struct {
	f16    bool
	plain  bool   // see needs
	device string // that was asked for
	n      *network.Network

	// Widths of rows, padded to a multiple of four. queries and keys are those of all heads.
	hidden, embedding, intermediate int
	headSize, queries, keys         int

	tokens, positions, types *tensor
	embeddingNorm            *norm
	projection               *linear

	relative     *tensor // the table after its norm
	relativeRows *tensor // of the table, by distance
	relativeSize int     // rows of the table

	blocks    []block
	finalNorm *norm
	head      head

	turns     map[int]*tensor // cosines and sines of rotary positions, by the block that has them first
	maxTokens int
	inFlight  int // batches that are submitted at once

	withoutMatrices string // see needs
	withMatrices    bool   // a session has used them

	tuning tuning
	tuned  *tuned // once the first session has chosen
}

// forgoMatrices lets later sessions use no matrix units. Of the reason, the first line is kept.
func (m *model) forgoMatrices(why string) {
	why, _, _ = strings.Cut(why, "\n")
	m.withoutMatrices, m.withMatrices, m.tuned = why, false, nil
}

// linear is a linear layer, or several that read the same input.
type linear struct {
	weight, bias *tensor // bias may be nil
	in           int
}

type block struct {
	attentionNorm, feedForwardNorm *norm
	queryNorm, keyNorm             *norm
	qkv                            linear // queries, keys and values, one after another
	output, up, down               linear
	gate                           *linear // nil: none
	positionKey, positionQuery     *linear // nil: none, or those of the contents, see sharesKey
	sharesKey, sharesQuery         bool
	turns                          int // the block whose rotary positions it has; -1: none
	window                         int
}

type head struct {
	dense      *linear
	norm       *norm
	classifier *tensor
	width      int
	bias       float32
}

// newModel takes what of a network needs no weights, and refuses what cannot be computed.
func newModel(n *network.Network, f16 bool, device string) (*model, error) {
	if err := n.ValidateStructure(); err != nil {
		return nil, err
	}
	if err := n.Require(Name, Operations()); err != nil {
		return nil, err
	}
	if n.Relative != nil && n.Heads != n.KVHeads {
		return nil, fmt.Errorf("the %s backend has no relative positions of heads that share keys yet", Name)
	}
	if n.HeadSize > maxHeadSize {
		return nil, fmt.Errorf("the %s backend has heads of up to %d elements, not %d", Name, maxHeadSize, n.HeadSize)
	}
	m := &model{
		f16: f16, device: device, n: n, hidden: pad(n.Hidden), embedding: pad(n.Embeddings.Tokens.Width),
		intermediate: pad(n.Intermediate), headSize: pad(n.HeadSize), queries: n.Heads * pad(n.HeadSize), keys: n.KVHeads * pad(n.HeadSize),
		blocks: make([]block, len(n.Blocks)), inFlight: batchesInFlight,
	}
	for i := range n.Blocks {
		m.blocks[i].turns, m.blocks[i].window = m.firstWith(i), n.Blocks[i].Window
	}
	return m, nil
}

// maxHeadSize is how large a head may be: a workgroup's memory holds it, in heads.wgsl too.
const maxHeadSize = 256

// firstWith is the first block that has the same rotary positions as block i.
func (m *model) firstWith(i int) int {
	r := m.n.Blocks[i].Rotary
	if r == nil {
		return -1
	}
	return slices.IndexFunc(m.n.Blocks, func(b network.Block) bool {
		return b.Rotary != nil && slices.Equal(b.Rotary.Frequencies, r.Frequencies)
	})
}

// packBlock converts the weights of block i.
func (m *model) packBlock(p *packer, i int) {
	b, out := &m.n.Blocks[i], &m.blocks[i]
	at := func(part string) string { return fmt.Sprintf("blocks[%d].%s", i, part) }
	hidden, inside := groups{1, m.n.Hidden}, groups{1, m.n.Intermediate}
	heads := groups{m.n.Heads, m.n.HeadSize}
	pack := func(part string, in, to groups, layers ...*network.Linear) linear {
		w, bias := p.linear(at(part), in, to, layers...)
		return linear{w, bias, in.padded()}
	}
	out.attentionNorm = newNorm(at("attention_norm"), b.AttentionNorm)
	out.feedForwardNorm = newNorm(at("feed_forward_norm"), b.FeedForwardNorm)
	out.queryNorm, out.keyNorm = newNorm(at("query_norm"), b.QueryNorm), newNorm(at("key_norm"), b.KeyNorm)
	out.qkv = pack("query, key and value", hidden, heads, &b.Query, &b.Key, &b.Value)
	out.output = pack("attention_output", heads, hidden, &b.AttentionOutput)
	out.up = pack("up", hidden, inside, &b.Up)
	out.down = pack("down", inside, hidden, &b.Down)
	if b.Gate != nil {
		out.gate = new(pack("gate", hidden, inside, b.Gate))
	}
	if out.sharesKey = b.PositionKey == &b.Key; b.PositionKey != nil && !out.sharesKey {
		out.positionKey = new(pack("position_key", hidden, heads, b.PositionKey))
	}
	if out.sharesQuery = b.PositionQuery == &b.Query; b.PositionQuery != nil && !out.sharesQuery {
		out.positionQuery = new(pack("position_query", hidden, heads, b.PositionQuery))
	}
}

// packRest converts what is outside of the blocks.
func (m *model) packRest(p *packer) {
	e := &m.n.Embeddings
	if m.tokens == nil {
		m.tokens = m.allocateTokens()
		m.takeTokens(p, 0, e.Tokens)
	}
	none := make([]float32, m.embedding)
	m.positions, m.types = floats("embeddings.positions", none), floats("embeddings.types", none)
	if e.Positions != nil {
		m.positions = floats("embeddings.positions", padRows(e.Positions.Table.Data, e.Tokens.Width))
	}
	if e.Types != nil {
		m.types = floats("embeddings.types", padRows(e.Types.Data, e.Tokens.Width))
	}
	m.embeddingNorm = newNorm("embeddings.norm", e.Norm)
	if l := e.Projection; l != nil {
		w, b := p.linear("embeddings.projection", groups{1, l.In}, groups{1, l.Out}, l)
		m.projection = &linear{w, b, m.embedding}
	}
	m.finalNorm = newNorm("final_norm", m.n.FinalNorm)
	m.packHead()
	m.packRelative(p)
}

// packHead converts the head, which is computed in float32: it is little work.
func (m *model) packHead() {
	h, p := &m.n.Head, &packer{}
	if l := h.Dense; l != nil {
		w, b := p.linear("head.dense", groups{1, l.In}, groups{1, l.Out}, l)
		m.head.dense = &linear{w, b, m.hidden}
	}
	m.head.norm = newNorm("head.norm", h.Norm)
	m.head.width = h.Output.In
	last := h.Output.Out - 1
	row := slices.Clone(h.Output.Weight[last*h.Output.In : (last+1)*h.Output.In])
	if h.Output.Bias != nil {
		m.head.bias = h.Output.Bias[last]
	}
	if last == 1 { // the softmax of two is the sigmoid of their difference
		for i, v := range h.Output.Weight[:h.Output.In] {
			row[i] -= v
		}
		if h.Output.Bias != nil {
			m.head.bias -= h.Output.Bias[0]
		}
	}
	m.head.classifier = floats("head.output.weight", row)
}

func (m *model) packRelative(p *packer) {
	r := m.n.Relative
	if r == nil {
		return
	}
	table := r.Table.Data
	if r.Norm != nil {
		table = nil
		for i := range r.Table.Rows {
			table = append(table, normRow(r.Table.Data[i*m.n.Hidden:(i+1)*m.n.Hidden], r.Norm)...)
		}
	}
	m.relativeSize = r.Table.Rows
	m.relative = p.stored("relative", padRows(table, m.n.Hidden))
	rows := make([]uint32, len(r.Rows))
	for i, row := range r.Rows {
		rows[i] = uint32(row)
	}
	m.relativeRows = words("relative.rows", rows)
}

// prepare makes what depends on the length of the longest sequence.
func (m *model) prepare(maxTokens int) {
	m.maxTokens, m.turns = maxTokens, map[int]*tensor{}
	for i, b := range m.blocks {
		if b.turns != i {
			continue
		}
		frequencies := m.n.Blocks[i].Rotary.Frequencies
		table := make([]float32, 0, 2*maxTokens*len(frequencies))
		for position := range maxTokens {
			for _, f := range frequencies {
				sin, cos := math.Sincos(float64(position) * f)
				table = append(table, float32(cos), float32(sin))
			}
		}
		m.turns[i] = floats("rotary positions", table)
	}
}

// allocateTokens makes host memory for the token embeddings.
func (m *model) allocateTokens() *tensor {
	size := 4
	if m.f16 {
		size = 2
	}
	return &tensor{"embeddings.tokens", make([]byte, m.n.Embeddings.Tokens.Rows*m.embedding*size)}
}

// takeTokens converts rows of the token embeddings, from number first on.
func (m *model) takeTokens(p *packer, first int, rows network.Table) {
	buffer, size := make([]float32, rows.Width), len(m.tokens.data)/m.n.Embeddings.Tokens.Rows
	for r := range rows.Rows {
		row := p.stored("embeddings.tokens", padRow(rows.Row(r, buffer)))
		copy(m.tokens.data[(first+r)*size:(first+r+1)*size], row.data)
	}
}
