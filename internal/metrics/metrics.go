// Package metrics watches a [crossrank.Scorer] from the outside and remembers what it saw.
//
// [Recorder.Observe] wraps a scorer once, where the edges meet the core, so that the core itself holds no metric calls.
// Every request that goes through is counted, under the code of its error, and its answer's own timings are added up.
// [Recorder.Run] closes an interval every half second, whether or not anyone looks, and keeps it in a ring as one
// [Sample], together with what the process used meanwhile and how much work waited: [Recorder.History] is what
// dashboards draw and reports are made from. [Recorder.Snapshot] is the state of the moment: totals since the
// start, and percentiles and rates over the recent past.
//
// What was not measured is nil, never 0.
package metrics

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/crossrank/crossrank"
)

// Defaults of [Options].
const (
	DefaultInterval  = 500 * time.Millisecond
	DefaultHistory   = 2 * time.Hour
	DefaultLatencies = 10_000
)

// rateWindow is how far back the rates of a [Snapshot] look.
const rateWindow = 10 * time.Second

// Gauges are read when a sample is taken. Each may be nil: it is then not measured, except for InFlight. They are called
// from several goroutines and must be quick.
type Gauges struct {
	QueuedPairs  func() int
	QueuedTokens func() int

	// InFlight is how many requests are being worked on; nil means those inside the observed scorer.
	InFlight func() int
}

// Options configure a [Recorder]. The zero value works.
type Options struct {
	// Interval is the time between samples; 0 means 500 ms.
	Interval time.Duration

	// History is how far back samples are kept; 0 means 2 hours. At the default interval that is 14,400 samples of
	// some 250 bytes: 4 MB, which is allocated as it fills, and long enough for any experiment of the catalogue.
	History time.Duration

	// Latencies is over how many of the most recent requests the percentiles are taken; 0 means 10,000. P99 then
	// rests on 100 requests.
	Latencies int

	Gauges Gauges
}

// Recorder counts what goes through the scorers that it observes. It is safe for concurrent use.
type Recorder struct {
	opts     Options
	inFlight atomic.Int64

	mu      sync.Mutex // guards everything below
	total   counts
	codes   map[crossrank.Code]int64
	recent  latencies
	last    time.Time // when the last interval was closed
	closed  counts    // total at that time
	process usage     // of the process at that time
	history ring
}

// New makes a Recorder. Its first interval begins now; samples are taken once [Recorder.Run] is called.
func New(opts Options) *Recorder {
	if opts.Interval <= 0 {
		opts.Interval = DefaultInterval
	}
	if opts.History <= 0 {
		opts.History = DefaultHistory
	}
	if opts.Latencies <= 0 {
		opts.Latencies = DefaultLatencies
	}
	return &Recorder{
		opts:    opts,
		codes:   make(map[crossrank.Code]int64),
		recent:  latencies{max: opts.Latencies},
		last:    time.Now(),
		process: readUsage(),
		history: ring{max: max(1, int(opts.History/opts.Interval))},
	}
}

// counts are sums over requests that have ended.
type counts struct {
	requests, errors int64 // errors are among the requests

	// Of the requests that succeeded:
	pairs, tokens, padded, truncated int64
	timed                            int64 // how many of them came with timings of their own
	latency                          time.Duration
	tokenize, queue, compute         time.Duration
}

// sub gives what was counted after an earlier state.
func (c counts) sub(earlier counts) counts {
	return counts{
		requests: c.requests - earlier.requests, errors: c.errors - earlier.errors,
		pairs: c.pairs - earlier.pairs, tokens: c.tokens - earlier.tokens,
		padded: c.padded - earlier.padded, truncated: c.truncated - earlier.truncated,
		timed: c.timed - earlier.timed, latency: c.latency - earlier.latency,
		tokenize: c.tokenize - earlier.tokenize, queue: c.queue - earlier.queue, compute: c.compute - earlier.compute,
	}
}
