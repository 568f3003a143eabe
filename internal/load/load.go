// Package load generates load on a scorer and records every request.
//
// A run cuts a data set into requests, sends them, and passes one [results.Request] for each answer
// or failure to a function as it happens, so that an interrupted run loses nothing. It drives any
// [crossrank.Scorer]: an engine in this process, a client of a server, a fake.
//
// Without a schedule the loop is closed: each of a fixed number of workers sends its next request
// when its last one is answered. Such a loop finds the capacity of a scorer. It says nothing about
// waiting at a given rate of arrivals, because a scorer that stalls also stalls the workers.
//
// With a schedule, which [Arrivals] make before the run begins, the loop is open: a request is sent
// when it is due, whatever has become of the earlier ones. A record has the time at which the
// request was due and the time at which it was sent. Latency counts from the first: neither a
// scorer that stalls nor a generator that is late can hide it. In a closed loop the two are one.
package load

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/results"
)

// Config says what is sent and how. Pairs is required; the zero value of every other field works.
type Config struct {
	// Pairs is the data set. Request n has the Batch pairs that begin with number n*Batch, starting
	// over after the last pair: every run with the same data and batch sends the same requests.
	Pairs []crossrank.Pair

	// Batch is the number of pairs in a request; 0 means 32.
	Batch int

	// Mixed, if set, is the list of requests, in place of Pairs and Batch. It starts over after the
	// last one. They come from a [Mix] or from a file
	// ([ReadRequests]).
	Mixed [][]crossrank.Pair

	// Concurrency is the number of workers, and so of concurrent requests; 0 means 1.
	Concurrency int

	// RampTo, if it is not 0, is the number of workers at the end of Duration, which it needs. Workers
	// begin or end one after another, so that each number of them lasts for the same time.
	RampTo int

	// Requests and Duration end the run after a number of requests or a time, whichever comes
	// first. Requests under way are finished. 0 means no limit; if both are 0, there are 100
	// requests.
	Requests int
	Duration time.Duration

	// Warmup is the number of requests that are sent before the measured ones and not recorded.
	// They have the last pairs of the data, which the measured requests come to last.
	Warmup int

	// Schedule, if set, makes the measured part an open loop: request n is due Schedule[n] after
	// the start of the part. Requests beyond it are not sent, and Duration has no effect.
	// Concurrency is the number of workers of the warm-up then.
	Schedule []time.Duration

	// MaxUnderWay is the maximum of concurrent requests of an open loop; 0 means 4096. A request
	// that is due at this maximum is not sent, and is recorded as failed with the code
	// results.Dropped.
	MaxUnderWay int

	// Template has the fields of the requests besides their pairs.
	Template crossrank.Request

	// Timeout ends a request that takes longer, as deadline_exceeded; 0 means no limit.
	Timeout time.Duration

	// Record, if set, is called with every measured request, in the order in which they end. The
	// caller adds the index of the configuration. Calls do not overlap, and do not delay the
	// workers. An error ends the run; with [ErrEnough] it ends well.
	Record func(results.Request) error

	// Progress, if set, is called at the start of the warm-up and of the measured part, and after
	// every request of both. Calls do not overlap, neither with those of Record.
	Progress func(Progress)

	// Interval, if set, is called with every Every of the measured part, and with the rest of it at
	// its end. Calls do not overlap, neither with those of Record nor with those of Progress.
	Interval func(Interval)
	Every    time.Duration

	sleep func(context.Context, time.Duration) // replaced in tests with a virtual clock
}

// ErrEnough is what a Config's Record returns when it has seen enough: no further request is sent,
// those under way are finished and recorded, and the run ends without an error.
var ErrEnough = errors.New("enough was measured")

// Progress says how far a run is.
type Progress struct {
	Warmup  bool          // still warming up
	Done    int           // requests answered or failed, of this part
	Total   int           // requests of this part; 0 if only time ends it
	Limit   time.Duration // time of this part; 0 if only the number of requests ends it
	Pairs   int           // pairs scored in this part
	Errors  int           // requests failed in this part
	Elapsed time.Duration // since this part began
}

