package batch

import (
	"cmp"
	"fmt"
	"time"
)

// Defaults of [Options]. A batch of 16,384 tokens is large enough to be split over the cores, and
// on a small machine it runs for a few seconds at most, the longest wait of a request that arrives
// meanwhile. The queue holds two requests of 1,000 passages at 512 tokens, which takes some 4 MB,
// and is a backlog of about two minutes on two cores of 2020.
const (
	DefaultMaxTokens       = 16_384
	DefaultMaxPairs        = 512
	DefaultMaxQueuedTokens = 1_000_000
	DefaultMinTokens       = 128
)

// Options say how batches are formed and how much may wait. They have the names of the settings
// file's batching section, and every layer above passes them on as they are. The zero value works:
// it means the defaults, which are defined here alone. To remove a bound, set it to
// math.MaxInt.
//
// Note: Enabled and LengthAware are pointers so that they mean here what they mean in the file. As
// plain booleans they would have to be named for their opposites, or a literal that sets nothing
// but MaxPairs would turn both off.
type Options struct {
	// MaxTokens and MaxPairs bound a batch; 0 means 16,384 tokens and 512 pairs. A pair with more
	// tokens than MaxTokens runs alone.
	MaxTokens int
	MaxPairs  int

	// MinTokens is how many tokens a batch has at least, if they wait, where it leaves work to idle
	// runners; 0 means 128, about two pairs. The smaller it is, the sooner a request is done while
	// others are idle, and the less a runner with many cores computes in all.
	MinTokens int
	// MaxQueuedTokens bounds the tokens that wait, and so the memory that they take; 0 means
	// 1,000,000. MaxQueueAge bounds what waits by time: to what the runners compute within it, at
	// their measured throughput; 0 means no such bound. Running batches do not count. See
	// [AdmissionLimit] for how the bound is divided among callers.
	MaxQueuedTokens int
	MaxQueueAge     time.Duration

	// Timeout is how long a batch that is not full waits for more pairs, counted from the arrival
	// of its oldest request; 0 means not at all, which is nearly always best.
	Timeout time.Duration

	// PreferredPairs are numbers of pairs, ascending and at most MaxPairs, at which a batch starts
	// without waiting for Timeout. A batch has the largest of them that the queue can fill, unless
	// MaxTokens ends it before. The remaining pairs wait on, up to Timeout in all; then a batch
	// takes everything that waits.
	PreferredPairs []int

	// Enabled lets a batch hold pairs of several requests; nil means true. If it is false, every
	// request has its own batches, and Timeout and PreferredPairs have no effect.
	Enabled *bool

	// LengthAware orders pairs by length, the longest first; nil means true. The pairs of a request
	// are ordered before they are dealt into batches, so that each of a large request's batches
	// holds pairs of like length. The pairs of a batch are ordered so that a function that splits
	// it over cores can deal them out evenly. If it is false, pairs keep the order in which they
	// came.
	LengthAware *bool

	// Quantum is how many tokens each caller gets per round while several wait; 0 means a quarter
	// of MaxTokens. The smaller it is, the less a request waits for large ones of others, and the
	// longer a request takes that is larger than a quantum.
	Quantum int
}

// Check reports which of the options cannot be honoured.
func (o Options) Check() error {
	for _, f := range []struct {
		name  string
		value int64
	}{
		{"max tokens", int64(o.MaxTokens)},
		{"max pairs", int64(o.MaxPairs)},
		{"min tokens", int64(o.MinTokens)},
		{"max queued tokens", int64(o.MaxQueuedTokens)},
		{"max queue age", int64(o.MaxQueueAge)},
		{"timeout", int64(o.Timeout)},
		{"quantum", int64(o.Quantum)},
	} {
		if f.value < 0 {
			return fmt.Errorf("batching: %s is negative; use 0 for the default, or a positive number", f.name)
		}
	}
	most := cmp.Or(o.MaxPairs, DefaultMaxPairs)
	for i, n := range o.PreferredPairs {
		if n < 1 || n > most || i > 0 && n <= o.PreferredPairs[i-1] {
			return fmt.Errorf("batching: preferred pairs are %v; use ascending numbers from 1 to %d, the most pairs of a batch",
				o.PreferredPairs, most)
		}
	}
	return nil
}

// WithDefaults returns the options with every default filled in: no number but a time is 0, and no
// pointer is nil.
func (o Options) WithDefaults() Options {
	o.MaxTokens = cmp.Or(o.MaxTokens, DefaultMaxTokens)
	o.MaxPairs = cmp.Or(o.MaxPairs, DefaultMaxPairs)
	o.MinTokens = cmp.Or(o.MinTokens, DefaultMinTokens)
	o.MaxQueuedTokens = cmp.Or(o.MaxQueuedTokens, DefaultMaxQueuedTokens)
	o.Quantum = min(cmp.Or(o.Quantum, max(1, o.MaxTokens/4)), maxQuantum)
	o.Enabled = cmp.Or(o.Enabled, new(true))
	o.LengthAware = cmp.Or(o.LengthAware, new(true))
	if !*o.Enabled {
		o.Timeout, o.PreferredPairs = 0, nil
	}
	return o
}

// maxQuantum keeps sums of quanta within an int.
const maxQuantum = 1 << 29
