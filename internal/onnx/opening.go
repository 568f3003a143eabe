package onnx

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"

	"github.com/crossrank/crossrank/internal/network"
)

// Opening stores the weights of a network block by block, as they are read.
type Opening struct {
	network *network.Network
	model   *model

	mu      sync.Mutex // guards the map of weights
	weights *weights
}

var _ network.Receiver = (*Opening)(nil)

// Begin begins to open an engine of a network whose shapes are known and whose weights are not
// there yet. It refuses what cannot be computed. Of the options it uses Device and Precision.
func Begin(n *network.Network, opts Options) (*Opening, error) {
	if err := n.ValidateStructure(); err != nil {
		return nil, err
	}
	if err := n.Require("onnx", Operations()); err != nil {
		return nil, err
	}
	precision := cmp.Or(opts.Precision, FP32)
	if err := precision.check(); err != nil {
		return nil, err
	}
	l, p, err := openDevice(opts.Device)
	if err != nil {
		return nil, err
	}
	return &Opening{
		network: n, model: &model{library: l, provider: p, precision: precision},
		weights: &weights{precision: precision, tensors: map[string]*tensor{}},
	}, nil
}

// openDevice opens the library and finds the provider of a device, "" being the default.
func openDevice(device string) (*library, provider, error) {
	l, err := openLibrary()
	if err != nil {
		return nil, provider{}, err
	}
	p, err := l.findProvider(cmp.Or(device, cpu))
	return l, p, err
}

// Block stores the weights of block i, see [network.Receiver].
func (o *Opening) Block(i int) {
	b, at := &o.network.Blocks[i], fmt.Sprintf("blocks[%d].", i)
	part := &weights{precision: o.weights.precision, tensors: map[string]*tensor{}}
	for _, l := range []struct {
		name  string
		layer *network.Linear
	}{
		{"query", &b.Query}, {"key", &b.Key}, {"value", &b.Value}, {"attention_output", &b.AttentionOutput},
		{"gate", b.Gate}, {"up", &b.Up}, {"down", &b.Down},
	} {
		part.linear(at+l.name+".weight", l.layer, o.weights.precision)
	}
	o.positions(part, at, "key", b.PositionKey, &b.Key)
	o.positions(part, at, "query", b.PositionQuery, &b.Query)
	o.mu.Lock()
	defer o.mu.Unlock()
	maps.Copy(o.weights.tensors, part.tensors)
	o.weights.err = cmp.Or(o.weights.err, part.err)
}

// positions stores a projection of positions in floats, unless it is the block's own of contents
// and those are floats.
func (o *Opening) positions(part *weights, at, name string, position, content *network.Linear) {
	if position == nil || position == content && part.precision != INT8 {
		return
	}
	part.linear(at+"position_"+name+".weight", position, FP32)
	part.vector(at+"position_"+name+".bias", position.Bias)
}

// Tokens is nil: the network keeps the token embeddings until all is there.
func (o *Opening) Tokens() func(first int, rows network.Table) { return nil }

// Start stores the rest, once all blocks are stored, and opens the network in the library. It uses
// the options that Begin does not.
func (o *Opening) Start(opts Options) (*Engine, error) {
	m, err := o.model, error(nil)
	if m.maxTokens, err = longest(o.network, opts); err != nil {
		return nil, err
	}
	m.inFlight = opts.InFlight
	if o.rest(); o.weights.err != nil {
		return nil, o.weights.err
	}
	m.output = float32s
	m.file, m.graph = translate(o.network, o.weights)
	m.inputs = m.graph.inputNames
	m.network, m.weights = withoutTokens(o.network), o.weights
	m.feeds = newFeeds(m.network)
	e, err := m.start(opts.Threads)
	if err == nil && !m.provider.threads {
		m.weights = nil // it has no replicas
	}
	return e, err
}

// longest is the length of the longest sequence.
func longest(n *network.Network, opts Options) (int, error) {
	most := n.MaxTokens()
	switch {
	case most == 0 && opts.MaxTokens == 0:
		return 0, errors.New("the network has no learned positions, so the longest sequence must be given")
	case most > 0 && opts.MaxTokens > most:
		return 0, fmt.Errorf("sequences of up to %d tokens were asked for; the network has positions for %d", opts.MaxTokens, most)
	}
	return cmp.Or(opts.MaxTokens, most), nil
}

// rest stores everything outside of the blocks' linear layers.
func (o *Opening) rest() {
	n, w := o.network, o.weights
	w.table("embeddings.tokens", &n.Embeddings.Tokens)
	for _, t := range n.Tensors() {
		if strings.HasSuffix(t.Role, ".bias") || strings.HasSuffix(t.Role, "norm.weight") {
			w.vector(t.Role, *t.Data)
		}
	}
	if n.Embeddings.Positions != nil {
		w.table("embeddings.positions", &n.Embeddings.Positions.Table)
	}
	if n.Embeddings.Types != nil {
		w.table("embeddings.types", n.Embeddings.Types)
	}
	if n.Relative != nil {
		w.table("relative", &n.Relative.Table)
	}
	for role, l := range map[string]*network.Linear{
		"embeddings.projection": n.Embeddings.Projection, "head.dense": n.Head.Dense, "head.output": &n.Head.Output,
	} {
		w.linear(role+".weight", l, FP32)
	}
}

// withoutTokens is a network whose token embeddings have a shape alone. They are most of what an
// opened network would keep.
func withoutTokens(n *network.Network) *network.Network {
	shape := *n
	t := &shape.Embeddings.Tokens
	t.Data, t.Bits = nil, nil
	return &shape
}
