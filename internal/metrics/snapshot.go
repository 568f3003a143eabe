package metrics

import (
	"maps"
	"time"

	"github.com/crossrank/crossrank"
)

// Snapshot is what a [Recorder] has counted, at one moment.
type Snapshot struct {
	// Since the start.
	Requests        int64                    // that have ended, errors included
	Errors          int64                    //
	Codes           map[crossrank.Code]int64 // how many of them ended how; "ok" included
	Pairs           int64                    // scored
	Tokens          int64                    // computed
	PaddedTokens    int64                    // that padding would have computed
	TruncatedTokens int64                    // cut away
	LatencySum      time.Duration            // over the requests that succeeded

	Latency Latency // of the recent requests that succeeded

	// Over the last 10 seconds, or since the start if that is shorter.
	RequestsPerSecond float64 // errors included
	PairsPerSecond    float64

	// At this moment; nil where there is no gauge.
	InFlight     int
	QueuedPairs  *int
	QueuedTokens *int
}

// Latency summarizes how long requests took, from call to return. With a Count of 0 the rest means nothing.
type Latency struct {
	Count              int // how many requests it rests on
	Mean, Min, Max     time.Duration
	P50, P90, P95, P99 time.Duration // interpolated linearly between ranks
}

// Snapshot reads the state of the moment.
func (r *Recorder) Snapshot() Snapshot {
	inFlight := r.working()
	pairs, tokens := read(r.opts.Gauges.QueuedPairs), read(r.opts.Gauges.QueuedTokens)

	r.mu.Lock()
	s := Snapshot{
		Requests: r.total.requests, Errors: r.total.errors, Codes: maps.Clone(r.codes),
		Pairs: r.total.pairs, Tokens: r.total.tokens, PaddedTokens: r.total.padded,
		TruncatedTokens: r.total.truncated, LatencySum: r.total.latency,
		InFlight: inFlight, QueuedPairs: pairs, QueuedTokens: tokens,
	}
	s.RequestsPerSecond, s.PairsPerSecond = r.rates(time.Now())
	recent := r.recent.clone()
	r.mu.Unlock()

	s.Latency = summarize(recent) // sorting is not for under the lock
	return s
}

// rates counts back from now: the interval that is still open, and the closed ones that end within the window.
func (r *Recorder) rates(now time.Time) (requests, pairs float64) {
	open := r.total.sub(r.closed)
	n, p := open.requests, open.pairs
	seconds := now.Sub(r.last).Seconds()
	for i := r.history.first(now.Add(-rateWindow)); i < len(r.history.samples); i++ {
		s := r.history.at(i)
		n += s.Requests
		p += s.Pairs
		seconds += s.IntervalS
	}
	if seconds <= 0 {
		return 0, 0
	}
	return float64(n) / seconds, float64(p) / seconds
}
