package native

import (
	"fmt"

	"github.com/crossrank/crossrank/internal/cpu"
	"github.com/crossrank/crossrank/internal/kernel"
)

// reducedTokens is the longest sequence of a reduced engine.
const reducedTokens = blockTokens

// Reduced starts an engine on the packed weights of e that computes only some of the network's
// blocks, with the kernels of e or in plain Go, which reads what is packed for any tier. The blocks
// are given by their numbers, and the last one must be among them. The engine takes sequences of up
// to 256 tokens. Threads are as in [Options].
//
// Its logits are those of another network, unless all blocks are given: they say nothing about a
// text, but plain Go must agree about them. So two reduced engines check kernels on a network that
// is too large for a whole pass in plain Go.
func (e *Engine) Reduced(blocks []int, plain bool, threads int) (*Engine, error) {
	m, tier := *e.model, e.tier
	if plain {
		m.kernels, tier = m.kernels.Plain(), cpu.Generic
	}
	m.layers = nil
	for _, i := range blocks {
		m.layers = append(m.layers, e.model.layers[i])
	}
	if len(blocks) == 0 || blocks[len(blocks)-1] != e.Blocks()-1 {
		return nil, fmt.Errorf("an engine of the blocks %v was asked for; it needs the last one, %d", blocks, e.Blocks()-1)
	}
	r := &Engine{model: &m, tier: tier, vocab: e.vocab, maxTokens: min(e.maxTokens, reducedTokens)}
	r.start(threads, nil)
	return r, nil
}

// Blocks is how many blocks the engine computes.
func (e *Engine) Blocks() int { return len(e.model.layers) }

// BlockCost is how many multiplications one token costs in the linear layers of a block.
func (e *Engine) BlockCost() int {
	l, cost := &e.model.layers[0], 0
	for _, p := range []*kernel.Panels{l.qkProj, l.keyProj, l.vProj, l.outProj, l.gateProj, l.upProj, l.downProj} {
		if p != nil {
			cost += p.In * p.Out
		}
	}
	return cost
}
