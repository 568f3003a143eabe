package dashboard

import (
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/metrics"
)

// snapshot is what GET /api/snapshot answers. Its JSON keys are part of the server's API.
type snapshot struct {
	Time       time.Time        `json:"time"`
	Since      time.Time        `json:"since"` // of the start, or of the last reset
	UptimeS    float64          `json:"uptime_s"`
	State      string           `json:"state"`      // starting, ready, busy, overloaded or draining
	Metrics    bool             `json:"metrics"`    // whether /metrics is here too
	Playground bool             `json:"playground"` // whether the page has the form that ranks
	IntervalMS int64            `json:"interval_ms"`
	Info       crossrank.Info   `json:"info"`
	Models     []crossrank.Info `json:"models"`     // null if only the one of info is served
	Experiment *experiment      `json:"experiment"` // that loads this server; null without one

	Requests        int64                               `json:"requests"`
	Errors          int64                               `json:"errors"`
	Codes           map[crossrank.Code]int64            `json:"codes"`
	Refused         map[string]map[crossrank.Code]int64 `json:"refused"` // by edge
	Pairs           int64                               `json:"pairs"`
	Tokens          int64                               `json:"tokens"`
	PaddedTokens    int64                               `json:"padded_tokens"`
	TruncatedTokens int64                               `json:"truncated_tokens"`

	Latency *latency `json:"latency"` // null before the first request
	Stages  *stages  `json:"stages"`  // null if no answer reported times

	RequestsPerSecond   float64 `json:"requests_per_second"`
	PairsPerSecond      float64 `json:"pairs_per_second"`
	TokensPerSecond     float64 `json:"tokens_per_second"`
	OverloadedPerSecond float64 `json:"overloaded_per_second"`

	InFlight  int        `json:"in_flight"`
	Queue     *waiting   `json:"queue"`
	Batches   *batches   `json:"batches"`
	Cache     *cache     `json:"cache"`    // null before the first pair, and where no score is reused
	Prefixes  *prefixes  `json:"prefixes"` // null for models that compute what pairs begin with for every pair
	Instances []instance `json:"instances"`
	Total     *instance  `json:"instances_total"` // of all instances together; null for fewer than two
}

type latency struct {
	Count  int     `json:"count"` // of recent requests that it rests on
	MeanMS float64 `json:"mean_ms"`
	MinMS  float64 `json:"min_ms"`
	P50MS  float64 `json:"p50_ms"`
	P90MS  float64 `json:"p90_ms"`
	P95MS  float64 `json:"p95_ms"`
	P99MS  float64 `json:"p99_ms"`
	MaxMS  float64 `json:"max_ms"`
}

type stages struct {
	TokenizeMS float64 `json:"tokenize_ms"`
	QueueMS    float64 `json:"queue_ms"`
	ComputeMS  float64 `json:"compute_ms"`
	TotalMS    float64 `json:"total_ms"` // mean latency of all requests that succeeded
}

type waiting struct {
	Requests      int     `json:"requests"`
	Pairs         int     `json:"pairs"`
	Tokens        int     `json:"tokens"`
	OldestMS      float64 `json:"oldest_ms"`
	RunningPairs  int     `json:"running_pairs"`
	RunningTokens int     `json:"running_tokens"`
}

type batches struct {
	Count         int64   `json:"count"`
	MeanPairs     float64 `json:"mean_pairs"`
	MeanTokens    float64 `json:"mean_tokens"`
	LongestTokens int     `json:"longest_tokens"` // of a pair
	PaddedTokens  int64   `json:"padded_tokens"`  // with every pair padded to the longest of its batch
}

// cache counts pairs, or windows of them, since the start.
type cache struct {
	Hits      int64 `json:"hits"`      // whose scores were in the cache
	Coalesced int64 `json:"coalesced"` // that waited for a score that was being computed
	Misses    int64 `json:"misses"`    // that had to be computed
	Bytes     int64 `json:"bytes"`     // of the scores in the cache
	Evictions int64 `json:"evictions"` // scores removed to make room
	Scores    int64 `json:"scores"`    // in the cache
	MaxBytes  int64 `json:"max_bytes"` // that they may take
}

// prefixes counts what pairs begin with, since the start.
type prefixes struct {
	Hits         int64 `json:"hits"`          // beginnings that were kept from earlier batches, wholly or in part
	Misses       int64 `json:"misses"`        // beginnings that were not
	SharedTokens int64 `json:"shared_tokens"` // tokens that were not computed again
	Kept         int64 `json:"kept"`          // beginnings that are kept
	Bytes        int64 `json:"bytes"`         // that they take
	MaxBytes     int64 `json:"max_bytes"`     // that they may take
}

type instance struct {
	Name         string  `json:"name"`
	State        string  `json:"state"`
	Batches      int64   `json:"batches"`
	Pairs        int64   `json:"pairs"`
	Tokens       int64   `json:"tokens"`
	BusyS        float64 `json:"busy_s"`
	QueuedTokens int     `json:"queued_tokens"`

	Threads         int      `json:"threads"`
	QueuedPairs     int      `json:"queued_pairs"`
	RunningPairs    int      `json:"running_pairs"`
	RunningTokens   int      `json:"running_tokens"`
	Failures        int64    `json:"failures"`          // runs that ended with an error or a panic
	TokensPerSecond *float64 `json:"tokens_per_second"` // while busy; null if it has computed nothing
}

// newSnapshot is called with d.mu held.
func (d *Dashboard) newSnapshot(s metrics.Snapshot) snapshot {
	out := snapshot{
		Time: s.Time, Since: s.Since, UptimeS: s.Time.Sub(d.started).Seconds(),
		State: d.stateName(s), Metrics: !d.cfg.NoMetrics, Playground: !d.cfg.NoMetrics, IntervalMS: d.cfg.Recorder.Interval().Milliseconds(), Info: d.cfg.Info(),
		Requests: s.Requests, Errors: s.Errors, Codes: s.Codes, Refused: map[string]map[crossrank.Code]int64{},
		Pairs: s.Pairs, Tokens: s.Tokens, PaddedTokens: s.PaddedTokens, TruncatedTokens: s.TruncatedTokens,
		RequestsPerSecond: s.RequestsPerSecond, PairsPerSecond: s.PairsPerSecond, TokensPerSecond: s.TokensPerSecond,
		OverloadedPerSecond: s.OverloadedPerSecond, InFlight: s.InFlight, Experiment: d.experiment(time.Now()),
	}
	if d.cfg.Models != nil {
		if all := d.cfg.Models(); len(all) > 1 {
			out.Models = all
		}
	}
	for edge, codes := range s.Refused {
		out.Refused[edge.String()] = codes
	}
	out.Latency, out.Stages = newLatency(s.Latency), newStages(s)
	out.Queue, out.Batches, out.Cache = newWaiting(s.Queue), newBatches(s.Batches), newCache(s.Cache)
	out.Prefixes = newPrefixes(s.Prefixes)
	for _, in := range s.Instances {
		out.Instances = append(out.Instances, newInstance(in))
	}
	out.Total = newTotal(s.Instances)
	return out
}

// stateName is the state of the server in one word.
func (d *Dashboard) stateName(s metrics.Snapshot) string {
	switch {
	case d.closed():
		return "draining"
	case !d.cfg.Ready():
		return "starting"
	case s.OverloadedPerSecond > 0:
		return "overloaded"
	case s.InFlight > 0 || s.RequestsPerSecond > 0: // short requests are rarely seen in flight
		return "busy"
	}
	return "ready"
}

func (d *Dashboard) closed() bool {
	select {
	case <-d.ending:
		return true
	default:
		return false
	}
}
