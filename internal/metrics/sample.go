package metrics

import (
	"context"
	"runtime"
	"time"
)

// Sample is one interval of the history. Its JSON keys are part of the server's API. Requests that were under way when
// the interval ended count in the one in which they end.
type Sample struct {
	Time         time.Time `json:"time"` // the end of the interval
	IntervalS    float64   `json:"interval_s"`
	Requests     int64     `json:"requests"`      // ended in the interval, errors included
	Pairs        int64     `json:"pairs"`         // scored
	Tokens       int64     `json:"tokens"`        // computed
	PaddedTokens int64     `json:"padded_tokens"` // that padding would have computed
	Errors       int64     `json:"errors"`

	// Means over the requests that succeeded in the interval; nil if there were none, or if the scorer did not say.
	LatencyMS       *float64 `json:"latency_ms"`
	TokenizeMS      *float64 `json:"tokenize_ms"`
	QueueMS         *float64 `json:"queue_ms"`
	ComputeMS       *float64 `json:"compute_ms"`
	PaddingWastePct *float64 `json:"padding_waste_pct"` // 100·(1 − tokens/padded_tokens)

	// At the end of the interval, or over it; nil where it cannot be measured.
	CPUPct         *float64 `json:"cpu_pct"` // of the process, over all its threads; 100 is one core
	RSSBytes       *int64   `json:"rss_bytes"`
	Goroutines     int      `json:"goroutines"`
	QueuedPairs    *int     `json:"queued_pairs"`
	QueuedTokens   *int     `json:"queued_tokens"`
	InFlight       int      `json:"in_flight"`
	GPUMemoryBytes *int64   `json:"gpu_memory_bytes"`
	GPUPct         *float64 `json:"gpu_pct"`
}

// Run takes a sample every interval until ctx ends, and a last one then.
func (r *Recorder) Run(ctx context.Context) {
	ticker := time.NewTicker(r.opts.Interval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			r.sample(time.Now())
		case <-ctx.Done():
			r.sample(time.Now())
			return
		}
	}
}

// sample closes the interval that ends now. The gauges are read before the lock is taken: they may take locks of their
// own.
func (r *Recorder) sample(now time.Time) {
	s := Sample{
		Time:         now,
		Goroutines:   runtime.NumGoroutine(),
		QueuedPairs:  read(r.opts.Gauges.QueuedPairs),
		QueuedTokens: read(r.opts.Gauges.QueuedTokens),
		InFlight:     r.working(),
	}
	process := readUsage()
	s.RSSBytes = process.rss

	r.mu.Lock()
	defer r.mu.Unlock()
	interval := now.Sub(r.last)
	if interval <= 0 {
		return
	}
	s.IntervalS = interval.Seconds()
	s.CPUPct = process.percentSince(r.process, interval)
	s.fill(r.total.sub(r.closed))
	r.last, r.closed, r.process = now, r.total, process
	r.history.add(s)
}

// fill sets what was counted in the interval.
func (s *Sample) fill(c counts) {
	s.Requests, s.Errors = c.requests, c.errors
	s.Pairs, s.Tokens, s.PaddedTokens = c.pairs, c.tokens, c.padded
	s.LatencyMS = meanMS(c.latency, c.requests-c.errors)
	s.TokenizeMS = meanMS(c.tokenize, c.timed)
	s.QueueMS = meanMS(c.queue, c.timed)
	s.ComputeMS = meanMS(c.compute, c.timed)
	if c.padded > 0 {
		s.PaddingWastePct = new(100 * (1 - float64(c.tokens)/float64(c.padded)))
	}
}

// History returns the samples taken after since, the oldest first; all that are kept for the zero time. Asked again with
// the time of the last sample it got, a caller misses none and sees none twice. The slice is the caller's; what the
// samples point to is shared and read only.
func (r *Recorder) History(since time.Time) []Sample {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.history.after(since)
}

// working is how many requests are in flight.
func (r *Recorder) working() int {
	if f := r.opts.Gauges.InFlight; f != nil {
		return f()
	}
	return int(r.inFlight.Load())
}

func read(gauge func() int) *int {
	if gauge == nil {
		return nil
	}
	return new(gauge())
}

func meanMS(sum time.Duration, n int64) *float64 {
	if n == 0 {
		return nil
	}
	return new(milliseconds(sum) / float64(n))
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
