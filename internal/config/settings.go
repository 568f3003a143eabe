// Package config reads the one settings file of crossrank, which `crossrank serve --config` and experiment definitions
// share: a YAML mapping whose keys are the fields of [Settings].
//
// The schema is strict. A key that it does not know, a key given twice, a value of the wrong type or out of range is an
// [Error] that names the file, the line and the key, and what was meant if that can be guessed; all of a file's errors
// are reported together. A file may extend another, `extends: FILE` beside it, whose settings it then lies over: sections
// key by key, lists and values whole. In the definition of an experiment a list may stand where a scalar does, which
// [LoadSweep] makes a grid of settings. Values that are not given take the defaults of [Default], which is the only place that has any.
//
// Reading a file answers whether it is well formed. Whether this build can do what it asks is a question apart:
// [Unsupported] lists what it cannot, and programs refuse such settings, because a setting that is silently ignored
// turns a measurement into a lie.
package config

// Settings is everything that a settings file can say. Start from [Default] or [Parse]; the zero value is not useful.
//
// Each field's comment gives its meaning, its unit and its default. The tags min, max, oneof and check hold
// for what a file gives, and Parse enforces them.
type Settings struct {
	// Name is the experiment's name, such as 01_engine_fp32; results files are named after it. Default: empty.
	Name string `yaml:"name,omitempty" json:"name,omitempty" check:"filename" sweep:"no"`

	// Description is one sentence for the report. Default: empty.
	Description string `yaml:"description,omitempty" json:"description,omitempty" sweep:"no"`

	// Model is a model's directory, or the name of a built-in model. Default: builtin:minilm-l6.
	Model string `yaml:"model" json:"model" check:"filled"`

	ModelPool     ModelPool     `yaml:"model_pool" json:"model_pool"`
	TokenizerPool TokenizerPool `yaml:"tokenizer_pool" json:"tokenizer_pool"`
	Batching      Batching      `yaml:"batching" json:"batching"`
	Pipeline      Pipeline      `yaml:"pipeline" json:"pipeline"`
	Cache         Cache         `yaml:"cache" json:"cache"`
	Server        Server        `yaml:"server" json:"server"`
	Target        Target        `yaml:"target,omitempty" json:"target,omitzero"`
	Data          Data          `yaml:"data" json:"data"`
	Experiment    Experiment    `yaml:"experiment" json:"experiment"`

	lines map[string]int    // the line of every key that the file gave, by its path, such as "data.seed"
	files map[string]string // the file of those keys that came from another, which the file extends

	file    string            // where the settings were read from; empty for defaults
	origins map[string]string // who gave a value since, by its path; see Set
}

// ModelPool is the instances that share the work. Instances of one model read one copy of its weights; requests name the
// model that they mean, and the first is that of those which name none.
type ModelPool struct {
	// Instances lists them. Default: one, with an instance's own defaults.
	Instances []Instance `yaml:"instances" json:"instances"`

	// Routing chooses the instance that computes a request. With first_idle all work waits in one queue, and whichever
	// instance is free takes the next batch. The others give each instance a queue, and a whole request to one of them: to
	// each in turn, to the one with the fewest pairs, or to the one that should be done first by tokens and measured speed.
	// With one instance every choice is the same. Default: first_idle.
	Routing string `yaml:"routing" json:"routing" oneof:"round_robin,least_busy,first_idle,smart_idle"`
}

// Instance is one engine with a model in it.
type Instance struct {
	// Model replaces the model of the whole file for this instance. Default: empty, which means that model.
	Model string `yaml:"model,omitempty" json:"model,omitempty" check:"filled"`

	// Backend is the engine. Default: native, this project's own CPU engine.
	Backend string `yaml:"backend" json:"backend" oneof:"native,mps,cuda,onnx"`

	// Device is what the engine runs on. Default: empty, which means the backend's own (cpu for native).
	Device string `yaml:"device,omitempty" json:"device,omitempty" oneof:"cpu,mps,cuda"`

	// Quantization is the number format of the weights. Default: fp32.
	Quantization string `yaml:"quantization" json:"quantization" oneof:"fp32,fp16,int8"`

	// MaxLength bounds the tokens of a pair, special tokens included. Default: 0, the model's own maximum.
	MaxLength int `yaml:"max_length" json:"max_length" min:"0" max:"131072"`

	// Threads is the number of cores that one batch is split over. Default: 0, the cores of the machine divided by the number
	// of all instances, replicas included, and at least 1.
	Threads int `yaml:"threads" json:"threads" min:"0" max:"4096"`

	// Replicas is how many instances like this one run, on one copy of the weights. Default: 1.
	Replicas int `yaml:"replicas" json:"replicas" min:"1" max:"1024"`
}

