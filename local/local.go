// Package local opens a model inside a Go program and scores pairs with it, with no server and no network.
//
// [Open] takes the name of a model: a directory in the layout of the Hugging Face hub, or a built-in model such as
// "builtin:minilm-l6", whose weights are random and whose scores mean nothing, but which is always there. The [Model]
// that it gives is a [crossrank.Scorer]: score pairs with it, or rank documents with [crossrank.Rank]. Requests of many
// goroutines share the engine's batches.
package local

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/backend"
	"github.com/crossrank/crossrank/internal/backend/catalog"
	"github.com/crossrank/crossrank/internal/batch"
	"github.com/crossrank/crossrank/internal/checkpoint"
	"github.com/crossrank/crossrank/internal/pipeline"
	"github.com/crossrank/crossrank/internal/pool"
)

var _ crossrank.Scorer = (*Model)(nil)

// Options configure a [Model]. The zero value works.
type Options struct {
	// Threads is how many cores a batch is split over; 0 means that all that the process may use are shared by the
	// instances in equal parts, with one core each at least.
	Threads int

	// Instances compute batches side by side, on one copy of the weights; none means one, with the zero value.
	Instances []Instance

	// Routing chooses the instance that computes a request: "first_idle", which "" means too, has whichever is free take
	// the next batch; "round_robin", "least_busy" and "smart_idle" give each a queue of its own, and a whole request
	// to one of them. No choice changes a score.
	Routing string

	// MaxLength lowers the model's maximum of tokens a pair, special tokens included; 0 keeps it, and so does more
	// than it.
	MaxLength int

	// TokenizerWorkers is how many requests are tokenized at once; 0 means one a CPU.
	TokenizerWorkers int

	// Backend is what computes the network: "native", which "" means too, is the CPU.
	Backend string

	// Quantization is the arithmetic of the linear layers: "fp32", which "" means too, or "int8", which is about twice as
	// fast, takes a quarter of the memory and changes scores a little.
	Quantization string

	// Batching says how waiting pairs are gathered into batches, and how much may wait.
	Batching Batching

	// Packing computes each pair at its own length; nil means true. If it is false, pairs are padded to the longest of their
	// batch, to measure what that costs. No score changes.
	Packing *bool

	// CacheBytes is the memory in which scores are kept, so that a pair that comes again, token for token, is not computed
	// again; 0 means none. Coalesce computes pairs that are in flight together once. Neither changes a score.
	CacheBytes int64
	Coalesce   bool

	// Mode chooses the stages of the pipeline that run, to measure them apart: "full", which "" means too;
	// "tokenization_only", whose scores are all 0 and of type crossrank.NoScore; or "inference_only", which tokenizes each
	// text once and keeps its tokens.
	Mode string
}

// Instance is one engine of a [Model]. The zero value works.
type Instance struct {
	Threads int // cores that a batch of its is split over; 0 means Options.Threads
}

// Batching says how batches are formed. Its fields have the names of the settings file's batching section:
//
//	MaxTokens       int           // tokens of a batch; 0 means 16,384
//	MaxPairs        int           // pairs of a batch; 0 means 512
//	MaxQueuedTokens int           // tokens that wait before requests are refused; 0 means 1,000,000
//	MaxQueueAge     time.Duration // bounds what waits to what is computed within it; 0 means no such bound
//	Timeout         time.Duration // how long a batch that is not full waits for more; 0 means not at all
//	PreferredPairs  []int         // numbers of pairs, ascending, at which a batch is as good as full
//	Enabled         *bool         // a batch may hold pairs of several requests; nil means true
//	LengthAware     *bool         // the longest pairs come first; nil means true
//	Quantum         int           // tokens that a caller gets a round; 0 means a quarter of MaxTokens
//
// In the zero value a batch is whatever waits when an engine becomes free, of any requests, the longest pairs first.
type Batching = batch.Options

// Model is an open model. It is safe for concurrent use. Close it when done with it.
type Model struct {
	info     crossrank.Info
	engines  []backend.Engine
	pipeline *pipeline.Pipeline

	vocabulary vocabulary
	template   []int32 // the special tokens before and after a lone text

	closing sync.Once
	err     error // of closing the engines; set once closing is done
}

