package native

import (
	"fmt"
	"slices"

	"github.com/crossrank/crossrank/internal/network"
)

// worker is one core: a goroutine, the memory that it works in, and its part of the batch at hand.
type worker struct {
	model   *model
	share   part // its place where a pass is shared
	scratch *scratch
	work    *workspace
	start   chan struct{} // one receive a batch; closed by Close
	done    chan error

	// Set by Logits before start is signalled; the worker owns its part until done is.
	cost   int
	index  []int // the places of its sequences in the batch
	seqs   []network.Sequence
	logits []float32
	pass   *worker // whose part is computed: its own, or where a pass is shared the first worker's
	shared bool
}

func newWorker(m *model, maxLength int, share part) *worker {
	return &worker{
		model: m, share: share, scratch: m.newScratch(maxLength), work: m.newWorkspace(maxLength),
		start: make(chan struct{}), done: make(chan error),
	}
}

// clear empties the worker's part and makes it the worker's own again.
func (w *worker) clear() {
	w.cost, w.index, w.seqs = 0, w.index[:0], w.seqs[:0]
	w.pass, w.shared = w, false
}

// add puts the sequence at place i of the batch into the worker's part.
func (w *worker) add(q network.Sequence, i int) {
	w.cost += cost(q.Rows())
	w.index = append(w.index, i)
	w.seqs = append(w.seqs, q)
}

// prepare makes room for the results of the worker's part.
func (w *worker) prepare(m *model) {
	w.logits = slices.Grow(w.logits[:0], len(w.seqs))[:len(w.seqs)]
	m.reserve(w.scratch, len(w.seqs))
}

// collect puts the results of the worker's own part into their places.
func (w *worker) collect(out []float32) {
	if w.pass != w {
		return
	}
	for i, at := range w.index {
		out[at] = w.logits[i]
	}
}

func (w *worker) run() {
	for range w.start {
		w.done <- w.compute()
	}
}

// compute runs the worker's part. A panic is the program's fault, not the worker's end: it becomes an error, and frees those
// who share the pass.
func (w *worker) compute() (err error) {
	share := part{}
	if w.shared {
		share = w.share
	} else {
		w.prepare(w.model)
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("computing %d sequences: panic: %v", len(w.pass.seqs), p)
			if cause, ok := p.(error); ok {
				err = fmt.Errorf("computing %d sequences: panic: %w", len(w.pass.seqs), cause)
			}
			if w.shared {
				w.share.barrier.Break()
			}
		}
	}()
	w.model.forward(w.pass.scratch, w.work, share, w.pass.seqs, w.pass.logits)
	return nil
}
