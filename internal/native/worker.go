package native

import (
	"fmt"
	"runtime"
	"slices"
)

// worker is one core: a goroutine, the memory that it works in, and its part of the batch at hand.
type worker struct {
	model     *model
	workspace *workspace
	start     chan struct{} // one receive for each batch that it works on; closed by Close
	done      chan error

	// Set by Logits before start is signalled.
	part part    // its part of the team's pass
	pass *worker // the first worker of its team, which holds the team's sequences

	// Of a team's first worker; likewise, and the team owns them until all its workers are done.
	scratch *scratch
	barrier *barrier
	index   []int // where its sequences are in the batch
	seqs    []input
	logits  []float32
}

// newWorker makes a worker and its own memory, for sequences of up to maxTokens tokens.
func newWorker(m *model, maxTokens int) *worker {
	return &worker{
		model: m, workspace: m.newWorkspace(maxTokens), scratch: new(scratch), barrier: newBarrier(),
		start: make(chan struct{}), done: make(chan error),
	}
}

// clear empties the team's part.
func (w *worker) clear() { w.index, w.seqs = w.index[:0], w.seqs[:0] }

// add puts the batch's sequence i into the team's part.
func (w *worker) add(q input, i int) {
	w.index = append(w.index, i)
	w.seqs = append(w.seqs, q)
}

// prepare makes the memory for the results of the team's part large enough.
func (w *worker) prepare(team int) {
	w.logits = slices.Grow(w.logits[:0], len(w.seqs))[:len(w.seqs)]
	w.model.reserve(w.scratch, team, len(w.seqs))
}

// collect copies the results of the team's part to where they belong in out.
func (w *worker) collect(out []float32) {
	for i, at := range w.index {
		out[at] = w.logits[i]
	}
}

// run computes until start is closed. A worker that is bound to processors has a thread of its own.
// If the system refuses to bind it, the worker runs anywhere.
func (w *worker) run(cpus []int) {
	if len(cpus) > 0 {
		runtime.LockOSThread()
		if undo, err := bind(cpus); err == nil {
			defer func() {
				if undo() == nil {
					runtime.UnlockOSThread() // else the thread ends with the worker
				}
			}()
		}
	}
	for range w.start {
		w.done <- w.compute()
	}
}

// compute runs the worker's part. A panic is a fault of the program, not the end of the worker: it
// becomes an error, and frees those who compute the same pass.
func (w *worker) compute() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("computing %d sequences: panic: %v", len(w.pass.seqs), p)
			if cause, ok := p.(error); ok {
				err = fmt.Errorf("computing %d sequences: panic: %w", len(w.pass.seqs), cause)
			}
			w.pass.barrier.breakUp()
		}
	}()
	w.model.forward(w.pass.scratch, w.workspace, w.part, w.pass.seqs, w.pass.logits)
	return nil
}
