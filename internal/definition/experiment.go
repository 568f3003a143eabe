package definition

import "github.com/crossrank/crossrank/internal/config"

// Data is the pairs that an experiment sends. Give either path or synthetic.
type Data struct {
	// Path is a JSONL file of pairs, relative to the working directory. Default: empty.
	Path string `yaml:"path,omitempty" json:"path,omitempty" check:"filled"`

	// Synthetic generates the pairs instead of reading them. Default: true when there is no path.
	Synthetic bool `yaml:"synthetic" json:"synthetic"`

	// Seed chooses the synthetic pairs. Default: 1.
	Seed int64 `yaml:"seed" json:"seed" min:"0"`

	// OneQuery gives all pairs of a request the query of the first, as APIs need it that rank
	// documents for one query. Default: false, every pair keeps its own query.
	OneQuery bool `yaml:"one_query,omitempty" json:"one_query,omitempty"`

	// TopN is how many scores of each request are needed, the highest, as of rankings with a top_n.
	// All pairs of a request then have one query. Default: 0, all scores.
	TopN int `yaml:"top_n,omitempty" json:"top_n,omitempty" min:"0" max:"65536"`

	// Instruction is sent with every request, for models whose prompt template has a place for one.
	// Default: empty, the template's own.
	Instruction string `yaml:"instruction,omitempty" json:"instruction,omitempty" check:"filled"`
}

// Experiment is what is measured: every batch size at every concurrency level is one configuration.
type Experiment struct {
	// BatchSizes are the numbers of pairs per request. Default: [32].
	BatchSizes []int `yaml:"batch_sizes" json:"batch_sizes" min:"1" max:"65536"`

	Mix Mix `yaml:"mix,omitempty" json:"mix,omitzero"`

	// ConcurrencyLevels are the numbers of closed-loop workers. Default: [1].
	ConcurrencyLevels []int `yaml:"concurrency_levels" json:"concurrency_levels" min:"1" max:"4096"`

	// BenchmarkRequests is how many requests a configuration sends. Default: 100, or 0 with a
	// duration.
	BenchmarkRequests int `yaml:"benchmark_requests,omitempty" json:"benchmark_requests,omitempty" min:"1" max:"1000000000"`

	// Duration ends a configuration by time instead, such as 60s. Default: 0, by requests.
	Duration config.Duration `yaml:"duration,omitempty" json:"duration,omitempty"`

	// RampTo moves the load evenly over the duration: the rate of an open loop from arrival.rate to
	// this, or the workers of a closed loop from concurrency_levels to this. Default: 0, no ramp.
	RampTo float64 `yaml:"ramp_to,omitempty" json:"ramp_to,omitempty" min:"0" max:"10000000"`

	// Warmup is how many requests are sent before those that are measured. Default: 5.
	Warmup int `yaml:"warmup" json:"warmup" min:"0" max:"1000000"`

	Stability Stability `yaml:"stability,omitempty" json:"stability,omitzero"`

	Arrival   Arrival   `yaml:"arrival" json:"arrival"`
	Objective Objective `yaml:"objective,omitempty" json:"objective,omitzero"`
	Quality   Quality   `yaml:"quality,omitempty" json:"quality,omitzero"`

	// Repeats is how many times everything is measured, each time with new servers and in a new
	// order, drawn from the arrival's seed. Default: 1.
	Repeats int `yaml:"repeats" json:"repeats" min:"1" max:"1000" sweep:"no"`
}

// Arrival says when requests are sent.
type Arrival struct {
	// Process is closed (each worker sends when its last request is answered) or an open-loop
	// schedule. Default: closed.
	Process string `yaml:"process" json:"process" oneof:"closed,constant,poisson,gamma,replay"`

	// Rate is requests per second, for open loops; a replay without one keeps the trace's. Default:
	// 0.
	Rate float64 `yaml:"rate,omitempty" json:"rate,omitempty" min:"0" max:"10000000"`

	// Shape is k of the gamma process; below 1 is burstier than Poisson. Default: 0.
	Shape float64 `yaml:"shape,omitempty" json:"shape,omitempty" min:"0" max:"1000"`

	// Seed chooses the schedule. Default: 0.
	Seed int64 `yaml:"seed,omitempty" json:"seed,omitempty" min:"0"`

	// Trace is the file that replay reads: one send time per line, in seconds, rising. Default:
	// empty.
	Trace string `yaml:"trace,omitempty" json:"trace,omitempty" check:"filled"`
}

// Open reports whether requests are sent by a schedule, whatever has become of the earlier ones.
func (a Arrival) Open() bool { return a.Process != "closed" }

// Quality measures how good the scores are, once per server, after the timed requests.
type Quality struct {
	// Against compares the logits of every server, over all pairs of the data, with those of the
	// server of this quantization, which must be among them. Default: empty, no comparison.
	Against string `yaml:"against,omitempty" json:"against,omitempty" oneof:"fp32,fp16,bf16,bf16-dot,int8" sweep:"no"`

	// Collection is the folder of a judged collection whose candidates are reranked, relative to
	// the working directory. Default: empty, none.
	Collection string `yaml:"collection,omitempty" json:"collection,omitempty" check:"filled" sweep:"no"`

	// Candidates is how many documents are reranked for each of its queries, the best by BM25.
	// Default: 0, which means 50.
	Candidates int `yaml:"candidates,omitempty" json:"candidates,omitempty" min:"0" max:"65536" sweep:"no"`
}

// Objective searches for the highest rate at which a latency percentile stays within a bound.
type Objective struct {
	// Percentile is from 0 to 100. Default: 0, no objective.
	Percentile float64 `yaml:"percentile,omitempty" json:"percentile,omitempty" min:"0" max:"100"`

	// LatencyMS is the bound in milliseconds. Default: 0.
	LatencyMS float64 `yaml:"latency_ms,omitempty" json:"latency_ms,omitempty" min:"0" max:"3600000"`
}
