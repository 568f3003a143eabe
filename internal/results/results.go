// Package results defines the results file of a measurement: a record of every request, and how the
// records were made.
//
// A results file is lines of JSON. The first line is the run: what was measured, with which
// settings, on which machine. Each configuration then begins with a line of the kind point, has one
// line per request and one line per sample of the server's history, and ends with a line of the
// kind point_end. The last line is the end. An evaluation has, besides, a line that says what was
// ranked, and a line per query with its candidates and their scores. Its configurations are models,
// which take turns.
//
// A [Writer] writes each line as it happens, so that a run that is killed loses nothing that it had
// measured. A [Results] read back from such a file says that it is partial, and why. Reports are
// made from results alone.
//
// Lines say what they are by their "kind", and the first line has the number of the format. Within
// one format, fields and kinds of lines may be added, and readers skip those that they do not know:
// an older program reads a newer file as far as it can. A change that older programs would misread
// gets a new number, which they refuse.
package results

import (
	"cmp"
	"encoding/json"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/state"
)

// Format is the number of the format that this package writes, and the highest one that it reads.
const Format = 1

// Run says how a measurement was made. What is not known is empty.
type Run struct {
	Format         int             `json:"format"` // set by the Writer
	Name           string          `json:"name"`
	Description    string          `json:"description,omitempty"`
	Started        time.Time       `json:"started"`
	Settings       json.RawMessage `json:"settings,omitempty"` // in full, as JSON
	Model          crossrank.Info  `json:"model"`
	Target         string          `json:"target"`              // "in process", or the server's address
	Dialect        string          `json:"dialect,omitempty"`   // API of the target; empty for this project's own
	ExternalServer bool            `json:"elsewhere,omitempty"` // this program did not start the target, which may be on another machine
	Loop           string          `json:"loop"`                // "closed" or "open"
	CommandLine    []string        `json:"command_line"`        // of the program that measured
	Version        string          `json:"version"`             // of the program that measured
	Data           Data            `json:"data"`
	Machine        Machine         `json:"machine"`
}

// Data is what was sent.
type Data struct {
	Name  string `json:"name"`           // a file, or "synthetic, seed N"
	Hash  string `json:"hash,omitempty"` // "sha256:…" of the file
	Pairs int    `json:"pairs"`          // in the data set

	Instruction string `json:"instruction,omitempty"` // of every request; empty for the model's own
}

// Machine is where the measurement was made. It has the fields of internal/machine's, so that one
// converts to the other.
type Machine struct {
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Caches string `json:"caches,omitempty"`
	OS     string `json:"os"`
	Arch   string `json:"arch"`
	Go     string `json:"go"`
}

// Configuration is what is measured at a time: a load on a server with its settings. Configurations
// are numbered from 0, in the order in which they were measured. Whatever an experiment varies has
// a field, so that a report can distinguish them.
type Configuration struct {
	Index       int `json:"index"`
	Batch       int `json:"batch"`       // pairs per request; of a mix, their mean
	Concurrency int `json:"concurrency"` // closed-loop workers; in an open loop, those of the warm-up
	Requests    int `json:"requests"`    // planned; 0 if only time ends the configuration
	Warmup      int `json:"warmup"`      // requests that were sent before and are not recorded

	// Key is the same for the same settings, in every run. Each repeat has its own key.
	Key string `json:"key,omitempty"`

	// Mix says what requests of many sizes, each with its own query, were drawn from or read
	// from; empty without a mix.
	Mix string `json:"mix,omitempty"`

	Set      []Setting     `json:"set,omitempty"`         // the settings that the experiment varies
	Repeat   int           `json:"repeat,omitempty"`      // from 0
	Process  int           `json:"process,omitempty"`     // server process of the run, from 0
	Duration time.Duration `json:"duration_ns,omitempty"` // that ends the configuration; 0 if the number of requests does

	Arrival   string  `json:"arrival,omitempty"` // arrival process of an open loop; empty in a closed one
	Rate      float64 `json:"rate,omitempty"`    // requests per second of an open loop
	RampTo    float64 `json:"ramp_to,omitempty"` // what the rate, or the workers of a closed loop, move to until the end; 0 if they stay
	Search    string  `json:"search,omitempty"`  // part of a search for an objective, as below; empty for others
	Attempt   int     `json:"attempt,omitempty"` // of a probe whose generator did not keep the schedule before, from 0
	Seed      int64   `json:"seed,omitempty"`    // of the arrivals, where it is not the experiment's
	Times     float64 `json:"times,omitempty"`   // of a goodput, how many times the rate that was found
	Objective float64 `json:"objective_ms,omitempty"`
	Percent   float64 `json:"objective_percentile,omitempty"`

	// Objectives are all the bounds of the latency that a probe tests, in milliseconds. Objective
	// is the least of them.
	Objectives []float64 `json:"objectives_ms,omitempty"`
}