// Result sums up the measured part of a run. The records hold the details.
type Result struct {
	Began        time.Time              // when the measured part began
	Elapsed      time.Duration          // from then until the end of the last recorded request
	Requests     int                    // recorded: answered and failed
	Errors       map[crossrank.Code]int // failed, by kind; empty if none did
	FirstError   error                  // of the request that failed first
	Pairs        int                    // scored, in requests that were answered
	Tokens       int                    // computed for them, as the scorer counts
	PaddedTokens int                    // that padding would have computed for them
	CPU          *time.Duration         // of this process meanwhile, over all cores; nil if it is not known
	Partial      bool                   // interrupted
	Abandoned    int                    // requests under way when interrupted: neither answered nor failed, not recorded
}

// Failed is the number of requests that failed.
func (r *Result) Failed() int {
	n := 0
	for _, k := range r.Errors {
		n += k
	}
	return n
}

// PairsPerSecond is the throughput of the scorer, not of one worker: pairs scored over the time of
// the run.
func (r *Result) PairsPerSecond() float64 {
	if r.Elapsed <= 0 {
		return 0
	}
	return float64(r.Pairs) / r.Elapsed.Seconds()
}

// Run warms s up, then measures it. When ctx ends, it stops sending, abandons the requests under
// way, and returns what was measured, marked partial, without an error. It returns an error beside
// the result if the configuration is wrong, if Record fails, if every request of the warm-up or of
// the run failed, or if it was interrupted before one was answered.
func Run(ctx context.Context, s crossrank.Scorer, cfg Config) (*Result, error) {
	if err := cfg.check(); err != nil {
		return &Result{}, err
	}
	if cfg.Warmup > 0 {
		warm, err := newPart(s, cfg, true).run(ctx)
		if err != nil {
			return &Result{Partial: warm.Partial}, fmt.Errorf("warming up: %w", err)
		}
	}
	return newPart(s, cfg, false).run(ctx)
}

// check fills in the defaults, and returns an error for a configuration that cannot be run.
func (c *Config) check() error {
	for _, n := range []struct {
		name  string
		value int
	}{{"batch", c.Batch}, {"concurrency", c.Concurrency}, {"requests", c.Requests}, {"warmup", c.Warmup}, {"max under way", c.MaxUnderWay}, {"ramp to", c.RampTo}} {
		if n.value < 0 {
			return fmt.Errorf("%s is %d; it cannot be negative", n.name, n.value)
		}
	}
	if c.RampTo > 0 && (c.Duration == 0 || len(c.Schedule) > 0) {
		return errors.New("a ramp of workers needs a duration, and no schedule")
	}
	if c.Duration < 0 || c.Timeout < 0 {
		return fmt.Errorf("duration %v and timeout %v cannot be negative", c.Duration, c.Timeout)
	}
	if len(c.Pairs) == 0 && len(c.Mixed) == 0 {
		return errors.New("the data set holds no pairs")
	}
	if c.Batch == 0 {
		c.Batch = 32
	}
	if c.Concurrency == 0 {
		c.Concurrency = 1
	}
	switch n := len(c.Schedule); {
	case n > 0:
		c.Duration = 0
		if c.Requests == 0 || c.Requests > n {
			c.Requests = n
		}
	case c.Requests == 0 && c.Duration == 0:
		c.Requests = 100
	}
	if c.MaxUnderWay == 0 {
		c.MaxUnderWay = maxUnderWay
	}
	if c.sleep == nil {
		c.sleep = preciseSleep
	}
	return nil
}

// pairs returns the pairs of request n. Warm-up requests have negative numbers, from -Warmup to -1.
func (c *Config) pairs(n int) []crossrank.Pair {
	if m := len(c.Mixed); m > 0 {
		return c.Mixed[(n%m+m)%m]
	}
	total := len(c.Pairs)
	first := (n%total)*(c.Batch%total)%total + total
	first %= total
	if first+c.Batch <= total {
		return c.Pairs[first : first+c.Batch : first+c.Batch]
	}
	pairs := make([]crossrank.Pair, 0, c.Batch)
	for len(pairs) < c.Batch {
		n := min(total-first, c.Batch-len(pairs))
		pairs = append(pairs, c.Pairs[first:first+n]...)
		first = 0
	}
	return pairs
}
