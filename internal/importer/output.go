package importer

import "strconv"

// output is a definition. A value is a scalar or, if it is swept, a list; what is nil is left out.
type output struct {
	Name        string `yaml:"name"`
	Description string `yaml:"description,omitempty"`
	Model       string `yaml:"model,omitempty"`

	ModelPool     outputPool     `yaml:"model_pool,omitempty"`
	TokenizerPool outputSection  `yaml:"tokenizer_pool,omitempty"`
	Batching      outputBatching `yaml:"batching,omitempty"`
	Pipeline      outputPipeline `yaml:"pipeline,omitempty"`
	Server        outputServer   `yaml:"server"`
	Experiment    outputLoad     `yaml:"experiment,omitempty"`
}

type outputPool struct {
	Instances []outputInstance `yaml:"instances,omitempty"`
	Routing   any              `yaml:"routing,omitempty,flow"`
}

type outputInstance struct {
	Model        string `yaml:"model,omitempty"`
	Backend      any    `yaml:"backend,omitempty"`
	Quantization any    `yaml:"quantization,omitempty"`
	MaxLength    any    `yaml:"max_length,omitempty"`
	Replicas     int    `yaml:"replicas,omitempty"`
}

type outputSection struct {
	Workers any `yaml:"workers,omitempty,flow"`
}

type outputBatching struct {
	Enabled     any `yaml:"enabled,omitempty,flow"`
	MaxPairs    any `yaml:"max_batch_size,omitempty,flow"`
	TimeoutMS   any `yaml:"timeout_ms,omitempty,flow"`
	LengthAware any `yaml:"length_aware,omitempty,flow"`
	Packing     any `yaml:"packing,omitempty,flow"`
}

type outputPipeline struct {
	Mode any `yaml:"mode,omitempty,flow"`
}

type outputServer struct {
	Deadline string `yaml:"deadline"`
}

type outputLoad struct {
	BatchSizes        []int `yaml:"batch_sizes,omitempty,flow"`
	ConcurrencyLevels []int `yaml:"concurrency_levels,omitempty,flow"`
	BenchmarkRequests any   `yaml:"benchmark_requests,omitempty,flow"`
	Duration          any   `yaml:"duration,omitempty,flow"`
	Warmup            any   `yaml:"warmup,omitempty,flow"`
}

// scalars gives values the types that they have in YAML: nil for none, a scalar for one, a list for
// several.
func scalars(values []string) any {
	switch len(values) {
	case 0:
		return nil
	case 1:
		return scalar(values[0])
	}
	list := make([]any, len(values))
	for i, v := range values {
		list[i] = scalar(v)
	}
	return list
}

func scalar(text string) any {
	if n, err := strconv.Atoi(text); err == nil {
		return n
	}
	if x, err := strconv.ParseFloat(text, 64); err == nil {
		return x
	}
	if text == "true" || text == "false" {
		return text == "true"
	}
	return text
}

// numbers are whole numbers, which the schema has checked.
func numbers(values []string) []int {
	var list []int
	for _, v := range values {
		n, _ := strconv.Atoi(v)
		list = append(list, n)
	}
	return list
}
