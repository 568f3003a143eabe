// Package native computes a network on CPU cores: sequences in, one logit a sequence out.
//
// The network comes as a description (package network), whose weights [New] packs for the kernels
// of the instruction tier in use. Operations that this executor lacks are refused by name; see
// [Operations].
//
// # The forward pass
//
// Nothing is padded: the tokens of several sequences stand one after another, linear layers run
// over all of them at once, and attention runs over each sequence alone. The last block computes
// only what the head reads. Where that is one token of a sequence, only its query, attention output
// and feed-forward layer are computed there, and in BERT not even the keys and values of the others
// (see lastAttention): the same result for 16 % less work with six layers. Package kernel makes
// each row's bits independent of the rows around it, so a sequence's logit is the same alone and in
// any batch, on the same tier.
//
// # Cores
//
// An [Engine] divides a batch into parts of about equal cost, one for each team of cores. A team of
// one core takes its part through the whole forward pass and never waits. A larger team splits the
// rows of a pass, and its cores wait for each other once a layer; many cores with few rows split
// columns too. A model of the costs (see costs) chooses the teams: single cores for many like
// sequences, all cores together for one sequence, and teams between where there are more cores than
// sequences. All memory lasts as long as the engine, so a batch allocates nothing.
package native

import (
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/crossrank/crossrank/internal/cpu"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/state"
)

// Engine computes on the CPU. It is safe for concurrent use; one batch is computed at a time, and
// callers wait for their turn.
type Engine struct {
	model     *model
	tier      cpu.Tier
	vocab     int
	maxTokens int
	prefixes  *prefixes // nil: sequences share nothing

	running sync.WaitGroup // the workers' goroutines, for Close

	mu      sync.Mutex // held while a batch is computed, and by Close
	closed  bool
	sharer  sharer
	order   []int // the batch's sequences, longest first
	workers []*worker
	memory  *memory
	planner planner
	cuts    [][][]columns // by the columns of a grid
	tails   [][]tail      // by the workers of a team

	processors func() int // that may run workers; asked before each batch
}

// Options configure an engine. The zero value works.
type Options struct {
	Threads   int       // cores that a batch is split over; 0 = all that the process may use
	CPUs      []int     // processors that they are, where the system can bind threads; none = it chooses
	Precision Precision // "" = fp32
	Tier      cpu.Tier  // of instructions; "" = the best, or the one that the environment forces
	MaxTokens int       // longest sequence; 0 = the most that learned positions allow

	// PrefixBytes is the memory in which a causal network's keys and values are kept for sequences
	// that begin alike; 0 = [DefaultPrefixBytes]. Below 0 each sequence is computed whole. No logit
	// changes.
	PrefixBytes int64
}

// ErrClosed is what Logits returns once the engine is closed.
var ErrClosed = errors.New("the engine is closed")

// New packs a network's weights for the kernels of the tier in use and starts one worker a core. Of
// the network it keeps the token embeddings alone, and with INT8 not even those. [Begin] packs
// weights while they are read.
func New(n *network.Network, opts Options) (*Engine, error) {
	if err := n.Validate(); err != nil {
		return nil, err
	}
	o, err := Begin(n, opts)
	if err != nil {
		return nil, err
	}
	o.inRange("embeddings.tokens", 0, n.Embeddings.Tokens.Data)
	jobs := make([]func(), len(n.Blocks))
	for i := range n.Blocks {
		jobs[i] = func() { o.Block(i) }
	}
	inParallel(jobs)
	return o.Start(opts)
}

// Replica starts another engine on the same packed weights, which are read-only: it costs
// workers and their memory alone. Either may be closed while the other lives. Threads and
// processors are as in [Options].
func (e *Engine) Replica(threads int, cpus []int) *Engine {
	r := &Engine{model: e.model, tier: e.tier, vocab: e.vocab, maxTokens: e.maxTokens, prefixes: e.prefixes}
	r.start(threads, cpus)
	return r
}

// start gives a new engine its workers.
func (e *Engine) start(threads int, cpus []int) {
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	e.processors = func() int { return runtime.GOMAXPROCS(0) }
	e.memory = e.model.newMemory(threads, e.maxTokens)
	e.cuts, e.tails = make([][][]columns, e.model.heads.Count+1), make([][]tail, threads+1)
	e.planner = planner{costs: e.model.costs, loads: make([]load, threads)}
	for range threads {
		w := newWorker(e.model, e.maxTokens)
		e.workers = append(e.workers, w)
		e.running.Go(func() { w.run(cpus) })
	}
}

// Threads is the number of cores that a batch is split over.
func (e *Engine) Threads() int { return len(e.workers) }

// Tier names the instruction set in use.
func (e *Engine) Tier() string { return string(e.tier) }

// Precision is what the large weights are held and multiplied in.
func (e *Engine) Precision() Precision { return e.model.precision }

// SlowPrecision says why the precision in use gains no speed on this instruction tier; "" if
// nothing keeps it from that.
func (e *Engine) SlowPrecision() string {
	if e.model.precision != BF16Dot || e.model.kernels.MultipliesPairs() {
		return ""
	}
	return fmt.Sprintf("the instruction tier %s has no products of bfloat16, so they are computed in float32; %s is at least as fast",
		e.tier, BF16)
}

// Logits writes one logit a sequence to out. Every sequence has 1 to MaxTokens tokens, all within
// the vocabulary. If one has not, the error names it, and nothing is computed.
func (e *Engine) Logits(seqs []network.Sequence, out []float32) error {
	if err := network.CheckBatch(seqs, out, e.vocab, e.maxTokens); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return ErrClosed
	}
	defer e.sharer.forget()
	inputs, err := e.share(seqs)
	if err != nil {
		return err
	}
	return e.run(inputs, out)
}

// run computes a batch.
func (e *Engine) run(seqs []input, out []float32) error { return e.compute(seqs, out, e.plan(seqs)) }

// Prefixes reports how the beginnings of sequences were shared; all of it is 0 where none are.
func (e *Engine) Prefixes() state.Prefixes {
	if e.prefixes == nil {
		return state.Prefixes{}
	}
	return e.prefixes.report()
}

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
