// Package summary works out the figures of a measurement from its results.
//
// [Of] gives a [Summary]: every figure that a report shows and that two measurements are compared
// by, with no layout. It encodes as JSON. The figures of one configuration are a [Configuration],
// the server's samples an [Interval] each, and repeats of a configuration form a [Group].
//
// Two rules hold throughout. What was not measured is a [Value] that says so, never 0. And each
// figure says what it counts: a configuration's PairsPerSecond is the whole system's, pairs
// answered over the time of the configuration. Its PerRequest figures are those of single requests,
// a request's pairs over its own latency; they say nothing of the system's throughput when several
// requests are in flight.
package summary

import (
	"encoding/json"

	"github.com/crossrank/crossrank/internal/results"
)

// Summary is what a measurement found.
type Summary struct {
	Run            results.Run     `json:"run"` // how it was made
	Partial        []string        `json:"partial,omitempty"`
	Batching       *Batching       `json:"batching,omitempty"` // nil if the settings do not say
	Configurations []Configuration `json:"configs"`
	Overall        Overall         `json:"overall"`
	Usage          []Usage         `json:"usage"`
	Series         []Interval      `json:"series"`
	Skipped        int             `json:"skipped_lines,omitempty"`

	SLO     []results.SLOResult `json:"objectives,omitempty"` // of the searches for an objective
	Knees   []Knee              `json:"saturation_knees,omitempty"`
	Quality []results.Quality   `json:"quality,omitempty"`

	Evaluation *Evaluation `json:"evaluation,omitempty"` // of rankings; nil if nothing was ranked
}

// Batching is the section of that name in the settings.
type Batching struct {
	Enabled     bool    `json:"enabled"`
	MaxPairs    int     `json:"max_batch_size"`
	MaxTokens   int     `json:"max_batch_tokens"`
	TimeoutMS   float64 `json:"timeout_ms"`
	LengthAware bool    `json:"length_aware"`
	Packing     bool    `json:"packing"`
}

// Of works out the figures of res.
func Of(res *results.Results) *Summary {
	s := &Summary{
		Run: res.Run, Partial: res.Partial, Skipped: res.Skipped, SLO: res.SLOResults, Quality: res.Quality, Batching: batchingOf(res.Run),
	}
	for i, m := range res.Configurations {
		s.Configurations = append(s.Configurations, configurationOf(m))
		for j := range m.Samples {
			s.Series = append(s.Series, intervalOf(i, &m.Samples[j]))
		}
	}
	s.Overall = OverallOf(s.Configurations)
	s.Knees = knees(s.Configurations)
	s.Usage = UsageOf(s.Series)
	s.Evaluation = evaluationOf(res, s.Configurations)
	return s
}

func batchingOf(run results.Run) *Batching {
	var settings struct {
		Batching *Batching `json:"batching"`
	}
	if json.Unmarshal(run.Settings, &settings) != nil {
		return nil // the settings of another program, or none
	}
	return settings.Batching
}