// Setting is a key with its value in a configuration.
type Setting struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Parts of a search for the highest rate that keeps an objective.
const (
	SearchCapacity = "capacity" // a closed loop, to know where to begin
	SearchProbe    = "probe"
	SearchConfirm  = "confirm" // of the highest rate that passed
	SearchGoodput  = "goodput" // at a multiple of that rate
)

// SLOResult is the outcome of a search for an objective. Rates are requests per second.
type SLOResult struct {
	Configuration int       `json:"point"` // the last one of the search
	Key           string    `json:"key"`   // of the search
	Set           []Setting `json:"set,omitempty"`
	Batch         int       `json:"batch"`
	Repeat        int       `json:"repeat,omitempty"`
	Percentile    float64   `json:"percentile"`
	LatencyMS     float64   `json:"latency_ms"`
	Capacity      float64   `json:"capacity"` // of the closed loop
	Passing       float64   `json:"passing"`  // the highest rate that was confirmed; 0 if none
	Failing       float64   `json:"failing"`  // the lowest that failed; 0 if none
	Note          string    `json:"note,omitempty"`
}

// Request is the record of one request. Times are nanoseconds since the measured part of its
// configuration began.
type Request struct {
	Configuration int            `json:"point"`
	Seq           int            `json:"seq"`
	Intended      time.Duration  `json:"intended_ns"` // when it was due; in a closed loop, when it was sent
	Started       time.Duration  `json:"started_ns"`
	Finished      time.Duration  `json:"finished_ns"`
	Pairs         int            `json:"pairs"`
	Code          crossrank.Code `json:"code"` // crossrank.OK if it was answered
	Error         string         `json:"error,omitempty"`

	Tokens          int `json:"tokens"`
	TruncatedTokens int `json:"truncated_tokens,omitempty"`
	PaddedTokens    int `json:"padded_tokens"` // that padding would have computed, real ones included

	// The server's own times.
	Tokenize time.Duration `json:"tokenize_ns"`
	Queue    time.Duration `json:"queue_ns"`
	Compute  time.Duration `json:"compute_ns"`
	Total    time.Duration `json:"total_ns"`
}

// Answer notes the response to the request, or the error in its place.
func (r *Request) Answer(resp *crossrank.Response, err error) {
	r.Code = crossrank.CodeOf(err)
	if err != nil {
		r.Error = cmp.Or(err.Error(), string(r.Code)) // a record of a failure always has a reason
		return
	}
	r.Tokens, r.TruncatedTokens, r.PaddedTokens = resp.Usage.Tokens, resp.Usage.TruncatedTokens, resp.Usage.PaddedTokens
	r.Tokenize, r.Queue = resp.Timing.Tokenize, resp.Timing.Queue
	r.Compute, r.Total = resp.Timing.Compute, resp.Timing.Total
}

// Dropped is the code of a request that the generator of an open loop did not send, because too
// many were under way.
const Dropped crossrank.Code = "dropped"

// OK reports whether the request was answered.
func (r *Request) OK() bool { return r.Code == crossrank.OK }

// Latency is how long the caller waited, from the moment that the request was due: a server that
// stalls cannot hide it.
func (r *Request) Latency() time.Duration { return r.Finished - r.Intended }

// Service is how long the caller waited from the moment that the request was sent.
func (r *Request) Service() time.Duration { return r.Finished - r.Started }

