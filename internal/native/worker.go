package native

import (
	"fmt"
	"slices"

	"github.com/crossrank/crossrank/internal/network"
)

// worker is one core: a goroutine, the memory that it works in, and its part of the batch at hand.
type worker struct {
	model     *model
	part      part // its part of a joint pass
	scratch   *scratch
	workspace *workspace
	start     chan struct{} // one receive a batch; closed by Close
	done      chan error

	// Set by Logits before start is signalled; the worker owns its part until done is.
	cost   int
	index  []int // where its sequences are in the batch
	seqs   []network.Sequence
	logits []float32
	pass   *worker // whose sequences are computed: its own, or in a joint pass the first worker's
	joint  bool
}

// newWorker makes a worker and its memory. The first worker's has room for sequences of up to
// maxTokens tokens, in whose computation the others join.
func newWorker(m *model, maxTokens int, p part) *worker {
	room := maxTokens
	if p.index > 0 {
		room = min(room, dividedTokens)
	}
	return &worker{
		model: m, part: p, scratch: m.newScratch(room), workspace: m.newWorkspace(maxTokens),
		start: make(chan struct{}), done: make(chan error),
	}
}

// clear empties the worker's part and makes it the worker's own again.
func (w *worker) clear() {
	w.cost, w.index, w.seqs = 0, w.index[:0], w.seqs[:0]
	w.pass, w.joint = w, false
}

// add puts the batch's sequence i into the worker's part.
func (w *worker) add(q network.Sequence, i int) {
	w.cost += w.model.cost(q.Rows())
	w.index = append(w.index, i)
	w.seqs = append(w.seqs, q)
}

// prepare makes the memory for the results of the worker's part large enough.
func (w *worker) prepare() {
	w.logits = slices.Grow(w.logits[:0], len(w.seqs))[:len(w.seqs)]
	w.model.reserve(w.scratch, len(w.seqs))
}

// collect copies the results of the worker's own part to where they belong in out.
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

// compute runs the worker's part. A panic is a fault of the program, not the end of the worker: it
// becomes an error, and frees those who compute the same pass.
func (w *worker) compute() (err error) {
	own := part{}
	if w.joint {
		own = w.part
	} else {
		w.prepare()
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("computing %d sequences: panic: %v", len(w.pass.seqs), p)
			if cause, ok := p.(error); ok {
				err = fmt.Errorf("computing %d sequences: panic: %w", len(w.pass.seqs), cause)
			}
			if w.joint {
				w.part.barrier.breakUp()
			}
		}
	}()
	w.model.forward(w.pass.scratch, w.workspace, own, w.pass.seqs, w.pass.logits)
	return nil
}
