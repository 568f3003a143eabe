package native

import (
	"cmp"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/crossrank/crossrank/internal/cpu"
	"github.com/crossrank/crossrank/internal/kernel"
	"github.com/crossrank/crossrank/internal/network"
)

// Opening packs the weights of a network block by block, as they are read.
type Opening struct {
	network   *network.Network
	model     *model
	tier      cpu.Tier
	positions []positionProjections // of the blocks; nil without relative positions
	tooLarge  atomic.Pointer[RangeError]
}

var _ network.Receiver = (*Opening)(nil)

// Begin begins to open an engine of a network whose shapes are known and whose weights are not
// there yet. It refuses what cannot be computed. Of the options it uses Tier and Precision.
func Begin(n *network.Network, opts Options) (*Opening, error) {
	if err := n.ValidateStructure(); err != nil {
		return nil, err
	}
	tier := opts.Tier
	if tier == "" {
		chosen, err := cpu.Choose()
		if err != nil {
			return nil, err
		}
		tier = chosen
	}
	kernels, err := kernel.For(tier)
	if err != nil {
		return nil, err
	}
	m, err := newModel(n, kernels, cmp.Or(opts.Precision, Precisions[0]))
	if err != nil {
		return nil, err
	}
	o := &Opening{network: n, model: m, tier: tier}
	if n.Relative != nil {
		o.positions = make([]positionProjections, len(n.Blocks))
	}
	return o, nil
}

// Block packs block i, see [network.Receiver].
func (o *Opening) Block(i int) {
	b := &o.network.Blocks[i]
	for role, l := range b.Linears() {
		o.layerInRange(fmt.Sprintf("blocks[%d].%s.weight", i, role), l)
	}
	o.model.packBlock(&o.model.layers[i], b)
	if o.positions != nil {
		o.positions[i] = copyPositions(b)
	}
}

// Tokens packs the token embeddings as they are read, in other precisions than FP32; see
// [network.Receiver].
func (o *Opening) Tokens() func(first int, rows network.Table) {
	t := &o.network.Embeddings.Tokens
	take := o.model.takeTokens(t.Rows, t.Width)
	if take == nil {
		return nil
	}
	return func(first int, rows network.Table) {
		o.inRange("embeddings.tokens", first*rows.Width, rows.Data)
		take(first, rows)
	}
}

// Start packs the rest, once all blocks are packed, and starts the engine. It uses the options that
// Begin does not.
func (o *Opening) Start(opts Options) (*Engine, error) {
	most, maxTokens := o.network.MaxTokens(), opts.MaxTokens
	switch {
	case most == 0 && maxTokens == 0:
		return nil, errors.New("the network has no learned positions, so the longest sequence must be given")
	case most > 0 && maxTokens > most:
		return nil, fmt.Errorf("sequences of up to %d tokens were asked for; the network has positions for %d", maxTokens, most)
	}
	if err := o.tooLarge.Load(); err != nil {
		return nil, err
	}
	o.model.packRest(o.network, o.positions)
	o.model.costs = costsOf(o.network, o.model)
	e := &Engine{
		model: o.model, tier: o.tier, vocab: o.network.Embeddings.Tokens.Rows, maxTokens: cmp.Or(maxTokens, most),
	}
	if e.model.shares {
		e.prefixes = newPrefixes(opts.PrefixBytes)
	}
	e.model.prepare(e.maxTokens)
	e.start(opts.Threads, opts.CPUs)
	return e, nil
}
