// Package native computes a cross-encoder on the CPU: sequences in, logits out.
//
// It holds the forward pass of BERT and the classification head of Hugging Face's BertForSequenceClassification, on
// packed tokens. There is no padding: the tokens of several sequences stand one after another, linear layers run over
// all of them at once and attention over each sequence alone. Of the last layer only each sequence's first token ([CLS])
// is read by the head, so only its query, attention output and feed-forward are computed there, and not even the keys
// and values of the others (see lastAttention): the same result for 16 % less work with six layers. Package kernel makes
// each row's bits independent of the rows around it, so a sequence's logit is the same alone and in any batch, on the
// same tier.
//
// An [Engine] owns cores and scratch memory.
// A batch is cut into shards of about equal cost, one a core, and each core takes its shard through the whole forward pass:
// no core waits for another between layers. Where that cannot be even, as with one sequence on two cores, all cores share
// the rows of one pass instead, and wait for each other twice a layer. The memory of both lasts as long as the engine, so a
// batch allocates nothing.
package native

import (
	"cmp"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"github.com/crossrank/crossrank/internal/checkpoint"
	"github.com/crossrank/crossrank/internal/cpu"
	"github.com/crossrank/crossrank/internal/kernel"
	"github.com/crossrank/crossrank/internal/network"
)

// Options configure an engine. The zero value works.
type Options struct {
	Threads   int       // cores that a batch is split over; 0 means all that the process may use
	Precision Precision // "" means fp32
}

// Engine computes on the CPU. It is safe for concurrent use; one batch is computed at a time and callers queue for it.
type Engine struct {
	model     *model
	tier      cpu.Tier
	precision Precision
	vocab     int
	maxLength int

	running sync.WaitGroup // the workers' goroutines, for Close

	mu      sync.Mutex // held while a batch is computed, and by Close
	closed  bool
	order   []int // the batch's sequences, longest first
	workers []*worker
	barrier *barrier
}

// ErrClosed is what Logits returns once the engine is closed.
var ErrClosed = errors.New("the engine is closed")

// New packs a model's weights for the kernels of the tier in use and starts one worker a core.
func New(m *checkpoint.Model, opts Options) (*Engine, error) {
	tier, err := cpu.Choose()
	if err != nil {
		return nil, err
	}
	kernels, err := kernel.For(tier)
	if err != nil {
		return nil, err
	}
	precision := cmp.Or(opts.Precision, Precisions[0])
	model, err := pack(m, kernels, precision)
	if err != nil {
		return nil, err
	}
	e := &Engine{model: model, tier: tier, precision: precision, vocab: m.Config.VocabSize, maxLength: m.MaxLength}
	e.start(opts.Threads)
	return e, nil
}

// Replica starts another engine on the same packed weights, which nobody writes to: it costs workers and their memory alone.
// Either may be closed while the other lives. Threads are as in [Options].
func (e *Engine) Replica(threads int) *Engine {
	r := &Engine{model: e.model, tier: e.tier, precision: e.precision, vocab: e.vocab, maxLength: e.maxLength}
	r.start(threads)
	return r
}

// start gives a new engine its workers.
func (e *Engine) start(threads int) {
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	e.barrier = newBarrier(threads)
	for i := range threads {
		w := newWorker(e.model, e.maxLength, part{Index: i, Count: threads, barrier: e.barrier})
		e.workers = append(e.workers, w)
		e.running.Go(w.run)
	}
}

// Threads is the number of cores that a batch is split over.
func (e *Engine) Threads() int { return len(e.workers) }

// Tier names the instruction set in use.
func (e *Engine) Tier() string { return string(e.tier) }

// Precision is what the large weights are held and multiplied in.
func (e *Engine) Precision() Precision { return e.precision }

// Logits writes one logit a sequence to out. Every sequence has 1 to the model's maximum tokens, all within its
// vocabulary; anything else is an error, and then nothing was computed.
func (e *Engine) Logits(seqs []network.Sequence, out []float32) error {
	if err := e.check(seqs, out); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return ErrClosed
	}
	e.divide(seqs)
	return e.compute(seqs, out, e.uneven())
}

// compute runs the divided batch, or one pass that all workers share.
func (e *Engine) compute(seqs []network.Sequence, out []float32, shared bool) error {
	if shared {
		e.share(seqs)
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
	e.barrier.Reset()
	if err != nil {
		return err
	}
	for _, w := range e.workers {
		w.collect(out)
	}
	return nil
}

func (e *Engine) check(seqs []network.Sequence, out []float32) error {
	if len(out) < len(seqs) {
		return fmt.Errorf("room for %d logits, but %d sequences", len(out), len(seqs))
	}
	for i, q := range seqs {
		if n := len(q.IDs); n < 1 || n > e.maxLength {
			return fmt.Errorf("sequence %d has %d tokens; the model reads 1 to %d", i, n, e.maxLength)
		}
		if q.Pad < 0 || q.Pad > e.maxLength-len(q.IDs) {
			return fmt.Errorf("sequence %d has %d tokens and %d of padding; the model reads up to %d", i, len(q.IDs), q.Pad, e.maxLength)
		}
		for _, id := range q.IDs {
			if id < 0 || int(id) >= e.vocab {
				return fmt.Errorf("sequence %d holds token %d; the vocabulary has 0 to %d", i, id, e.vocab-1)
			}
		}
	}
	return nil
}

// divide gives every worker sequences of about the same cost: the longest first, each to the worker that has least so far.
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

// uneven says whether the workers' parts differ so much that sharing one pass is faster. Sharing costs two waits a layer and
// reads the weights once more for each block, which is some percent of a block's time.
func (e *Engine) uneven() bool {
	total, most := 0, 0
	for _, w := range e.workers {
		total, most = total+w.cost, max(most, w.cost)
	}
	return 100*most*len(e.workers) > (100+unevenPercent)*total
}

// unevenPercent is how much more than its fair part the most loaded worker may have before a pass is shared. Divided, a batch
// takes as long as its larger part; shared, a few percent longer than half of it. BenchmarkUneven, on two cores, finds them
// alike somewhere between 5 and 10 percent.
const unevenPercent = 7

// share makes all workers share one pass over the whole batch, in the memory of the first.
func (e *Engine) share(seqs []network.Sequence) {
	first := e.workers[0]
	first.clear()
	for i, q := range seqs {
		first.add(q, i)
	}
	first.prepare(e.model)
	for _, w := range e.workers {
		w.pass, w.shared = first, true
	}
}

// cost of a sequence of n tokens, in the work of one token in MiniLM's linear layers: attention adds 9.2 kFLOP · n to each
// token's 21.2 MFLOP.
func cost(n int) int { return n + n*n/2300 }

// Close stops the workers. It waits for a running Logits; later ones return [ErrClosed].
func (e *Engine) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.closed {
		e.closed = true
		for _, w := range e.workers {
			close(w.start)
		}
		e.running.Wait()
	}
	return nil
}
