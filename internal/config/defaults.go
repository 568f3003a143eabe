package config

import (
	"slices"
	"time"
)

// BuiltinModel is the model that is used when none is named: it needs no download, and its scores mean nothing.
const BuiltinModel = "builtin:minilm-l6"

// Default gives the settings of an empty file.
func Default() Settings {
	s := base()
	s.settle()
	return s
}

// base holds every default that does not depend on what else is given.
func base() Settings {
	return Settings{
		Model:     BuiltinModel,
		ModelPool: ModelPool{Routing: "first_idle"},
		Batching:  Batching{Enabled: true, MaxQueueAgeMS: 20_000, LengthAware: true, Packing: true},
		Pipeline:  Pipeline{Mode: "full"},
		Server:    baseServer(),
		Data:      Data{Seed: 1},
		Experiment: Experiment{
			BatchSizes:        []int{32},
			ConcurrencyLevels: []int{1},
			Warmup:            5,
			Arrival:           Arrival{Process: "closed"},
			Repeats:           1,
		},
	}
}

func defaultInstance() Instance {
	return Instance{Backend: "native", Quantization: "fp32", Replicas: 1}
}

// settle fills in the defaults that depend on what was given.
func (s *Settings) settle() {
	if len(s.ModelPool.Instances) == 0 {
		s.ModelPool.Instances = []Instance{defaultInstance()}
	}
	if !s.Given("data.synthetic") {
		s.Data.Synthetic = s.Data.Path == ""
	}
	if !s.Given("cache.coalesce") {
		s.Cache.Coalesce = s.Name == ""
	}
	if s.Name != "" && !s.Given("batching.max_queue_age_ms") {
		s.Batching.MaxQueueAgeMS = 600_000
	}
	if e := &s.Experiment; e.BenchmarkRequests == 0 && e.Duration == 0 {
		e.BenchmarkRequests = 100
	}
}

// Given tells whether the file that s was read from has the key at path, such as "data.seed".
func (s Settings) Given(path string) bool {
	_, ok := s.lines[path]
	return ok
}

// Primary gives the first instance, with its model filled in.
func (s Settings) Primary() Instance {
	if len(s.ModelPool.Instances) == 0 {
		s.ModelPool.Instances = []Instance{defaultInstance()}
	}
	in := s.ModelPool.Instances[0]
	if in.Model == "" {
		in.Model = s.Model
	}
	return in
}

// WithModel gives a copy of s in which every instance has this model, as a command line's flag asks for.
func (s Settings) WithModel(model string) Settings {
	s.Model = model
	s.ModelPool.Instances = slices.Clone(s.ModelPool.Instances)
	for i := range s.ModelPool.Instances {
		s.ModelPool.Instances[i].Model = ""
	}
	return s
}

// WithData gives a copy of s that reads its pairs from path.
func (s Settings) WithData(path string) Settings {
	s.Data.Path, s.Data.Synthetic = path, false
	return s
}

// Duration is a time.Duration that is written as text, such as 1m30s, in YAML and in JSON.
type Duration time.Duration

// MarshalText writes d as time.Duration does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads what time.ParseDuration reads.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = Duration(v)
	return err
}
