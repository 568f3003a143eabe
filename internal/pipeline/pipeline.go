// Package pipeline turns requests into scores: it joins the tokenizer and the pool of engines, and is the
// [crossrank.Scorer] that stands behind every edge of the program.
//
// A request goes through three stages, each with its own limit. Its caller's goroutine turns the pairs into token ids,
// as one of at most [Options.TokenizerWorkers] at a time, unless the queue is so full that by the bytes of its texts it would
// be refused afterwards. Then all of its pairs wait in a queue of package pool, with
// their tokens as their cost, until an engine takes them, together with whatever else waits. Callers, as far
// as contexts tell them apart ([crossrank.WithCaller]), take turns there. Last, the caller's goroutine checks the logits,
// applies the model's activation and adds up what was done and how long it took.
//
// Scores can be shared: with [Options.Coalesce] a pair that is being computed already is waited for, and with
// [Options.CacheBytes] it is not computed again while it is remembered. A request then queues only what is left of it.
//
// Neither batching nor sharing ever changes a score. A pair that fails in the engine, or whose logit is not finite, fails the
// request that it came with and no other.
package pipeline

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/batch"
	"github.com/crossrank/crossrank/internal/cache"
	"github.com/crossrank/crossrank/internal/pool"
	"github.com/crossrank/crossrank/internal/state"
	"github.com/crossrank/crossrank/internal/tokenizer"
)

var _ crossrank.Scorer = (*Pipeline)(nil)

// Tokenizer turns text into token ids, as [tokenizer.Tokenizer] does. It is safe for concurrent use.
type Tokenizer interface {
	Append(dst []int32, text string) []int32
	Join(dst, query, passage []int32, maxLength int, keep tokenizer.Keep) (ids []int32, split, cut int)
}

// Model is what a Pipeline needs to know of the model that its engines compute. All fields but Prompt are required.
type Model struct {
	Name      string
	Tokenizer Tokenizer
	Prompt    string              // stands directly before every query; may be ""
	MaxLength int                 // tokens of a pair, special tokens included; at least 3
	ScoreType crossrank.ScoreType // what scores are unless raw ones are asked for; Probability means the sigmoid
}

// Defaults of [Options].
const (
	DefaultBatchTokens  = 16_384
	DefaultBatchPairs   = 512
	DefaultQueuedTokens = 1_000_000
)

// Options configure a [Pipeline]. The zero value works.
type Options struct {
	// Mode chooses the stages that run; "" means Full.
	Mode Mode

	// Padded has every pair of a batch computed as if it were as long as the longest, which costs what padding costs and
	// changes no score. It is there to be measured.
	Padded bool

	// Routing chooses the engine that computes a request, where there are several; "" means pool.FirstIdle.
	Routing pool.Routing

	// TokenizerWorkers is how many requests are tokenized at once; 0 means one a CPU.
	TokenizerWorkers int

	// MaxBatchTokens and MaxBatchPairs bound a batch. 0 means 16,384 tokens and 512 pairs: enough that splitting a batch
	// over the cores is worth it, and little enough that a request which arrives while one runs waits seconds at
	// most on a small machine.
	MaxBatchTokens int
	MaxBatchPairs  int

	// MaxQueuedTokens bounds what waits, and so the memory that it takes; 0 means 1,000,000. That holds two requests of 1,000
	// passages at 512 tokens, the largest that a server takes by default, costs some 4 MB for the token ids, and is a
	// backlog of about two minutes on two cores of 2020.
	MaxQueuedTokens int

	// MaxQueueAge bounds what waits by time: to what the engines compute within it, at the speed that they were measured at.
	// [batch.Bound] tells how it is divided among callers. 0 means that there is no such bound.
	MaxQueueAge time.Duration

	// BatchTimeout is how long a batch that is not full waits for more; 0 means not at all.
	BatchTimeout time.Duration

	// PreferredPairs are numbers of pairs, ascending and at most MaxBatchPairs, at which a batch is as good as full: see
	// [batch.Options.Preferred].
	PreferredPairs []int

	// Probe has each engine compute a small batch before the first request, so that its speed is known from the start.
	Probe bool

	// Unshared keeps requests apart: a batch holds pairs of one request only.
	Unshared bool

	// KeepOrder leaves pairs in the order in which they came, instead of the longest first: those of a request as they are
	// dealt into batches, and those of a batch.
	KeepOrder bool

	// CacheBytes bounds the memory in which scores are remembered; 0 means that none are.
	CacheBytes int64

	// Coalesce has pairs that are the same, token for token, computed once while they are in flight: those of one request,
	// and those of requests that are there together.
	Coalesce bool
}

// Pipeline scores pairs with one model. It is safe for concurrent use. It does not own its engines: close those after
// the Pipeline.
type Pipeline struct {
	model   Model
	mode    Mode
	workers chan struct{} // holds one for every request being tokenized
	pool    *pool.Pool
	scores  *cache.Table // nil where nothing is shared
	batch   int          // most tokens of one
	closed  atomic.Bool  // what is remembered is not told any more either
	scratch sync.Pool    // of *scratch
}

