// Package report turns results into words: what a measurement found, what that is worth, and how it was made.
//
// [Summarize] works out a [Report], which holds every figure and no layout, and encodes as JSON; [Report.Markdown] lays
// it out. Its first sections have the order, the tables and the units of the reports of the Python project that this one
// follows, so that the two can be laid side by side; provenance and validity come after them.
//
// Three rules hold throughout. What was not measured is "n/a", never 0. A percentile of too few requests is printed with
// a mark, and a note beside it says how many it would need. And each figure says what it counts: the average throughput
// is the whole system's, pairs answered over the time of the configuration; its other figures are those of single
// requests, a request's pairs over its own latency, which say nothing of the system's when several are under way.
package report

import (
	"encoding/json"
	"math"
	"time"

	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/stats"
)

// Report is what a measurement found.
type Report struct {
	Run      results.Run `json:"run"` // how it was made
	Partial  []string    `json:"partial,omitempty"`
	Batching *batching   `json:"batching,omitempty"` // nil if the settings do not say
	Configs  []Config    `json:"configs"`
	Overall  Overall     `json:"overall"`
	Usage    []Usage     `json:"usage"`
	Series   []Interval  `json:"series"`
	Skipped  int         `json:"skipped_lines,omitempty"`

	Found   []results.SLOResult `json:"objectives,omitempty"`
	Knees   []Knee              `json:"saturation_knees,omitempty"`
	Quality []results.Quality   `json:"quality,omitempty"`
}

// Config is what one configuration met. Failed requests count as Failed, and in no other figure.
type Config struct {
	Batch       int            `json:"batch"`
	Concurrency int            `json:"concurrency"`
	Planned     int            `json:"planned"`
	Answered    int            `json:"answered"`
	Failed      map[string]int `json:"failed,omitempty"` // by code
	FirstError  string         `json:"first_error,omitempty"`
	Abandoned   int            `json:"abandoned,omitempty"`
	Warmup      int            `json:"warmup"`
	Complete    bool           `json:"complete"`

	Pairs           int     `json:"pairs"`
	Tokens          int     `json:"tokens"`
	TruncatedTokens int     `json:"truncated_tokens"`
	PaddedTokens    int     `json:"padded_tokens"`
	Seconds         float64 `json:"seconds"`

	Set         []results.Setting `json:"set,omitempty"` // what the experiment sweeps
	Repeat      int               `json:"repeat,omitempty"`
	Search      string            `json:"search,omitempty"`       // what it is in a search for an objective
	Arrival     string            `json:"arrival,omitempty"`      // the process of an open loop
	Rate        float64           `json:"rate,omitempty"`         // its requests a second
	ObjectiveMS float64           `json:"objective_ms,omitempty"` // the bound of the latency that is asked for
	Service     *Distribution     `json:"service_ms,omitempty"`   // from the actual moment of sending; of open loops
	Pacing      *Pacing           `json:"pacing,omitempty"`       // of open loops
	Goodput     Value             `json:"goodput_per_s"`          // requests answered within the objective
	Goodputs    []Goodput         `json:"goodputs,omitempty"`     // within each, where a probe is judged by several

	Invalid   string             `json:"invalid,omitempty"`   // why no verdict rests on it
	Mix       string             `json:"mix,omitempty"`       // what requests of many sizes were drawn from
	Generator Value              `json:"generator_cpu_pct"`   // that the process which sends took; 100 is one core
	Stability *results.Stability `json:"stability,omitempty"` // nil if the experiment does not ask

	Stages          Stages       `json:"stages_ms"`
	PairsPerSecond  Value        `json:"pairs_per_s"` // of the whole system
	TokensPerSecond Value        `json:"tokens_per_s"`
	Latency         Distribution `json:"latency_ms"`                // from the intended moment of sending
	PerRequest      Distribution `json:"request_pairs_per_s"`       // a request's pairs over its own latency
	Buckets         []Bucket     `json:"latency_versus_throughput"` // by latency, lowest first
	Correlation     Value        `json:"correlation"`               // of latency and throughput, over the requests
}

// Goodput is how many requests a second were answered within a bound.
type Goodput struct {
	WithinMS  float64 `json:"within_ms"`
	PerSecond Value   `json:"per_s"`
}

// Stages are the means of where the time of an answered request went.
type Stages struct {
	Tokenize Value `json:"tokenize"`
	Queue    Value `json:"queue"`
	Compute  Value `json:"compute"`
	Rest     Value `json:"rest"` // the network, being sent late, and all else
}

