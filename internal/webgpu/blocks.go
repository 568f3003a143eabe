package webgpu

import (
	"math"

	"github.com/crossrank/crossrank/internal/network"
)

// embed adds the steps that fill the residual stream.
func (p *planner) embed() {
	m := p.m
	if p.err != nil {
		return
	}
	out, h := p.x, p.h
	if m.projection != nil {
		out, h = p.embedded, p.projectH
	}
	p.step("embed", variant{In: p.stored()}, rows, 1, 1, []uint32{uint32(m.embedding / 4)},
		p.region(2, rows), p.tensor(3, m.tokens), p.tensor(4, m.positions), p.tensor(5, m.types), binding{number: 6, buffer: out})
	first := m.embeddingNorm
	if m.n.Embeddings.ProjectFirst {
		first = nil
	}
	p.norm(out, h, first, rows, true, m.embedding)
	p.hIsX = m.projection == nil
	if m.projection == nil {
		return
	}
	p.product(rows, product{layer: m.projection, input: h, out: p.x, n: m.hidden, stride: m.hidden, wide: true})
	if m.n.Embeddings.ProjectFirst {
		p.norm(p.x, p.h, m.embeddingNorm, rows, true, m.hidden)
		p.hIsX = true
	}
}

// read makes h what the next layer reads of x: in a pre-norm block its norm.
func (p *planner) read(x, h *buffer, n *norm, c count) {
	switch {
	case p.m.n.PreNorm && n != nil:
		p.norm(x, h, n, c, false, p.m.hidden)
	case !p.hIsX:
		p.norm(x, h, nil, c, false, p.m.hidden)
	}
}

// added is what follows a sum: in a post-norm block its norm.
func (p *planner) added(x, h *buffer, n *norm, c count) {
	p.hIsX = !p.m.n.PreNorm
	if p.hIsX {
		p.norm(x, h, n, c, true, p.m.hidden)
	}
}

// block adds the steps of a block of all rows.
func (p *planner) block(i int) {
	m, b := p.m, &p.m.blocks[i]
	stride := m.queries + 2*m.keys
	p.read(p.x, p.h, b.attentionNorm, rows)
	p.product(rows, product{layer: &b.qkv, input: p.h, out: p.qkv, n: stride, stride: stride})
	p.heads(b.queryNorm, b.turns, p.qkv, stride, 0, m.n.Heads, rows)
	p.heads(b.keyNorm, b.turns, p.qkv, stride, m.queries, m.n.KVHeads, rows)
	p.attention(i, p.qkv, stride, p.context, items)
	p.product(rows, product{layer: &b.output, input: p.context, out: p.x, n: m.hidden, stride: m.hidden, residual: true})
	p.added(p.x, p.h, b.attentionNorm, rows)
	p.feedForward(b, p.x, p.h, p.gate, p.up, rows)
}

// lastBlock adds the steps of the last block where the head reads one row of a sequence: of all
// rows the keys and values, of the rows that are read everything else.
func (p *planner) lastBlock(i int) {
	m, b := p.m, &p.m.blocks[i]
	stride := m.queries + 2*m.keys
	p.read(p.x, p.h, b.attentionNorm, rows)
	p.product(rows, product{layer: &b.qkv, input: p.h, out: p.qkv, row: m.queries, n: 2 * m.keys, stride: stride, column: m.queries})
	p.heads(b.keyNorm, b.turns, p.qkv, stride, m.queries, m.n.KVHeads, rows)
	p.step("gather", variant{In: p.stored()}, reads, 1, 1, []uint32{uint32(m.hidden / 4)}, p.region(2, reads),
		binding{number: 3, buffer: p.x}, binding{number: 4, buffer: p.h}, binding{number: 5, buffer: p.xRead}, binding{number: 6, buffer: p.hRead})
	p.product(reads, product{layer: &b.qkv, input: p.hRead, out: p.queryRead, n: m.queries, stride: m.queries})
	p.heads(b.queryNorm, b.turns, p.queryRead, m.queries, 0, m.n.Heads, reads)
	p.attention(i, p.queryRead, m.queries, p.contextRead, readItems)
	p.product(reads, product{layer: &b.output, input: p.contextRead, out: p.xRead, n: m.hidden, stride: m.hidden, residual: true})
	p.added(p.xRead, p.hRead, b.attentionNorm, reads)
	p.feedForward(b, p.xRead, p.hRead, p.gateRead, p.upRead, reads)
}

func (p *planner) feedForward(b *block, x, h, gate, up *buffer, c count) {
	m := p.m
	p.read(x, h, b.feedForwardNorm, c)
	q := product{layer: &b.up, input: h, out: up, n: m.intermediate, stride: m.intermediate, activation: m.n.Activation}
	if b.gate != nil {
		q.layer, q.out = b.gate, gate
		p.product(c, q)
		q.layer, q.out, q.gate, q.activation = &b.up, up, gate, network.NoActivation
	}
	p.product(c, q)
	p.product(c, product{layer: &b.down, input: up, out: x, n: m.hidden, stride: m.hidden, residual: true})
	p.added(x, h, b.feedForwardNorm, c)
}

