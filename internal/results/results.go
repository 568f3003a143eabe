// Package results keeps what a measurement met: one record for each request, and around the records how they came to be.
//
// A results file is lines of JSON. The first is the run: what was measured, with which settings, on which machine. Each
// configuration of the run then begins with a point, leaves one line a request and one line for every sample that the
// server took of itself, and ends with a point_end; the last line is the end. A [Writer] writes each line as it happens,
// so that a run that is killed loses nothing that it had measured; a [Results] read back from such a file says that it
// is partial, and why. Reports are made from results alone.
//
// Lines say what they are by their "kind". The first line carries the format's number. Within one format, fields and
// kinds of lines may be added and readers pass over those they do not know, so that an older program reads a newer file
// as far as it can; a change that would make them misread one gets a new number, which they refuse.
package results

import (
	"encoding/json"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/state"
)

// Format is the number of the format that this package writes, and the highest that it reads.
const Format = 1

// Run says how a measurement was made. What is not known is left empty.
type Run struct {
	Format         int             `json:"format"` // set by the Writer
	Name           string          `json:"name"`
	Description    string          `json:"description,omitempty"`
	Started        time.Time       `json:"started"`
	Settings       json.RawMessage `json:"settings,omitempty"` // the settings in full, as their own JSON
	Model          crossrank.Info  `json:"model"`
	Target         string          `json:"target"`              // "in process", or the server's address
	Dialect        string          `json:"dialect,omitempty"`   // that the target was spoken to in; empty for this project's own
	ExternalServer bool            `json:"elsewhere,omitempty"` // the measurement did not start the target, which may be on another machine
	Loop           string          `json:"loop"`                // "closed" or "open"
	CommandLine    []string        `json:"command_line"`        // of the program that measured
	Version        string          `json:"version"`             // of the program that measured
	Data           Data            `json:"data"`
	Machine        Machine         `json:"machine"`
}

// Data says what was sent.
type Data struct {
	Name  string `json:"name"`           // a file, or "synthetic, seed N"
	Hash  string `json:"hash,omitempty"` // "sha256:…" of the file
	Pairs int    `json:"pairs"`          // in the data set
}

// Machine is where the measurement was made. Its fields are those of internal/machine, so that one converts to the other.
type Machine struct {
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Caches string `json:"caches,omitempty"`
	OS     string `json:"os"`
	Arch   string `json:"arch"`
	Go     string `json:"go"`
}

// Configuration begins a configuration. Configurations are numbered from 0 in the order that they were measured in.
type Configuration struct {
	Index       int `json:"index"`
	Batch       int `json:"batch"`       // pairs a request; of a mix, in the mean
	Concurrency int `json:"concurrency"` // closed-loop workers; in an open loop, those of the warm-up
	Requests    int `json:"requests"`    // planned; 0 if only time ends the point
	Warmup      int `json:"warmup"`      // requests sent before, and not recorded

	// Key is the same for points of the same settings, in whatever run; the repeats of a point have different ones.
	Key string `json:"key,omitempty"`

	// Mix says what requests of many sizes, each with a query of its own, were drawn from or read from; empty without.
	Mix string `json:"mix,omitempty"`

	Set      []Setting     `json:"set,omitempty"`         // what the experiment sweeps, with its values here
	Repeat   int           `json:"repeat,omitempty"`      // from 0
	Process  int           `json:"process,omitempty"`     // which of the run's server processes, from 0
	Duration time.Duration `json:"duration_ns,omitempty"` // that ends the point; 0 if the number of requests does

	Arrival   string  `json:"arrival,omitempty"` // the process of an open loop; empty in a closed one
	Rate      float64 `json:"rate,omitempty"`    // its requests a second
	Search    string  `json:"search,omitempty"`  // what part of a search for an objective the point is, as below
	Times     float64 `json:"times,omitempty"`   // of goodput points, how many times the rate that was found
	Objective float64 `json:"objective_ms,omitempty"`
	Percent   float64 `json:"objective_percentile,omitempty"`

	// Objectives are all the bounds of the latency that a probe is judged by, in milliseconds; Objective is the least of them.
	Objectives []float64 `json:"objectives_ms,omitempty"`
}