// Distribution sums up one figure of many requests.
type Distribution struct {
	N       int   `json:"n"`
	Average Value `json:"average"`
	Min     Value `json:"min"`
	Max     Value `json:"max"`
	StdDev  Value `json:"std_dev"`
	P50     Value `json:"p50"`
	P90     Value `json:"p90"`
	P95     Value `json:"p95"`
	P99     Value `json:"p99"`
}

// Bucket is the throughput of the requests whose latency, in ms, is at least From and below To.
type Bucket struct {
	From    Value `json:"from_ms"` // not a number: no lower end
	To      Value `json:"to_ms"`   // not a number: no upper end
	Average Value `json:"average"`
	Min     Value `json:"min"`
	Max     Value `json:"max"`
	Count   int   `json:"count"`
}

// Overall compares the configurations.
type Overall struct {
	BestThroughput Value `json:"best_pairs_per_s"`
	BestLatency    Value `json:"best_latency_ms"`
	AvgThroughput  Value `json:"avg_pairs_per_s"`
	AvgLatency     Value `json:"avg_latency_ms"`

	// Indexes of configurations; -1 if there is none.
	FastestConfig  int `json:"best_throughput_config"`
	SwiftestConfig int `json:"best_latency_config"`
}

// Usage sums up one figure of the server's samples.
type Usage struct {
	Name    string `json:"name"`
	Average Value  `json:"average"`
	Min     Value  `json:"min"`
	Max     Value  `json:"max"`
	P50     Value  `json:"p50"`
	P95     Value  `json:"p95"`
}

// Interval is one sample of the server.
type Interval struct {
	Config     int   `json:"config"`
	GPUMemory  Value `json:"gpu_memory_mb"`
	GPU        Value `json:"gpu_pct"`
	CPU        Value `json:"cpu_pct"`
	Latency    Value `json:"latency_ms"`
	Throughput Value `json:"pairs_per_s"`
	Tokenize   Value `json:"tokenize_ms"`
	Compute    Value `json:"compute_ms"`
	Queue      Value `json:"queue_ms"`
	Padding    Value `json:"padding_waste_pct"`
}

// batching is the section of that name in the settings.
type batching struct {
	Enabled        bool    `json:"enabled"`
	MaxBatchSize   int     `json:"max_batch_size"`
	MaxBatchTokens int     `json:"max_batch_tokens"`
	TimeoutMS      float64 `json:"timeout_ms"`
	LengthAware    bool    `json:"length_aware"`
	Packing        bool    `json:"packing"`
}

// Value is a figure; NaN means that it was not measured. It is null in JSON then.
type Value float64

var unmeasured = Value(math.NaN())

// Measured tells whether v is a figure at all.
func (v Value) Measured() bool { return !math.IsNaN(float64(v)) && !math.IsInf(float64(v), 0) }

// MarshalJSON writes null for what was not measured.
func (v Value) MarshalJSON() ([]byte, error) {
	if !v.Measured() {
		return []byte("null"), nil
	}
	return json.Marshal(float64(v))
}

// Summarize works out what res say.
func Summarize(res *results.Results) *Report {
	r := &Report{Run: res.Run, Partial: res.Partial, Skipped: res.Skipped, Found: res.SLOResults, Quality: res.Quality, Batching: batchingOf(res.Run)}
	for i, m := range res.Configurations {
		r.Configs = append(r.Configs, summarizePoint(m))
		for j := range m.Samples {
			r.Series = append(r.Series, intervalOf(i, &m.Samples[j]))
		}
	}
	r.Overall = compare(r.Configs)
	r.Knees = knees(r.Configs)
	r.Usage = summarizeSeries(r.Series)
	return r
}

func batchingOf(run results.Run) *batching {
	var settings struct {
		Batching *batching `json:"batching"`
	}
	if json.Unmarshal(run.Settings, &settings) != nil {
		return nil // the settings of another program, or none
	}
	return settings.Batching
}

func distributionOf(xs []float64) Distribution {
	s := stats.Summarize(xs)
	return Distribution{
		N: s.N, Average: Value(s.Mean), Min: Value(s.Min), Max: Value(s.Max), StdDev: Value(s.StdDev),
		P50: Value(s.P50), P90: Value(s.P90), P95: Value(s.P95), P99: Value(s.P99),
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / 1e6 }
