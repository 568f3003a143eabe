// Package pipeline turns requests into scores. It joins the tokenizer and the pool of engines, and
// is the [crossrank.Scorer] behind every edge of the program.
//
// A request goes through three stages, each with its own limit:
//
//   - Tokenization runs on the caller's goroutine, for at most [Options.TokenizerWorkers] requests
//     at a time. A request that the queue would refuse by the bytes of its texts is refused before
//     it.
//   - All pairs of the request wait in a queue of package pool until an engine takes them, together
//     with everything else that waits. Callers take turns there, as far as contexts name them
//     ([crossrank.WithCaller]).
//   - The caller's goroutine checks the logits, applies the model's activation, and adds up tokens
//     and times. No other place applies the model's activation.
//
// Scores can be reused. With [Options.Coalesce] a request waits for a pair that is already being
// computed, and with [Options.CacheBytes] a pair whose score is in the cache is not computed again.
// Only the other pairs are queued.
//
// Where the engines compute drafts ([Options.Samples]), a request that needs only its highest
// scores passes the queue twice: with drafts of all pairs, and in full with those that may be among
// the highest.
//
// Neither batching nor reuse ever changes a score. A pair that fails in the engine, or whose logit
// is not finite, fails the request that it came with and no other.
package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
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

// Tokenizer turns text into token ids, as [tokenizer.Tokenizer] does. It is safe for concurrent
// use.
type Tokenizer interface {
	AppendSide(dst []int32, text string) []int32
	Join(dst, query, passage []int32, maxLength int, keep tokenizer.Keep) (ids []int32, split, cut int)
}

// Pipeline scores pairs with one model. It is safe for concurrent use. It does not own its engines:
// close those after the Pipeline.
type Pipeline struct {
	model   Model
	mode    Mode
	workers chan struct{} // holds one for every request being tokenized
	pool    *pool.Pool
	scores  *cache.Table // nil where no score is reused
	batch   int          // most tokens of a batch
	cascade *cascade     // nil where the engines compute no drafts
	running running      // requests of the cascade
	closed  atomic.Bool  // neither engines nor cached scores are used any more
	scratch sync.Pool    // of *scratch

	specials int // special tokens of a pair
}

// New starts a Pipeline over engines that all compute the model. End it with [Pipeline.Drain] or
// [Pipeline.Close].
func New(m Model, engines []pool.Engine, opts Options) (*Pipeline, error) {
	if err := errors.Join(m.check(), opts.Mode.check(), opts.Check()); err != nil {
		return nil, fmt.Errorf("starting the pipeline of model %q: %w", m.Name, err)
	}
	if opts.Mode == InferenceOnly {
		m.Tokenizer = newMemoizing(m.Tokenizer)
	}
	p := &Pipeline{
		model:   m,
		mode:    opts.Mode,
		batch:   opts.WithDefaults().MaxTokens,
		workers: make(chan struct{}, cmp.Or(max(0, opts.TokenizerWorkers), runtime.GOMAXPROCS(0))),
	}
	template, _, _ := m.Tokenizer.Join(nil, nil, nil, m.MaxLength, tokenizer.KeepStart)
	p.specials = len(template)
	if m.MaxLength < p.specials {
		return nil, fmt.Errorf("starting the pipeline of model %q: its maximum length is %d tokens, but its prompt alone has %d",
			m.Name, m.MaxLength, p.specials)
	}
	p.scratch.New = func() any { return new(scratch) }
	if len(opts.Samples) > 0 && len(engines) > 0 && engines[0] != nil {
		errs, err := p.measureErrors(engines[0], opts.Samples)
		if err != nil {
			return nil, fmt.Errorf("starting the pipeline of model %q: %w", m.Name, err)
		}
		p.cascade = &cascade{errors: errs}
	}
	if opts.CacheBytes > 0 || opts.Coalesce {
		p.scores = cache.New(cache.Options{MaxBytes: opts.CacheBytes, Coalesce: opts.Coalesce})
	}
	wrapped := opts.wrap(engines, p.scores != nil)
	var err error
	p.pool, err = pool.New(wrapped, pool.Options{
		Options: opts.Options, Routing: opts.Routing, InFlight: opts.InFlight, Probe: p.probe(opts),
	})
	if err != nil {
		return nil, fmt.Errorf("starting the pipeline of model %q: %w", m.Name, err)
	}
	for _, e := range wrapped {
		if e, ok := e.(*publishing); ok {
			e.scores = p.scores // only now: the scores of the probe are not returned
		}
	}
	return p, nil
}

// Score implements [crossrank.Scorer].
func (p *Pipeline) Score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	arrived := time.Now()
	limit, err := p.check(req)
	if err != nil {
		return nil, err
	}
	if p.closed.Load() {
		return nil, p.refusal(nil, batch.ErrClosed)
	}
	from := senderOf(ctx, req)
	if err := p.admissionErr(ctx, from, req, limit); err != nil {
		return nil, err
	}
	s := p.scratch.Get().(*scratch)
	s.from = from
	if err := p.tokenize(ctx, s, req, limit); err != nil {
		p.release(s)
		return nil, err
	}
	admitted := time.Now()
	if p.twoStages(req) {
		err = p.rank(ctx, s, req)
	} else {
		err = p.compute(ctx, s, s.items, p.pool.Do)
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

// Instances reports what each engine has done and does now, in their order.
func (p *Pipeline) Instances() []state.Instance { return p.pool.Instances() }

// Drain refuses new requests and returns when those that wait are answered. If ctx ends first, the
// rest are answered with Unavailable, and the error is ctx's.
func (p *Pipeline) Drain(ctx context.Context) error {
	p.closed.Store(true)
	p.running.drain(ctx)
	return p.pool.Drain(ctx)
}

// Close refuses new requests, answers those that wait with Unavailable, and returns when the
// engines are idle.
func (p *Pipeline) Close() {
	p.closed.Store(true)
	p.running.close()
	p.pool.Close()
}
