// Package load puts a scorer under load and records what every request met.
//
// A run cuts a data set into requests, sends them, and hands one [results.Request] for each answer, or failure, to a sink
// as it happens, so that an interrupted run has lost nothing. It drives any [crossrank.Scorer]: an engine in this
// process, a server behind a client, a fake.
//
// Without a schedule the loop is closed: each of a fixed number of workers sends its next request when its last one is
// answered. Such a loop finds a scorer's capacity. It says nothing about waiting under a given rate of arrivals, because
// a scorer that stalls also stalls the workers.
//
// With a schedule, which [Arrivals] make before the run begins, the loop is open: a request is sent at its time, whatever
// has become of those before. Records keep the time at which a request was meant to be sent apart from the time at which
// it was sent, and latency counts from the first, so that neither a scorer that stalls nor a generator that is late can
// hide it. In a closed loop the two are one.
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
	// Pairs is the data set. Request n takes the Batch pairs that begin with number n*Batch, going back to the first
	// pair after the last one, so every run with the same data and batch sends the same requests.
	Pairs []crossrank.Pair

	// Batch is the number of pairs in a request; 0 means 32.
	Batch int

	// Mixed, if set, is the requests themselves, in place of Pairs and Batch: request n is number n of them, going back to
	// the first after the last one. A [Mix] makes them, or a file does ([ReadRequests]).
	Mixed [][]crossrank.Pair

	// Concurrency is the number of workers, and so of requests under way at once; 0 means 1.
	Concurrency int

	// Requests and Duration end the run: after so many requests, or when no request was begun within Duration, or
	// whichever comes first when both are set. Requests under way are finished. Both 0 means 100 requests.
	Requests int
	Duration time.Duration

	// Warmup is the number of requests sent before the measured ones, by the same workers, and not recorded. They take
	// the pairs that end where the first measured request begins, going around, and so are the last to be sent again.
	Warmup int

	// Schedule, if set, makes the measured part an open loop: request n is sent that long after the part began. Requests
	// beyond it are not sent, and Duration has no effect. Concurrency is the number of workers of the warm-up then.
	Schedule []time.Duration

	// MaxUnderWay bounds an open loop's requests under way at once; 0 means 4096. One whose time comes when there are so
	// many is not sent, and is recorded as failed with the code results.Dropped.
	MaxUnderWay int

	// Template holds every field of the requests but their pairs.
	Template crossrank.Request

	// Timeout ends a request that takes longer, as deadline_exceeded; 0 means no limit.
	Timeout time.Duration

	// Record, if set, is given every measured request in the order of their ends; which point of which run it belongs
	// to is for the caller to add. Calls do not overlap, and happen off the workers' path. An error of it ends the run,
	// but for ErrEnough.
	Record func(results.Request) error

	// Progress, if set, is called at the start of the warm-up and of the measured part, and after every request of
	// both. Calls do not overlap, with those of Record neither.
	Progress func(Progress)

	sleep func(context.Context, time.Duration) // replaced by tests in a bubble, whose clock a system's sleep does not move
}

// ErrEnough is what a Config's Record returns when it has seen enough: no further request is sent, those under way are
// finished and recorded, and the run ends well.
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
	FirstError   error                  // of the failed request that ended first
	Pairs        int                    // scored, in requests that were answered
	Tokens       int                    // computed for them, as the scorer counts
	PaddedTokens int                    // that padding would have computed for them
	CPU          *time.Duration         // that this process took meanwhile, on all cores; nil if it is not known
	Partial      bool                   // stopped from outside before its end
	Abandoned    int                    // requests under way when stopped: neither answered nor failed, not recorded
}

// Failed is the number of requests that failed.
func (r *Result) Failed() int {
	n := 0
	for _, k := range r.Errors {
		n += k
	}
	return n
}

// PairsPerSecond is the throughput of the whole scorer, not of one worker: pairs scored over the time of the run.
func (r *Result) PairsPerSecond() float64 { return r.perSecond(r.Pairs) }

// TokensPerSecond is the throughput in tokens.
func (r *Result) TokensPerSecond() float64 { return r.perSecond(r.Tokens) }

func (r *Result) perSecond(n int) float64 {
	if r.Elapsed <= 0 {
		return 0
	}
	return float64(n) / r.Elapsed.Seconds()
}

// Run warms s up, then measures it. When ctx ends, it stops sending, abandons what is under way and returns what was
// measured, marked partial, without an error. It returns an error, beside what it has, if the configuration is wrong,
// if Record fails, if every request of the warm-up or of the run failed, and if it was stopped before one was answered.
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

// check fills in the defaults.
func (c *Config) check() error {
	for _, n := range []struct {
		name  string
		value int
	}{{"batch", c.Batch}, {"concurrency", c.Concurrency}, {"requests", c.Requests}, {"warmup", c.Warmup}, {"max under way", c.MaxUnderWay}} {
		if n.value < 0 {
			return fmt.Errorf("%s is %d; it cannot be negative", n.name, n.value)
		}
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
		c.sleep = exactly
	}
	return nil
}

// pairs are those of request n. Warm-up requests have negative numbers, from -Warmup to -1.
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
