// Package metrics measures a [crossrank.Scorer] from the outside and keeps a history.
//
// [Recorder.Observe] wraps a scorer once, where the edges meet the core, so that the core itself
// holds no metric calls. Every request that passes is counted under the code of its error, and the
// times in its answer go into histograms. A request that an edge refuses by itself never reaches
// the scorer; the edge reports it with [Recorder.Refused]. What only the core knows (how much
// waits, how large batches were, how busy instances are) is read through [Gauges].
//
// All counts are cumulative; everything else is the difference of two states of them.
// [Recorder.Run] closes an interval every half second, also without readers, and keeps it as
// one [state.Sample], together with what the process used meanwhile and how much work waited. Two
// coarser rings, of 5 seconds and of a minute, reach further back in bounded memory.
// [Recorder.History] reads the rings, [Recorder.Watch] passes samples on as they are taken, and
// [Recorder.Snapshot] is the state of the moment. [Recorder.Handler] exposes the same counts to
// Prometheus, or sums them up in JSON as the Python project did that this one follows.
//
// What was not measured is nil, or absent, never 0.
package metrics

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/crossrank/crossrank/internal/defaults"
	"github.com/crossrank/crossrank/internal/state"
)

// Defaults of [Options].
const (
	DefaultInterval  = 500 * time.Millisecond
	DefaultHistory   = defaults.History
	DefaultLatencies = 10_000
)

// rateWindow is the time over which the rates of a [Snapshot] are averaged.
const rateWindow = 10 * time.Second

// Options configure a [Recorder]. The zero value works.
type Options struct {
	// Interval is the time between samples; 0 means 500 ms.
	Interval time.Duration

	// History is how far back these samples are kept; 0 means 2 hours. At the default interval that
	// is 14,400 samples of some 600 bytes: 9 MB, which is allocated as it fills, and long enough
	// for any experiment of the catalogue. The coarser rings (an hour at 5 s, a day at 1 min) add 1
	// MB.
	History time.Duration

	// Latencies is how many of the most recent requests the percentiles of a [Snapshot] cover; 0
	// means 10,000, of which 100 are beyond P99.
	Latencies int

	Gauges Gauges
}

// Recorder counts what goes through the scorers that it observes. It is safe for concurrent use.
type Recorder struct {
	opts     Options
	inFlight atomic.Int64

	mu       sync.Mutex // guards everything below
	total    counts     // since the start
	base     counts     // total at the last reset, which a snapshot counts from
	since    time.Time  // of the last reset, or of the start
	recent   latencies
	levels   []level // the finest first
	watchers map[chan state.Sample]struct{}
}

// New makes a Recorder. Its first interval begins now; samples are taken once [Recorder.Run] is
// called.
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
	r := &Recorder{opts: opts, watchers: make(map[chan state.Sample]struct{})}
	now := time.Now()
	r.restart(now, r.observe(now))
	return r
}

// Reset empties the history and the recent latencies, and a [Snapshot] counts from now. The
// counters that [Recorder.Handler] exposes go on, as Prometheus wants them to.
func (r *Recorder) Reset() {
	now := time.Now()
	begin := r.observe(now)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.restart(now, begin)
}

// restart empties all histories, with r.mu held or r not shared yet.
func (r *Recorder) restart(now time.Time, begin observation) {
	r.base, r.since = r.total, now
	r.recent = latencies{max: r.opts.Latencies}
	r.levels = []level{{step: r.opts.Interval, ring: ring{max: max(1, int(r.opts.History/r.opts.Interval))}}}
	for _, coarse := range []level{
		{step: 5 * time.Second, ring: ring{max: 720}},
		{step: time.Minute, ring: ring{max: 1440}},
	} {
		if coarse.step > r.opts.Interval {
			r.levels = append(r.levels, coarse)
		}
	}
	for i := range r.levels {
		l := &r.levels[i]
		l.closed, l.seen = r.total, begin
	}
}