// TokenizerPool is the goroutines that turn text into tokens.
type TokenizerPool struct {
	// Workers is how many requests are tokenized at the same time. Default: 0, one a core.
	Workers int `yaml:"workers" json:"workers" min:"0" max:"4096"`
}

// Batching says how waiting requests are joined into runs of the model.
type Batching struct {
	// Enabled joins the pairs of different requests; false runs each request by itself. Default: true.
	Enabled bool `yaml:"enabled" json:"enabled"`

	// MaxBatchSize bounds a batch in pairs. Default: 0, the pipeline's own choice.
	MaxBatchSize int `yaml:"max_batch_size" json:"max_batch_size" min:"0" max:"65536"`

	// MaxBatchTokens bounds a batch in tokens. Default: 0, the pipeline's own choice.
	MaxBatchTokens int `yaml:"max_batch_tokens" json:"max_batch_tokens" min:"0" max:"16777216"`

	// TimeoutMS is how long a batch that is not full waits for more, in milliseconds. Default: 0, not at all: a batch is
	// what waits when the engine becomes free.
	TimeoutMS float64 `yaml:"timeout_ms" json:"timeout_ms" min:"0" max:"60000"`

	// PreferredBatchSize lists numbers of pairs, ascending and up to max_batch_size, at which a batch is as good as full: with
	// a timeout it is sent at once when what waits reaches one of them, and it takes the largest of them that what waits can
	// fill. What is over waits on, up to the timeout. Default: none.
	PreferredBatchSize []int `yaml:"preferred_batch_size,omitempty" json:"preferred_batch_size,omitempty" min:"1" max:"65536"`

	// MaxQueueAgeMS bounds what waits by the time that it takes, in milliseconds: no more tokens wait than the engines compute
	// within it, at the speed measured. A quarter is kept for callers that ask for less than others. 0 means no such bound.
	// Default: 20000. The server gives a request 30 s unless told otherwise, so that what begins within 20 has a third of them
	// left to be computed; and a closed loop of 8 requests with 32 pairs of 512 tokens each, which is 10 s of work for two
	// cores, is far from being refused. In the definition of an experiment, which has a name, 600000: its load is
	// what it says, and what it sends is to be computed.
	MaxQueueAgeMS float64 `yaml:"max_queue_age_ms" json:"max_queue_age_ms" min:"0" max:"86400000"`

	// MaxQueuedTokens bounds what waits in tokens, and so its memory, whatever the speed. Default: 0, the pipeline's own choice.
	MaxQueuedTokens int `yaml:"max_queued_tokens" json:"max_queued_tokens" min:"0" max:"1000000000"`

	// LengthAware orders pairs by their length: those of a request before they are dealt into batches, so that a batch holds
	// pairs of like length, and those of a batch. Default: true.
	LengthAware bool `yaml:"length_aware" json:"length_aware"`

	// Packing computes only the tokens that there are; false computes each pair as long as the longest of its batch, which
	// changes no score and is there to be measured. Default: true.
	Packing bool `yaml:"packing" json:"packing"`
}

// Pipeline says which stages run.
type Pipeline struct {
	// Mode is full, or one stage alone to measure it: tokenization_only computes no scores (all are 0, of type none),
	// inference_only tokenizes each text once and remembers it. Default: full.
	Mode string `yaml:"mode" json:"mode" oneof:"full,tokenization_only,inference_only"`
}

// Cache says how scores are shared between pairs that are the same, token for token. No choice changes a score.
type Cache struct {
	// MaxBytes bounds the memory in which scores are remembered, in bytes, for all models together, in equal parts.
	// Default: 0, none are.
	MaxBytes int64 `yaml:"max_bytes" json:"max_bytes" min:"0" max:"1099511627776"`

	// Coalesce has pairs that are in flight together computed once. Default: true, but false in the definition of an
	// experiment, which has a name: its requests may repeat, and each is meant to be computed.
	Coalesce bool `yaml:"coalesce" json:"coalesce"`
}

