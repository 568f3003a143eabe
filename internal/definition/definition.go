// Package definition holds what the file of an experiment says: the settings of the servers that it
// starts, which server it measures instead, the data that it sends and the load.
//
// The settings of the server are those of package config, with two defaults of an experiment's own.
// A list in place of a single value makes a [Sweep]: one [Variant] for each combination of values.
package definition

import (
	"github.com/crossrank/crossrank/internal/config"
	"github.com/crossrank/crossrank/internal/strictyaml"
)

// Settings is everything that a definition says, with one value for each key. Start from [Default]
// or [Parse]; the zero value is not useful.
//
// Each field's comment gives its meaning, its unit and its default. Its tags are rules that Parse
// enforces.
type Settings struct {
	// Name is the experiment's name, such as 01_engine_fp32; results files are named after it.
	// Default: empty.
	Name string `yaml:"name,omitempty" json:"name,omitempty" check:"filename" sweep:"no"`

	// Description is one sentence for the report. Default: empty.
	Description string `yaml:"description,omitempty" json:"description,omitempty" sweep:"no"`

	// The settings of the servers that the experiment starts.
	config.Settings `yaml:",inline"`

	Target     Target     `yaml:"target,omitempty" json:"target,omitzero"`
	Data       Data       `yaml:"data" json:"data" sweep:"no"`
	Experiment Experiment `yaml:"experiment" json:"experiment"`
}

// serverDefaults are the defaults that differ from those of a server. The load of an experiment is
// what its definition says, and each request that it sends is meant to be computed: none is refused
// for waiting long, and none shares the scores of another.
var serverDefaults = []strictyaml.Assignment{
	{Key: "batching.max_queue_age_ms", Value: "600000"},
	{Key: "cache.coalesce", Value: "false"},
}

// DefaultOrigin is the origin of a default that an experiment has in place of a server's.
const DefaultOrigin = "experiment default"

// Default gives the definition of an empty file.
func Default() Settings {
	s := initial()
	s.complete()
	return s
}

// initial holds every default that does not depend on what else is given.
func initial() Settings {
	s := Settings{
		Settings: config.Default(),
		Data:     Data{Seed: 1},
		Experiment: Experiment{
			BatchSizes:        []int{32},
			ConcurrencyLevels: []int{1},
			Warmup:            5,
			Arrival:           Arrival{Process: "closed"},
			Repeats:           1,
		},
	}
	for _, d := range serverDefaults {
		if err := s.Settings.Set(d.Key, d.Value, DefaultOrigin); err != nil {
			panic("definition: " + err.Error()) // the table above names no setting
		}
	}
	s.Origins = nameDefaults(strictyaml.Origins{})
	return s
}

func nameDefaults(o strictyaml.Origins) strictyaml.Origins {
	for _, d := range serverDefaults {
		o.Default(d.Key, DefaultOrigin)
	}
	return o
}

// complete fills in the defaults that depend on what was given.
func (s *Settings) complete() {
	if !s.Given("data.synthetic") {
		s.Data.Synthetic = s.Data.Path == ""
	}
	if e := &s.Experiment; e.BenchmarkRequests == 0 && e.Duration == 0 {
		e.BenchmarkRequests = 100
	}
}

// WithModel gives a copy of s in which every instance has this model.
func (s Settings) WithModel(model string) Settings {
	s.Settings = s.Settings.WithModel(model)
	return s
}

// WithData gives a copy of s that reads its pairs from path.
func (s Settings) WithData(path string) Settings {
	s.Data.Path, s.Data.Synthetic = path, false
	return s
}