// Sent is when the request was sent; negative if it was dropped.
func (r *Request) Sent() time.Duration {
	if r.Code == Dropped {
		return -1
	}
	return r.Started
}

// Lag is how late the request was sent.
func (r *Request) Lag() time.Duration { return r.Started - r.Intended }

// Sample is one sample of the server's history.
type Sample struct {
	Configuration int `json:"point"` // the configuration under way
	state.Sample
}

// ConfigurationEnd ends a configuration.
type ConfigurationEnd struct {
	Configuration int           `json:"point"`
	Began         time.Time     `json:"began"`      // when the measured part began, after the warm-up
	Elapsed       time.Duration `json:"elapsed_ns"` // of the measured part, until the end of its last request
	Complete      bool          `json:"complete"`
	Reason        string        `json:"reason,omitempty"`    // why it is not complete
	Abandoned     int           `json:"abandoned,omitempty"` // requests under way when it was stopped, which left no record

	// GeneratorCPU is the CPU time of the process that sent the requests, over all cores, in that
	// time. 0 if it is not known.
	GeneratorCPU time.Duration `json:"generator_cpu_ns,omitempty"`

	// StealPct and ThrottledPct are CPU time that the server's machine lacked, over the server's
	// samples in that time: what the host gave to others, and how long the CPU quota of the control
	// group held the server back. 100 is one core all the time. Nil if no sample says.
	StealPct     *Spread `json:"cpu_steal_pct,omitempty"`
	ThrottledPct *Spread `json:"cpu_throttled_pct,omitempty"`

	// Invalid says why the load was not what was asked for, such as a generator that did not keep
	// the schedule of an open loop. The records are what happened, but no verdict rests on them.
	Invalid string `json:"invalid,omitempty"`

	// Stability says whether the configuration was in a steady state when it ended, if the
	// experiment asks for that.
	Stability *Stability `json:"stability,omitempty"`
}

// Stability compares windows of time of a configuration. It is in a steady state when the last
// three windows lie within 10 % of their mean, in throughput and in latency.
type Stability struct {
	Stable     bool          `json:"stable"`
	Window     time.Duration `json:"window_ns"`
	Throughput []float64     `json:"requests_per_s"` // answered, per window
	Latency    []float64     `json:"latency_ms"`     // mean of those that ended in a window; 0 if none did
}

// Spread sums up one figure over the samples of a configuration.
type Spread struct {
	Mean float64 `json:"mean"` // weighted by the samples' intervals
	Max  float64 `json:"max"`
}

// SumUp sets what the server's machine lacked, from the samples of the configuration.
func (e *ConfigurationEnd) SumUp(samples []Sample) {
	e.StealPct = SpreadOf(samples, func(s *Sample) *float64 { return s.StealPct })
	e.ThrottledPct = SpreadOf(samples, func(s *Sample) *float64 { return s.ThrottledPct })
}

// SpreadOf sums up a figure of samples. It returns nil if none of them has it.
func SpreadOf(samples []Sample, figure func(*Sample) *float64) *Spread {
	var s *Spread
	var seconds float64
	for i := range samples {
		x := figure(&samples[i])
		if x == nil {
			continue
		}
		if s == nil {
			s = &Spread{Max: *x}
		}
		s.Max = max(s.Max, *x)
		s.Mean += *x * samples[i].IntervalS
		seconds += samples[i].IntervalS
	}
	if s == nil || seconds <= 0 {
		return nil
	}
	s.Mean /= seconds
	return s
}

// End ends the run.
type End struct {
	Time     time.Time `json:"time"`
	Complete bool      `json:"complete"`
	Reason   string    `json:"reason,omitempty"` // why it is not complete
}

// The kinds of lines.
const (
	kindRun              = "run"
	kindConfiguration    = "point"
	kindRequest          = "request"
	kindSample           = "sample"
	kindConfigurationEnd = "point_end"
	kindSLOResult        = "found"
	kindQuality          = "quality"
	kindEvaluation       = "evaluation"
	kindRanking          = "ranking"
	kindEnd              = "end"
)