// New starts a Pipeline over engines that all compute the model. End it with [Pipeline.Drain] or [Pipeline.Close].
func New(m Model, engines []pool.Engine, opts Options) (*Pipeline, error) {
	if m.Tokenizer == nil {
		return nil, fmt.Errorf("starting the pipeline of model %q: it needs a tokenizer", m.Name)
	}
	if m.MaxLength < minLength {
		return nil, fmt.Errorf("starting the pipeline of model %q: its maximum length is %d tokens; want at least %d",
			m.Name, m.MaxLength, minLength)
	}
	if m.ScoreType != crossrank.Logit && m.ScoreType != crossrank.Probability {
		return nil, fmt.Errorf("starting the pipeline of model %q: its score type is %q; want %q or %q",
			m.Name, m.ScoreType, crossrank.Logit, crossrank.Probability)
	}
	if err := errors.Join(opts.Mode.check(), opts.checkPreferred()); err != nil {
		return nil, fmt.Errorf("starting the pipeline of model %q: %w", m.Name, err)
	}
	if opts.Mode == InferenceOnly {
		m.Tokenizer = remember(m.Tokenizer)
	}
	p := &Pipeline{
		model:   m,
		mode:    opts.Mode,
		batch:   orDefault(opts.MaxBatchTokens, DefaultBatchTokens),
		workers: make(chan struct{}, orDefault(opts.TokenizerWorkers, runtime.GOMAXPROCS(0))),
	}
	p.scratch.New = func() any { return new(scratch) }
	if opts.CacheBytes > 0 || opts.Coalesce {
		p.scores = cache.New(cache.Options{MaxBytes: opts.CacheBytes, Coalesce: opts.Coalesce})
	}
	var err error
	dressed := opts.dress(engines, p.scores != nil)
	p.pool, err = pool.New(dressed, pool.Options{Routing: opts.Routing, Probe: p.probe(opts), Batch: batch.Options{
		MaxCost:   p.batch,
		MaxItems:  orDefault(opts.MaxBatchPairs, DefaultBatchPairs),
		MaxQueued: orDefault(opts.MaxQueuedTokens, DefaultQueuedTokens),
		MaxAge:    opts.MaxQueueAge,
		Timeout:   opts.BatchTimeout,
		Preferred: opts.PreferredPairs,
		Unshared:  opts.Unshared,
		ByCost:    !opts.KeepOrder,
	}})
	if err != nil {
		return nil, fmt.Errorf("starting the pipeline of model %q: %w", m.Name, err)
	}
	for _, e := range dressed {
		if e, ok := e.(*settling); ok {
			e.scores = p.scores // only now, for the scores of a probe are nobody's
		}
	}
	return p, nil
}

// dress puts what the options ask for around engines. Those that share have no scores to share yet.
func (o Options) dress(engines []pool.Engine, share bool) []pool.Engine {
	dressed := slices.Clone(engines)
	for i, e := range engines {
		switch {
		case e == nil: // which the pool refuses
		case o.Mode == TokenizationOnly:
			dressed[i] = nothing{}
		case o.Padded:
			dressed[i] = &padding{next: e}
		}
		if e != nil && share {
			dressed[i] = &settling{next: dressed[i]}
		}
	}
	return dressed
}

// Score implements [crossrank.Scorer].
func (p *Pipeline) Score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	arrived := time.Now()
	limit, err := p.check(req)
	if err != nil {
		return nil, err
	}
	from := sender(ctx, req)
	if err := p.admit(ctx, from, req, limit); err != nil {
		return nil, err
	}
	s := p.scratch.Get().(*scratch)
	s.from = from
	if err := p.tokenize(ctx, s, req, limit); err != nil {
		p.release(s)
		return nil, err
	}
	admitted := time.Now()
	if p.scores != nil {
		err = p.share(ctx, s)
	} else {
		err = p.pool.Do(ctx, s.from, s.items)
	}
	if err != nil {
		return nil, p.refusal(s, err) // a run may still read s, so it is left to the garbage collector
	}
	resp, err := p.respond(s, req, admitted)
	if err != nil {
		p.release(s)
		return nil, err
	}
	resp.Timing.Tokenize = admitted.Sub(arrived)
	p.release(s)
	resp.Timing.Total = time.Since(arrived)
	return resp, nil
}

// Queue reports how much work waits and runs.
func (p *Pipeline) Queue() state.Queue { return p.pool.Queue() }

// Batches reports the batches of all engines together.
func (p *Pipeline) Batches() state.Batches { return p.pool.Batches() }

// Instances reports what each engine has done and does, in their order.
func (p *Pipeline) Instances() []state.Instance { return p.pool.Instances() }

// Drain refuses new requests and returns when those that wait are answered. If ctx ends first, the rest are answered
// with Unavailable, and the error is ctx's.
func (p *Pipeline) Drain(ctx context.Context) error {
	p.closed.Store(true)
	return p.pool.Drain(ctx)
}

// Close refuses new requests, answers those that wait with Unavailable, and returns when the engines are at rest.
func (p *Pipeline) Close() {
	p.closed.Store(true)
	p.pool.Close()
}

func orDefault(n, def int) int {
	if n <= 0 {
		return def
	}
	return n
}