// Setting is a key with the value that a point has for it.
type Setting struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// What a point is in a search for the highest rate that keeps an objective.
const (
	SearchCapacity = "capacity" // a closed loop that tells where to begin
	SearchProbe    = "probe"
	SearchConfirm  = "confirm" // of the highest rate that passed
	SearchGoodput  = "goodput" // at a multiple of it
)

// SLOResult is what a search for an objective came to. Rates are requests a second.
type SLOResult struct {
	Configuration int       `json:"point"` // the last of the search
	Key           string    `json:"key"`   // of its points
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

// Request is what one request met. Times are nanoseconds since the measured part of its point began.
type Request struct {
	Configuration int            `json:"point"`
	Seq           int            `json:"seq"`
	Intended      time.Duration  `json:"intended_ns"` // when it was meant to be sent; in a closed loop, when it was
	Started       time.Duration  `json:"started_ns"`
	Finished      time.Duration  `json:"finished_ns"`
	Pairs         int            `json:"pairs"`
	Code          crossrank.Code `json:"code"` // crossrank.OK if it was answered
	Error         string         `json:"error,omitempty"`

	Tokens          int `json:"tokens"`
	TruncatedTokens int `json:"truncated_tokens,omitempty"`
	PaddedTokens    int `json:"padded_tokens"` // that padding would have computed

	// The server's own times.
	Tokenize time.Duration `json:"tokenize_ns"`
	Queue    time.Duration `json:"queue_ns"`
	Compute  time.Duration `json:"compute_ns"`
	Total    time.Duration `json:"total_ns"`
}

// Dropped is the code of a request that the generator of an open loop did not send, because too many were under way.
const Dropped crossrank.Code = "dropped"

// OK tells whether the request was answered.
func (r *Request) OK() bool { return r.Code == crossrank.OK }

// Latency is what the caller waited, counted from the intended moment so that a stalled server cannot hide its stall.
func (r *Request) Latency() time.Duration { return r.Finished - r.Intended }

// Service is what the caller waited once the request was sent.
func (r *Request) Service() time.Duration { return r.Finished - r.Started }

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

	// GeneratorCPU is what the process that sent the requests took of the machine's cores in that time, all together: over
	// Elapsed, it is the share of one core. 0 if that is not known.
	GeneratorCPU time.Duration `json:"generator_cpu_ns,omitempty"`

	// StealPct and ThrottledPct are what the server's machine lacked of its cores in that time, over the server's samples of
	// it: what the host gave to others, and how long the CPU quota of the control group held the server back. 100 is one
	// core all the time. Nil if no sample says.
	StealPct     *Spread `json:"cpu_steal_pct,omitempty"`
	ThrottledPct *Spread `json:"cpu_throttled_pct,omitempty"`

	// Invalid says why the point is not what was asked for, such as a generator that could not keep the schedule of an open
	// loop. Its records are what happened, but no verdict rests on them.
	Invalid string `json:"invalid,omitempty"`

	// Stability is whether the point had settled down when it ended, if the experiment asks for that.
	Stability *Stability `json:"stability,omitempty"`
}

// Stability is how the windows of a point agree, each some time of it. A point is stable when the last three of both
// figures each lie within 10 % of their mean.
type Stability struct {
	Stable     bool          `json:"stable"`
	Window     time.Duration `json:"window_ns"`
	Throughput []float64     `json:"requests_per_s"` // answered, a window
	Latency    []float64     `json:"latency_ms"`     // mean of those that ended in a window, from their intended moment; 0 if none did
}

// Spread sums up one figure over the samples of a configuration.
type Spread struct {
	Mean float64 `json:"mean"` // weighted by the samples' intervals
	Max  float64 `json:"max"`
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
	kindEnd              = "end"
)
