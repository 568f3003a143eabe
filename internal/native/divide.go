package native

import (
	"cmp"
	"errors"
	"slices"

	"github.com/crossrank/crossrank/internal/network"
)

// compute runs a batch as planned.
func (e *Engine) compute(seqs []input, out []float32, p plan) error {
	e.assign(seqs, p)
	used := e.workers[:p.teams*p.size]
	for _, w := range used {
		w.start <- struct{}{}
	}
	var err error
	for _, w := range used {
		if failure := <-w.done; err == nil || errors.Is(err, errBroken) && failure != nil {
			err = failure // the cause, rather than what others met at the barrier
		}
	}
	if err != nil {
		return err
	}
	for i := 0; i < len(used); i += p.size {
		used[i].collect(out)
	}
	return nil
}

// plan chooses how a batch is computed by as many workers as have a processor.
func (e *Engine) plan(seqs []input) plan {
	e.sort(seqs)
	return e.planner.choose(seqs, e.order, min(len(e.workers), e.processors()), e.memory.each)
}

// sort orders the sequences of a batch.
func (e *Engine) sort(seqs []input) {
	e.order = e.order[:0]
	for i := range seqs {
		e.order = append(e.order, i)
	}
	slices.SortStableFunc(e.order, func(a, b int) int { return cmp.Compare(seqs[b].Rows(), seqs[a].Rows()) })
}

// assign divides the sequences among the teams of a plan. The first worker of a team holds its
// sequences and its results; all compute in the memory of the team together.
func (e *Engine) assign(seqs []input, p plan) {
	for team := range p.teams {
		members := e.workers[team*p.size:][:p.size]
		leader := members[0]
		leader.clear()
		e.memory.lend(leader.scratch, p, team)
		leader.barrier.reset(p.size)
		for i, w := range members {
			w.pass, w.part = leader, e.partOf(p, i, leader.barrier)
		}
	}
	loads := e.planner.loads[:p.teams]
	clear(loads)
	for _, i := range e.order {
		team := leastLoaded(loads)
		loads[team].add(seqs[i].Rows(), e.planner.costs.quadratic)
		e.workers[team*p.size].add(seqs[i], i)
	}
	for team := range p.teams {
		e.workers[team*p.size].prepare(p.size)
	}
}

// partOf is the part of a team's worker.
func (e *Engine) partOf(p plan, index int, barrier waiter) part {
	return part{index: index, count: p.size, barrier: barrier, cut: e.cutFor(p.columns), tails: e.tailsFor(p.size)}
}

// tailsFor are those of a team of n workers. They are made when they are first needed.
func (e *Engine) tailsFor(n int) []tail {
	if e.tails[n] == nil {
		e.tails[n] = e.model.cutTails(n)
	}
	return e.tails[n]
}

// cutFor is how the layers are cut for a grid of n columns; nil for one. It is made when it is
// first needed.
func (e *Engine) cutFor(n int) [][]columns {
	if n <= 1 {
		return nil
	}
	if e.cuts[n] == nil {
		e.cuts[n] = e.model.cutColumns(n)
	}
	return e.cuts[n]
}

// quadraticOf is how long sequences are where attention takes as long as linear layers. In MiniLM
// it is as much work at 2,304 tokens, but in int8 products are faster. Attention within a window
// counts as none.
func (m *model) quadraticOf(n *network.Network) int {
	linear, attention := 0, 1 // some, so that there is a ratio
	for i := range n.Blocks {
		b := &n.Blocks[i]
		linear += linearWeights(b)
		switch {
		case n.Causal: // a token attends to half of the others, on average
			attention += n.Heads * n.HeadSize
		case b.Window == 0:
			attention += 2 * n.Heads * n.HeadSize
		}
		if n.Relative != nil {
			attention += 4 * n.Heads * n.HeadSize // as long as products with the table take
		}
	}
	products, _, attentionSpeed := m.rateOf()
	return max(1, int(float64(linear)/products.speed/(float64(attention)/attentionSpeed)))
}
