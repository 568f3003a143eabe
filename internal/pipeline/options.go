package pipeline

import (
	"errors"
	"fmt"
	"slices"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/batch"
	"github.com/crossrank/crossrank/internal/pool"
	"github.com/crossrank/crossrank/internal/tokenizer"
)

// Model is what a Pipeline needs to know of the model that its engines compute. All fields but
// Prompt are required.
type Model struct {
	Name      string
	Tokenizer Tokenizer
	Prompt    tokenizer.Prompt // read with the texts of every pair; may be empty
	MaxLength int              // tokens of a pair, special tokens included; at least MinLength

	// SharesPrefixes says that the engines compute the query's side of pairs once for all of them.
	SharesPrefixes bool

	ScoreType crossrank.ScoreType // what scores are unless raw ones are asked for; Probability means the sigmoid
}

func (m Model) check() error {
	switch {
	case m.Tokenizer == nil:
		return errors.New("it has no tokenizer")
	case m.MaxLength < MinLength:
		return fmt.Errorf("its maximum length is %d tokens; want at least %d", m.MaxLength, MinLength)
	case m.ScoreType != crossrank.Logit && m.ScoreType != crossrank.Probability:
		return fmt.Errorf("its score type is %q; want %q or %q", m.ScoreType, crossrank.Logit, crossrank.Probability)
	}
	return nil
}

// Options configure a [Pipeline]. The zero value works.
type Options struct {
	// Options say how pairs are combined into batches, and how much may wait.
	batch.Options

	// Packing computes each pair at its own length; nil means true. If it is false, every pair of a
	// batch is padded to the longest, to measure what that costs. No
	// score changes.
	Packing *bool

	Mode             Mode         // stages that run; "" means Full
	Routing          pool.Routing // which engine computes a request, where there are several; "" means pool.FirstIdle
	TokenizerWorkers int          // requests that are tokenized at once; 0 means one per CPU
	InFlight         int          // batches that an engine may be given at once, see [pool.Options]; 0 means 1

	// Probe has each engine compute a small batch before the first request, so that its speed is
	// known from the start.
	Probe bool

	// Samples are pairs by which the error of drafts is measured at the start, where the engines
	// compute drafts in less precision than full scores. Requests that need only their highest
	// scores are then ranked in two stages. None means that all scores are computed in full.
	Samples []crossrank.Pair

	CacheBytes int64 // memory in which scores are kept for reuse; 0 means none
	Coalesce   bool  // compute pairs that are the same, token for token, once while they are in flight
}

// Pads reports whether pairs are padded, which is what Packing turns off.
func (o Options) Pads() bool { return o.Packing != nil && !*o.Packing }

// wrap puts what the options ask for around engines. A publishing engine has no table to publish in
// yet.
func (o Options) wrap(engines []pool.Engine, publish bool) []pool.Engine {
	wrapped := slices.Clone(engines)
	for i, e := range engines {
		switch {
		case e == nil: // which the pool refuses
		case o.Mode == TokenizationOnly:
			wrapped[i] = noop{}
		case o.Pads():
			wrapped[i] = &padding{next: e}
		}
		if e != nil && publish {
			wrapped[i] = &publishing{next: wrapped[i]}
		}
	}
	return wrapped
}