// Data is the pairs that an experiment sends. Give either path or synthetic.
type Data struct {
	// Path is a JSONL file of pairs, relative to the working directory. Default: empty.
	Path string `yaml:"path,omitempty" json:"path,omitempty" check:"filled"`

	// Synthetic makes the pairs instead of reading them. Default: true when there is no path.
	Synthetic bool `yaml:"synthetic" json:"synthetic"`

	// Seed chooses the synthetic pairs. Default: 1.
	Seed int64 `yaml:"seed" json:"seed" min:"0"`

	// OneQuery has each request ask the query of its first pair about all of its passages, as APIs take them that rank
	// documents for a query. Default: false, every pair keeps its own query.
	OneQuery bool `yaml:"one_query,omitempty" json:"one_query,omitempty"`
}

// Experiment is what is measured: every batch size at every concurrency level is one configuration.
type Experiment struct {
	// BatchSizes are the pairs a request. Default: [32].
	BatchSizes []int `yaml:"batch_sizes" json:"batch_sizes" min:"1" max:"65536"`

	Mix Mix `yaml:"mix,omitempty" json:"mix,omitzero"`

	// ConcurrencyLevels are the numbers of closed-loop workers. Default: [1].
	ConcurrencyLevels []int `yaml:"concurrency_levels" json:"concurrency_levels" min:"1" max:"4096"`

	// BenchmarkRequests is how many requests a configuration sends. Default: 100, or 0 when a duration is given.
	BenchmarkRequests int `yaml:"benchmark_requests,omitempty" json:"benchmark_requests,omitempty" min:"1" max:"1000000000"`

	// Duration ends a configuration by time instead, such as 60s. Default: 0, which means by requests.
	Duration Duration `yaml:"duration,omitempty" json:"duration,omitempty"`

	// Warmup is how many requests are sent before those that count. Default: 5.
	Warmup int `yaml:"warmup" json:"warmup" min:"0" max:"1000000"`

	Stability Stability `yaml:"stability,omitempty" json:"stability,omitzero"`

	Arrival   Arrival   `yaml:"arrival" json:"arrival"`
	Objective Objective `yaml:"objective,omitempty" json:"objective,omitzero"`
	Quality   Quality   `yaml:"quality,omitempty" json:"quality,omitzero"`

	// Repeats is how many times the whole is measured, each time with servers of its own and in an order of its own,
	// drawn from the arrival's seed. Default: 1.
	Repeats int `yaml:"repeats" json:"repeats" min:"1" max:"1000" sweep:"no"`
}

// Arrival says when requests are sent.
type Arrival struct {
	// Process is closed (each worker sends when its last request is answered) or an open-loop schedule. Default: closed.
	Process string `yaml:"process" json:"process" oneof:"closed,constant,poisson,gamma,replay"`

	// Rate is requests a second, for open loops; a replay without one keeps the trace's own. Default: 0.
	Rate float64 `yaml:"rate,omitempty" json:"rate,omitempty" min:"0" max:"10000000"`

	// Shape is k of the gamma process; below 1 is burstier than Poisson. Default: 0.
	Shape float64 `yaml:"shape,omitempty" json:"shape,omitempty" min:"0" max:"1000"`

	// Seed chooses the schedule. Default: 0.
	Seed int64 `yaml:"seed,omitempty" json:"seed,omitempty" min:"0"`

	// Trace is the file that replay reads: one time of sending a line, in seconds, rising. Default: empty.
	Trace string `yaml:"trace,omitempty" json:"trace,omitempty" check:"filled"`
}

// Quality asks how good the scores are that are measured for speed. Every server is asked once, after what is timed.
type Quality struct {
	// Against compares the logits of every server, over all pairs of the data, with those of the server of this quantization,
	// which must be among them. Default: empty, no comparison.
	Against string `yaml:"against,omitempty" json:"against,omitempty" oneof:"fp32,fp16,int8" sweep:"no"`

	// Collection is the folder of a judged collection whose candidates are ranked, relative to the working directory.
	// Default: empty, none.
	Collection string `yaml:"collection,omitempty" json:"collection,omitempty" check:"filled" sweep:"no"`

	// Candidates is how many documents are ranked for each of its queries, the best by BM25. Default: 0, which means 50.
	Candidates int `yaml:"candidates,omitempty" json:"candidates,omitempty" min:"0" max:"65536" sweep:"no"`
}

// Objective asks for the highest rate at which a latency percentile stays within a bound.
type Objective struct {
	// Percentile, of 100. Default: 0, no objective.
	Percentile float64 `yaml:"percentile,omitempty" json:"percentile,omitempty" min:"0" max:"100"`

	// LatencyMS is the bound in milliseconds. Default: 0.
	LatencyMS float64 `yaml:"latency_ms,omitempty" json:"latency_ms,omitempty" min:"0" max:"3600000"`
}
