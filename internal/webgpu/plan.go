package webgpu

import (
	"errors"
	"math"
	"unsafe"

	"github.com/crossrank/crossrank/internal/network"
)

// step is one dispatch of a pass. Its grid depends on the batch.
type step struct {
	name            string
	pipeline, group handle
	count           count
	tile            uint32 // elements of the count that a workgroup computes
	across          uint32 // workgroups in the other direction
	few             *step  // what is computed instead for up to fewRows; nil: nothing
}

// fewRows are so many that large tiles would divide products among few workgroups.
const fewRows = 256

// count is what a grid is as long as.
type count int

const (
	rows      count = iota // tokens
	reads                  // sequences, of which the head reads one row each
	items                  // tiles of queries
	readItems              // queries of the rows that the head reads
	relatives              // rows of the table of relative positions, before the first pass
)

// binding is a part of a buffer, at a number of the shader.
type binding struct {
	number       uint32
	buffer       *buffer
	offset, size int // size 0: the rest
}

// planner makes the steps of a pass. It keeps the first error, and then does nothing more.
type planner struct {
	*session
	err error

	x, h     *buffer // the residual stream, in float32, and what products read
	embedded *buffer // before a projection
	projectH *buffer
	qkv      *buffer
	context  *buffer
	gate, up *buffer

	// The same for the rows that the head reads.
	xRead, hRead, queryRead, contextRead, gateRead, upRead, denseRead *buffer

	hIsX     bool // h holds what the next product reads of x
	products productTile
	few      productTile // of products of few rows; nil: as of others
	once     []step
}

// mostSteps bounds the steps of a pass.
func (s *session) mostSteps() int { return 32 + 20*len(s.m.blocks) }

func (p *planner) plan() {
	m := p.m
	p.allocate()
	p.tune()
	p.embed()
	readsAll := m.n.Head.Pooling == network.MeanToken
	for i := range m.blocks {
		if i == len(m.blocks)-1 && !readsAll {
			p.lastBlock(i)
		} else {
			p.block(i)
		}
	}
	if readsAll {
		if m.finalNorm != nil {
			p.norm(p.x, p.h, m.finalNorm, rows, true, m.hidden)
		}
		p.step("mean", variant{}, reads, 1, 1, []uint32{uint32(m.hidden / 4)},
			p.region(2, reads), binding{number: 3, buffer: p.x}, binding{number: 4, buffer: p.xRead})
	} else if m.finalNorm != nil {
		p.norm(p.xRead, p.hRead, m.finalNorm, reads, true, m.hidden)
	}
	p.head()
}

// allocate makes the memory of a pass.
func (p *planner) allocate() {
	m, size := p.m, 4
	if m.f16 {
		size = 2
	}
	all := func(label string, width, size int) *buffer { return p.scratch(label, p.rows*width*size, &p.err) }
	one := func(label string, width, size int) *buffer { return p.scratch(label, p.reads*width*size, &p.err) }
	p.x, p.h = all("the residual stream", m.hidden, 4), all("inputs of layers", m.hidden, size)
	if m.projection != nil {
		p.embedded, p.projectH = all("embeddings", m.embedding, 4), all("inputs of the projection", m.embedding, size)
	}
	p.qkv = all("queries, keys and values", m.queries+2*m.keys, size)
	p.context = all("outputs of heads", m.queries, size)
	p.up = all("the feed-forward layer", m.intermediate, size)
	gated := false
	for i := range m.blocks {
		gated = gated || m.blocks[i].gate != nil
	}
	if gated {
		p.gate, p.gateRead = all("the gates", m.intermediate, size), one("the gates", m.intermediate, size)
	}
	p.xRead, p.hRead = one("rows for the head", m.hidden, 4), one("rows for the head", m.hidden, size)
	p.queryRead, p.contextRead = one("queries for the head", m.queries, size), one("outputs of heads for the head", m.queries, size)
	p.upRead = one("the feed-forward layer for the head", m.intermediate, size)
	p.denseRead = one("the head's dense layer", pad(m.head.width), 4)
}

// stored is the type of the elements that products read.
func (p *planner) stored() string {
	if p.m.f16 {
		return "f16"
	}
	return "f32"
}

// region is a part of the inputs, bound at a number.
func (p *planner) region(number uint32, c count) binding {
	switch c {
	case rows:
		return binding{number, p.inputs, 0, 16 * p.rows}
	case reads:
		return binding{number, p.inputs, p.readsAt, 16 * p.session.reads}
	case items:
		return binding{number, p.inputs, p.itemsAt, 32 * p.rows}
	}
	return binding{number, p.inputs, p.readItemsAt, 32 * p.session.reads}
}

// tensor uploads a tensor and binds it.
func (p *planner) tensor(number uint32, t *tensor) binding {
	if p.err != nil {
		return binding{}
	}
	b, err := p.upload(t)
	if err != nil {
		p.err = err
	}
	return binding{number: number, buffer: b}
}

