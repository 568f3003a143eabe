// Package local opens a model inside a Go program and scores pairs with it, without a server or a
// network.
//
// [Open] takes the name of a model: a directory in the layout of the Hugging Face hub; a name on
// the hub, such as "cross-encoder/ms-marco-MiniLM-L-6-v2", if `crossrank pull` or the Python
// library huggingface_hub has downloaded it; or a built-in model such as "builtin:minilm-l6", which
// needs no files, but has random weights and scores that mean nothing. The [Model] that it returns
// is a [crossrank.Scorer]: score pairs with it, or rank documents with [crossrank.Rank]. Requests
// of many goroutines share batches.
//
// Types such as [Batching] and [Queue] are those that the project uses inside. Their fields are as
// stable as the rest of this package; their methods are not, and programs should not call them.
package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/backend"
	"github.com/crossrank/crossrank/internal/hub"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/pipeline"
	"github.com/crossrank/crossrank/internal/pool"
)

var _ crossrank.Scorer = (*Model)(nil)

// Model is an open model. It is safe for concurrent use. Close it when done with it.
type Model struct {
	info     crossrank.Info
	warnings []string
	engines  []backend.Engine
	pipeline *pipeline.Pipeline
	pair     network.Sequence // that Verify computes

	vocabulary vocabulary
	before     []int32 // the special tokens before a lone text
	after      []int32 // and after it

	closing sync.Once
	err     error // of closing the engines; set once closing is done
}

// Open reads a model, checks it and starts its engines. Each engine then computes a small batch
// twice, so that its speed is known from the start. The name is a directory, a model of the hub
// that is in the cache of huggingface_hub, or a built-in model. Nothing is downloaded: if the cache
// lacks the model, the error is [io/fs.ErrNotExist].
func Open(name string, opts Options) (*Model, error) {
	if err := opts.check(); err != nil {
		return nil, fmt.Errorf("opening model %s: %w", name, err)
	}
	at, err := hub.Locate(name, os.Getenv)
	if err != nil {
		return nil, err // it names the model
	}
	m, engines, err := opts.open(name, at.Path, memoryLimit(os.ReadFile))
	if err != nil {
		return nil, err // it says what was being opened
	}
	m.Name = name
	if opts.SpecialTokens == specialText {
		if m.Reading, err = m.Reading.PlainTexts(); err != nil {
			return nil, errors.Join(fmt.Errorf("opening model %s: %w", name, err), closeAll(engines))
		}
	}
	model := &Model{vocabulary: m.Tokenizer, engines: engines}
	if warning, _ := opts.checkThreads(); warning != "" {
		model.warnings = append(model.warnings, warning)
	}
	properties := engines[0].Properties()
	if properties.Slow != "" {
		model.warnings = append(model.warnings, fmt.Sprintf("quantization %s: %s", properties.Precision, properties.Slow))
	}
	if asked := len(opts.Instances); asked > len(engines) {
		model.warnings = append(model.warnings, fmt.Sprintf(
			"instances: %d were asked for; a device has one, which takes %d batches at once", asked, properties.InFlight))
	}
	for _, why := range properties.Passed {
		model.warnings = append(model.warnings, "backend auto: "+why)
	}
	model.before, model.after = m.Tokenizer.Around()
	model.info = describe(m, model.engines, opts)
	model.pair = pairToVerify(m.Reading, model.info.MaxLength)
	model.info.Revision = at.Commit
	pooled := make([]pool.Engine, len(model.engines))
	for i, e := range model.engines {
		pooled[i] = e
	}
	model.pipeline, err = pipeline.New(pipeline.Model{
		Name:      model.info.Model,
		Tokenizer: m.Tokenizer,
		Prompt:    m.Prompt,
		MaxLength: model.info.MaxLength,

		SharesPrefixes: m.Network.SharesPrefixes() && opts.PrefixBytes >= 0 && properties.SharesPrefixes,
		ScoreType:      scoreType(m),
	}, pooled, opts.pipeline(m.Network.Parameters(), properties.InFlight))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening model %s: %w", name, err), closeAll(model.engines))
	}
	// The weights as they were read are garbage once they are packed. Left to itself, the collector
	// would let garbage of the size of all packed weights accumulate, and would keep its pages for
	// long.
	debug.FreeOSMemory()
	return model, nil
}

// Score implements [crossrank.Scorer]. Besides the request's own faults and the end of ctx, its
// errors are Overloaded, with a time to wait, and Unavailable once the Model is being closed.
func (m *Model) Score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	return m.pipeline.Score(ctx, req)
}

// Info describes the model and how it is run.
func (m *Model) Info() crossrank.Info { return m.info }

// Drain refuses new requests and returns when those that wait are answered. If ctx ends first, the
// rest are answered with Unavailable, and the error is ctx's. Close the Model afterwards.
func (m *Model) Drain(ctx context.Context) error { return m.pipeline.Drain(ctx) }

// Close answers the requests that wait with Unavailable, waits for the batches that run, and frees
// the engines. It may be called more than once.
func (m *Model) Close() error {
	m.closing.Do(func() {
		m.pipeline.Close()
		m.err = closeAll(m.engines)
	})
	return m.err
}
