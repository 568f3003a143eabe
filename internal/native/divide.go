package native

import (
	"cmp"
	"errors"
	"slices"

	"github.com/crossrank/crossrank/internal/network"
)

// compute runs the divided batch; or if joint is set, one pass that all workers compute together.
func (e *Engine) compute(seqs []network.Sequence, out []float32, joint bool) error {
	if joint {
		e.joinAll(seqs)
	}
	for _, w := range e.workers {
		w.start <- struct{}{}
	}
	var err error
	for _, w := range e.workers {
		if failure := <-w.done; err == nil || errors.Is(err, errBroken) && failure != nil {
			err = failure // the cause, rather than what others met at the barrier
		}
	}
	e.barrier.reset()
	if err != nil {
		return err
	}
	for _, w := range e.workers {
		w.collect(out)
	}
	return nil
}

// divide gives every worker sequences of about the same cost: the longest first, each to the worker
// that has least so far.
func (e *Engine) divide(seqs []network.Sequence) {
	e.order = e.order[:0]
	for i := range seqs {
		e.order = append(e.order, i)
	}
	slices.SortFunc(e.order, func(a, b int) int { return cmp.Compare(seqs[b].Rows(), seqs[a].Rows()) })
	for _, w := range e.workers {
		w.clear()
	}
	for _, i := range e.order {
		w := slices.MinFunc(e.workers, func(a, b *worker) int { return cmp.Compare(a.cost, b.cost) })
		w.add(seqs[i], i)
	}
}

// uneven reports whether the workers' parts differ so much that one joint pass is faster. A joint
// pass costs two waits a layer and reads the weights once more for each block, which is some
// percent of a block's time.
func (e *Engine) uneven() bool {
	total, most := 0, 0
	for _, w := range e.workers {
		total, most = total+w.cost, max(most, w.cost)
	}
	return 100*most*len(e.workers) > (100+unevenPercent)*total
}

// unevenPercent is how much more than its even part the most loaded worker may have before a pass
// is joint. Divided, a batch takes as long as its larger part; jointly, a few percent longer than
// half of it. BenchmarkUneven, on two cores, finds them alike somewhere between 5 and 10 percent.
const unevenPercent = 7

// dividedTokens is the longest sequence of a divided batch. A worker's memory for the activations
// of ModernBERT's 8,192 tokens is 126 MB; for so many, it is 16.
const dividedTokens = 1024

// longest is how many rows the longest sequence has.
func longest(seqs []network.Sequence) int {
	most := 0
	for _, q := range seqs {
		most = max(most, q.Rows())
	}
	return most
}

// joinAll makes all workers compute one pass over the whole batch, in the memory of the first.
func (e *Engine) joinAll(seqs []network.Sequence) {
	first := e.workers[0]
	first.clear()
	for i, q := range seqs {
		first.add(q, i)
	}
	first.prepare()
	for _, w := range e.workers {
		w.pass, w.joint = first, true
	}
}

// cost of a sequence of n tokens, in the work of one token in linear layers. Attention over whole
// sequences adds as much to each token at quadratic tokens.
func (m *model) cost(n int) int { return n + n*n/m.quadratic }

// quadratic is how long sequences are where attention is as much work as linear layers: 2,304
// tokens in MiniLM. Attention within a window counts as none.
func quadratic(n *network.Network) int {
	linear, attention := 0, 1 // some, so that there is a ratio
	for i := range n.Blocks {
		b := &n.Blocks[i]
		layers := []*network.Linear{&b.Query, &b.Key, &b.Value, &b.AttentionOutput, &b.Up, &b.Down}
		if b.Gate != nil {
			layers = append(layers, b.Gate)
		}
		for _, l := range layers {
			linear += l.In * l.Out
		}
		if b.Window == 0 {
			attention += 2 * n.Heads * n.HeadSize
		}
		if n.Relative != nil {
			attention += 4 * n.Heads * n.HeadSize // as long as products with the table take
		}
	}
	return max(1, linear/attention)
}