// step adds a dispatch, with its settings at binding 1.
func (p *planner) step(name string, v variant, c count, tile, across int, op []uint32, bindings ...binding) {
	if p.err != nil {
		return
	}
	v.F16 = p.m.f16
	pipeline, err := p.pipeline(name, v)
	if err != nil {
		p.err = err
		return
	}
	at := len(p.opData)
	p.opData = append(p.opData, make([]uint32, opWords)...)
	copy(p.opData[at:], op)
	bindings = append(bindings, binding{1, p.ops, 4 * at, 4 * opWords})
	group, err := p.bind(name, pipeline, bindings)
	if err != nil {
		p.err = err
		return
	}
	made := step{name: name, pipeline: pipeline, group: group, count: c, tile: uint32(tile), across: uint32(across)}
	if c == relatives {
		p.once = append(p.once, made)
	} else {
		p.steps = append(p.steps, made)
	}
}

// bind makes a bind group.
func (p *planner) bind(name string, pipeline handle, bindings []binding) (handle, error) {
	entries := make([]bindGroupEntry, len(bindings))
	for i, b := range bindings {
		if b.size == 0 {
			b.size = int(b.buffer.size) - b.offset
		}
		entries[i] = bindGroupEntry{binding: b.number, buffer: b.buffer.handle, offset: uint64(b.offset), size: uint64(b.size)}
	}
	layout := handle(call(p.lib.ComputePipelineGetBindGroupLayout, uintptr(pipeline), 0))
	defer call(p.lib.BindGroupLayoutRelease, uintptr(layout))
	desc := &bindGroupDescriptor{
		label: viewOf(name), layout: layout, entryCount: uintptr(len(entries)), entries: unsafe.Pointer(&entries[0]),
	}
	group := handle(call(p.lib.DeviceCreateBindGroup, uintptr(p.device.device), uintptr(unsafe.Pointer(desc))))
	if err := p.takeError(); err != nil {
		return 0, errors.Join(errors.New("binding the memory of "+name), err)
	}
	p.groups = append(p.groups, group)
	return group, nil
}

// countsAt binds the number of rows that a product has.
func (p *planner) countsAt(c count) binding {
	offset := map[count]int{rows: 0, reads: 4 * opWords, relatives: 8 * opWords}[c]
	return binding{0, p.counts, offset, 4 * opWords}
}

// norm adds a norm of rows of x to h, or their copy without one. With keep, x has it then too.
func (p *planner) norm(x, h *buffer, n *norm, c count, keep bool, width int) {
	v := variant{Out: p.stored(), Keep: keep}
	op := []uint32{uint32(width), uint32(width / 4), 0}
	bindings := []binding{{number: 2, buffer: x}, {number: 3, buffer: h}}
	if n != nil {
		v.Norm, v.RMS, v.Bias, v.Subgroups = true, n.rms, n.bias != nil, p.subgroups
		op[0], op[2] = uint32(n.width), math.Float32bits(n.eps)
		bindings = append(bindings, p.tensor(4, n.gain))
		if n.bias != nil {
			bindings = append(bindings, p.tensor(5, n.bias))
		}
	}
	p.step("norm", v, c, 1, 1, op, bindings...)
}

// product is a linear layer as a step.
type product struct {
	layer      *linear
	input, out *buffer
	row, n     int // of the layer's outputs: the first, and how many
	stride     int // of rows of out
	column     int // of the first output in out
	residual   bool
	gate       *buffer
	activation network.Activation
	exact      bool // float32 throughout
	wide       bool // out is float32
}

func (p *planner) product(c count, q product) {
	v := variant{
		In: p.stored(), Out: p.stored(), Activation: q.activation, Bias: q.layer.bias != nil, Residual: q.residual, Gate: q.gate != nil,
	}
	tile := p.smallTile()
	if c == rows {
		tile = p.products
	}
	if q.exact {
		v.In, v.Out, tile = "f32", "f32", threadTiles[0]
	}
	if q.wide {
		v.Out = "f32"
	}
	op := []uint32{
		uint32(q.n / 4), uint32(q.layer.in / 4), uint32(q.row), uint32(q.row / 4), uint32(q.layer.in / 4), uint32(q.stride / 4), uint32(q.column / 4),
	}
	bindings := []binding{p.countsAt(c), {number: 2, buffer: q.input}, p.tensor(3, q.layer.weight), {number: 5, buffer: q.out}}
	if q.layer.bias != nil {
		bindings = append(bindings, p.tensor(4, q.layer.bias))
	}
	if q.gate != nil {
		bindings = append(bindings, binding{number: 6, buffer: q.gate})
	}
	p.divided(tile, v, c, q.n, op, bindings)
	if made := len(p.steps); c == rows && p.few != nil && p.err == nil {
		p.divided(p.few, v, c, q.n, op, bindings)
		if p.err == nil {
			few := p.steps[made]
			p.steps = p.steps[:made]
			p.steps[made-1].few = &few
		}
	}
}

// divided adds a product that is divided by a tile.
func (p *planner) divided(tile productTile, v variant, c count, columns int, op []uint32, bindings []binding) {
	v.Tile = tile
	_, v.Matrices = tile.(matrixTile)
	down, across := tile.size()
	p.step(tile.shader(), v, c, down, (columns+across-1)/across, op, bindings...)
}