// heads adds the norms and the rotary positions of heads that lie side by side in rows.
func (p *planner) heads(n *norm, turns int, buffer *buffer, stride, column, count int, c count) {
	m := p.m
	if n == nil && turns < 0 {
		return
	}
	v := variant{Out: p.stored()}
	op := []uint32{uint32(stride), uint32(column), uint32(m.n.HeadSize), uint32(m.headSize), 0, 0}
	bindings := []binding{{number: 3, buffer: buffer}}
	if turns >= 0 {
		v.Rotary, op[4] = true, uint32(len(m.n.Blocks[turns].Rotary.Frequencies))
		bindings = append(bindings, p.region(2, c), p.tensor(4, m.turns[turns]))
	}
	if n != nil {
		v.Norm, v.RMS, v.Bias, op[5] = true, n.rms, n.bias != nil, math.Float32bits(n.eps)
		v.Subgroups = p.subgroups
		bindings = append(bindings, p.tensor(5, n.gain))
		if n.bias != nil {
			bindings = append(bindings, p.tensor(6, n.bias))
		}
	}
	p.step("heads", v, c, 1, count, op, bindings...)
}

// attention adds a block's attention of queries over the keys and values in qkv.
func (p *planner) attention(i int, queries *buffer, stride int, out *buffer, c count) {
	m, b := p.m, &p.m.blocks[i]
	v := variant{In: p.stored(), Out: p.stored()}
	v.Attention, v.Causal = p.tile, m.n.Causal
	_, v.Matrices = p.tile.(matrixAttention)
	op := []uint32{
		uint32(stride / 4), uint32((m.queries + 2*m.keys) / 4), uint32(m.queries / 4), uint32((m.queries + m.keys) / 4), uint32(m.queries / 4),
		uint32(m.n.Heads / m.n.KVHeads), uint32(b.window), math.Float32bits(m.n.AttentionScale), 0, uint32(m.queries / 4),
	}
	bindings := []binding{p.region(2, c), {number: 3, buffer: queries}, {number: 4, buffer: p.qkv}, {number: 5, buffer: out}}
	if r := m.n.Relative; r != nil {
		v.Relative, v.ContentToPosition, v.PositionToContent = true, r.ContentToPosition, r.PositionToContent
		op[8] = uint32((len(r.Rows) - 1) / 2)
		bindings = append(bindings, p.tensor(6, m.relativeRows))
		if r.ContentToPosition {
			bindings = append(bindings, binding{number: 7, buffer: p.relativeTable(b.positionKey, b.sharesKey, &b.qkv, m.queries)})
		}
		if r.PositionToContent {
			bindings = append(bindings, binding{number: 8, buffer: p.relativeTable(b.positionQuery, b.sharesQuery, &b.qkv, 0)})
		}
	}
	p.step(p.tile.shader(), v, c, 1, m.n.Heads, op, bindings...)
}

// relativeTable is a block's projection of the table of relative positions, computed once: by a
// layer of its own, or by one of contents, whose outputs begin at a row.
func (p *planner) relativeTable(own *linear, shared bool, contents *linear, row int) *buffer {
	if own == nil && !shared || p.err != nil {
		return nil
	}
	m, size := p.m, 4
	if m.f16 {
		size = 2
	}
	out := p.scratch("relative positions", m.relativeSize*m.queries*size, &p.err)
	table := p.tensor(0, m.relative).buffer
	q := product{layer: contents, input: table, out: out, row: row, n: m.queries, stride: m.queries}
	if !shared {
		q.layer, q.row = own, 0
	}
	p.product(relatives, q)
	return out
}

// head adds the steps from the rows that the head reads to the logits.
func (p *planner) head() {
	m, h := p.m, &p.m.head
	read := p.xRead
	if h.dense != nil {
		read = p.denseRead
		p.product(reads, product{layer: h.dense, input: p.xRead, out: read, n: pad(h.width), stride: pad(h.width), exact: true})
	}
	v := variant{Activation: m.n.Head.Activation, Subgroups: p.subgroups}
	op := []uint32{uint32(h.width), uint32(pad(h.width) / 4), 0, math.Float32bits(h.bias)}
	bindings := []binding{{number: 2, buffer: read}, p.tensor(3, h.classifier), {number: 4, buffer: p.logits}}
	if n := h.norm; n != nil {
		v.Norm, v.RMS, v.Bias, op[2] = true, n.rms, n.bias != nil, math.Float32bits(n.eps)
		bindings = append(bindings, p.tensor(5, n.gain))
		if n.bias != nil {
			bindings = append(bindings, p.tensor(6, n.bias))
		}
	}
	p.step("logit", v, reads, 1, 1, op, bindings...)
}
