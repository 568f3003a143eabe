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

// joinAll makes all workers compute one pass over the whole batch, in the memory of the first.
func (e *Engine) joinAll(seqs []network.Sequence) {
	first := e.workers[0]
	first.clear()
	for i, q := range seqs {
		first.add(q, i)
	}
	first.prepare(e.model)
	for _, w := range e.workers {
		w.pass, w.joint = first, true
	}
}

// cost of a sequence of n tokens, in the work of one token in MiniLM's linear layers: attention
// adds 9.2 kFLOP · n to each token's 21.2 MFLOP.
func cost(n int) int { return n + n*n/2300 }