// Open reads a model, checks it, starts its engines, and has each compute a small batch twice, so that its speed is known. The
// name is a directory or that of a built-in model.
func Open(name string, opts Options) (*Model, error) {
	if err := opts.check(); err != nil {
		return nil, fmt.Errorf("opening model %s: %w", name, err)
	}
	m, err := checkpoint.Open(name)
	if err != nil {
		return nil, err // it says what was being opened
	}
	model := &Model{vocabulary: m.Tokenizer}
	model.template, _, _ = m.Tokenizer.Join(nil, nil, nil, 3, 0)
	if model.engines, err = opts.engines(m); err != nil {
		return nil, fmt.Errorf("opening model %s: %w", name, err)
	}
	model.info = describe(m, model.engines, opts)
	pooled := make([]pool.Engine, len(model.engines))
	for i, e := range model.engines {
		pooled[i] = e
	}
	model.pipeline, err = pipeline.New(pipeline.Model{
		Name:      model.info.Model,
		Tokenizer: m.Tokenizer,
		Prompt:    m.Prompt,
		MaxLength: model.info.MaxLength,
		ScoreType: scoreType(m),
	}, pooled, opts.pipeline())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening model %s: %w", name, err), closeAll(model.engines))
	}
	// The weights as they were read are of no use once they are packed. Left to itself, the collector would let garbage of
	// as much as all packed weights stand, and keep its pages for long.
	debug.FreeOSMemory()
	return model, nil
}

// Score implements [crossrank.Scorer]. Besides the request's own faults and the end of ctx, its errors are Overloaded,
// with a time to wait, and Unavailable once the Model is being closed.
func (m *Model) Score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	return m.pipeline.Score(ctx, req)
}

// Info describes the model and how it is run.
func (m *Model) Info() crossrank.Info { return m.info }

// Drain refuses new requests and returns when those that wait are answered. If ctx ends first, the rest are answered
// with Unavailable, and the error is ctx's. Close the Model afterwards.
func (m *Model) Drain(ctx context.Context) error { return m.pipeline.Drain(ctx) }

// Close answers the requests that wait with Unavailable, waits for the batches that run, and frees the engines. It may be
// called more than once.
func (m *Model) Close() error {
	m.closing.Do(func() {
		m.pipeline.Close()
		m.err = closeAll(m.engines)
	})
	return m.err
}

func (o Options) check() error {
	if setting, why := catalog.Check(o.Backend, "", o.Quantization); setting != "" {
		return fmt.Errorf("%s: %s", setting, why)
	}
	switch {
	case o.Mode != "" && !slices.Contains(pipeline.Modes, pipeline.Mode(o.Mode)):
		return fmt.Errorf("mode %q does not exist; use one of %v, or leave it empty for the first", o.Mode, pipeline.Modes)
	case o.Routing != "" && !slices.Contains(pool.Routings, pool.Routing(o.Routing)):
		return fmt.Errorf("routing %q does not exist; use one of %v, or leave it empty for the first", o.Routing, pool.Routings)
	case slices.ContainsFunc(o.Instances, func(in Instance) bool { return in.Threads < 0 }):
		return errors.New("threads of an instance are negative; use 0 for the default, or a positive number")
	case o.MaxLength < 0, o.MaxLength > 0 && o.MaxLength < 3:
		return fmt.Errorf("max length %d is too short; use 0 for the model's own, or at least 3 tokens", o.MaxLength)
	}
	for _, f := range []struct {
		name  string
		value int64
	}{
		{"threads", int64(o.Threads)},
		{"tokenizer workers", int64(o.TokenizerWorkers)},
		{"cache bytes", o.CacheBytes},
	} {
		if f.value < 0 {
			return fmt.Errorf("%s is negative; use 0 for the default, or a positive number", f.name)
		}
	}
	return o.Batching.Check()
}

func (o Options) pipeline() pipeline.Options {
	return pipeline.Options{
		Options:          o.Batching,
		Packing:          o.Packing,
		Mode:             pipeline.Mode(o.Mode),
		Routing:          pool.Routing(o.Routing),
		TokenizerWorkers: o.TokenizerWorkers,
		Probe:            true,
		CacheBytes:       o.CacheBytes,
		Coalesce:         o.Coalesce,
	}
}
