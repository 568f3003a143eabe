package metrics

import (
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/state"
)

// Snapshot is what a [Recorder] has counted, at one moment.
type Snapshot struct {
	Time  time.Time
	Since time.Time // of the start, or of the last reset

	// Since then.
	Requests        int64                             // that have ended, errors included
	Errors          int64                             //
	Codes           map[crossrank.Code]int64          // how many of them ended how; "ok" included
	Refused         map[Edge]map[crossrank.Code]int64 // requests that an edge ended by itself; not among Requests
	Pairs           int64                             // scored
	Tokens          int64                             // computed
	PaddedTokens    int64                             // that padding would have computed
	TruncatedTokens int64                             // cut away
	LatencySum      time.Duration                     // over the requests that succeeded
	Stages          Stages                            // means over them; zero if they brought no timings

	Latency Latency // of the recent requests that succeeded

	// Over the last 10 seconds, or since the start if that is shorter.
	RequestsPerSecond   float64 // errors included
	PairsPerSecond      float64
	TokensPerSecond     float64
	OverloadedPerSecond float64

	// At this moment; nil where there is no gauge.
	InFlight  int
	Queue     *state.Queue
	Batches   *state.Batches // since the start, whether or not there was a reset
	Cache     *state.Cache   // likewise
	Prefixes  *state.Prefixes
	Instances []state.Instance
}

// Latency summarizes how long requests took, from call to return. With a Count of 0 the rest means
// nothing.
type Latency struct {
	Count              int // how many requests it rests on
	Mean, Min, Max     time.Duration
	StdDev             time.Duration // of the population
	P50, P90, P95, P99 time.Duration // interpolated linearly between ranks
}

// Stages says how long requests spent where.
type Stages struct {
	Count                    int64 // how many requests it rests on
	Tokenize, Queue, Compute time.Duration
}

// Snapshot reads the state of the moment.
func (r *Recorder) Snapshot() Snapshot {
	now := time.Now()
	s := Snapshot{
		Time:     now,
		InFlight: r.inFlightRequests(),
		Queue:    read(r.opts.Gauges.Queue),
		Batches:  read(r.opts.Gauges.Batches),
		Cache:    read(r.opts.Gauges.Cache),
		Prefixes: read(r.opts.Gauges.Prefixes),
		Codes:    make(map[crossrank.Code]int64),
		Refused:  make(map[Edge]map[crossrank.Code]int64),
	}
	if f := r.opts.Gauges.Instances; f != nil {
		s.Instances = f()
	}
	r.mu.Lock()
	c := r.total
	c.sub(&r.base)
	s.Since = r.since
	s.rates(r, now)
	recent := r.recent.clone()
	r.mu.Unlock()

	s.fill(&c)
	s.Latency = summarize(recent) // sorting is not for under the lock
	return s
}

// fill sets what was counted.
func (s *Snapshot) fill(c *counts) {
	s.Requests, s.Errors = c.requests(), c.errors()
	s.Pairs, s.Tokens, s.PaddedTokens, s.TruncatedTokens = c.pairs, c.tokens, c.padded, c.truncated
	s.LatencySum = c.latency.sum
	if n := c.stages[tokenize].count; n > 0 {
		mean := func(h *histogram) time.Duration { return h.sum / time.Duration(n) }
		s.Stages = Stages{n, mean(&c.stages[tokenize]), mean(&c.stages[queue]), mean(&c.stages[compute])}
	}
	put(s.Codes, c.codes[:])
	for e := range edges {
		byCode := make(map[crossrank.Code]int64)
		if put(byCode, c.refused[e][:]); len(byCode) > 0 {
			s.Refused[e] = byCode
		}
	}
}

// put sets the codes that were counted.
func put(m map[crossrank.Code]int64, byPlace []int64) {
	for i, n := range byPlace {
		if n > 0 {
			m[codes[i]] = n
		}
	}
}

// rates counts back from now, with r.mu held: the interval that is still open, and the closed ones
// that end within the window.
func (s *Snapshot) rates(r *Recorder, now time.Time) {
	fine := &r.levels[0]
	open := r.total
	open.sub(&fine.closed)
	requests, pairs, tokens, refused := open.requests(), open.pairs, open.tokens, open.codes[overloaded]
	seconds := now.Sub(fine.seen.at).Seconds()
	for i := fine.ring.first(now.Add(-rateWindow)); i < len(fine.ring.samples); i++ {
		past := fine.ring.at(i)
		requests += past.Requests
		pairs += past.Pairs
		tokens += past.Tokens
		refused += *past.Overloaded
		seconds += past.IntervalS
	}
	if seconds <= 0 {
		return
	}
	s.RequestsPerSecond, s.PairsPerSecond = float64(requests)/seconds, float64(pairs)/seconds
	s.TokensPerSecond, s.OverloadedPerSecond = float64(tokens)/seconds, float64(refused)/seconds
}
