// Package config holds the settings of a server: their schema, their defaults and the environment
// variables that set them.
//
// `crossrank serve --config` reads them from a YAML file whose keys are the fields of [Settings].
// Package strictyaml has the rules of the format. Values that are not given have the defaults of
// [Default], the only place for them. The definition of an experiment embeds the same settings, see
// package definition.
//
// Reading a file says whether it is well formed. Whether this build can do what it asks for is
// another question: [Unsupported] lists what it cannot, and programs refuse such settings, because
// a setting that is silently ignored makes a measurement wrong.
package config

import (
	"slices"

	"github.com/crossrank/crossrank/internal/strictyaml"
)

// Settings is everything that a server's settings say. Start from [Default] or [Parse]; the zero
// value is not useful.
//
// Each field's comment gives its meaning, its unit and its default. Its tags are rules that Parse
// enforces.
type Settings struct {
	// Model is a model's directory, its name on the Hugging Face hub, or the name of a built-in
	// model. Default: builtin:minilm-l6.
	Model string `yaml:"model" json:"model" check:"filled"`

	// Aliases are further names that requests may give the model of this file, such as rerank-v3.5.
	// "*" stands for every name that no model has; the reply names the model that answered.
	// Default: none, which where one model is served means "*".
	Aliases []string `yaml:"aliases,omitempty" json:"aliases,omitempty" check:"filled" sweep:"no"`

	ModelPool     ModelPool     `yaml:"model_pool" json:"model_pool"`
	TokenizerPool TokenizerPool `yaml:"tokenizer_pool" json:"tokenizer_pool"`
	Batching      Batching      `yaml:"batching" json:"batching"`
	Pipeline      Pipeline      `yaml:"pipeline" json:"pipeline"`
	Cache         Cache         `yaml:"cache" json:"cache"`
	Server        Server        `yaml:"server" json:"server" sweep:"no"`

	strictyaml.Origins `yaml:"-" json:"-"`
}

// Duration is a time.Duration that is written as text, such as 1m30s.
type Duration = strictyaml.Duration

// ModelPool is the engine instances of the server. The instances of one model read one copy of its
// weights. A request names its model; one that names none is for the first.
type ModelPool struct {
	// Instances lists them. Default: one, with an instance's own defaults.
	Instances []Instance `yaml:"instances" json:"instances"`

	// Routing chooses the instance that computes a request. With first_idle all work waits in one
	// queue, and the next free instance takes a batch of it. The others give each instance a queue,
	// and a whole request to one of them: round_robin in turn, least_busy to the fewest pairs,
	// smart_idle to the earliest end by tokens and measured speed. Default: first_idle.
	Routing string `yaml:"routing" json:"routing" oneof:"round_robin,least_busy,first_idle,smart_idle"`
}

// Instance is one engine with a model.
type Instance struct {
	// Model is this instance's model. Default: empty, the model of the whole file.
	Model string `yaml:"model,omitempty" json:"model,omitempty" check:"filled"`

	// Aliases are further names of this instance's model, as in the whole file. Default: none.
	Aliases []string `yaml:"aliases,omitempty" json:"aliases,omitempty" check:"filled" sweep:"no"`

	// Backend is the engine: native is the CPU, webgpu a GPU, onnx a provider of ONNX Runtime, and
	// auto the fastest of these on this machine. Default: native.
	Backend string `yaml:"backend" json:"backend" oneof:"native,webgpu,onnx,auto,mps,cuda"`

	// Device is where the engine runs. Default: empty, the backend's own: gpu for webgpu, cpu for
	// native and onnx. onnx also has cuda, tensorrt, coreml, directml, openvino and webgpu.
	// cpu-for-tests is a Vulkan driver that computes on the CPU.
	Device string `yaml:"device,omitempty" json:"device,omitempty" oneof:"cpu,gpu,cpu-for-tests,cuda,tensorrt,coreml,directml,openvino,webgpu,mps"`

	// Quantization is the precision of the weights. With cascade, rankings with a top_n are drafted in
	// int8, and what may be among the first is scored in fp32; everything else is fp32. Default: auto,
	// which is fp32, or on the native backend the 16 bits of a file that has its weights in them, with
	// which no score changes.
	Quantization string `yaml:"quantization" json:"quantization" oneof:"auto,fp32,fp16,bf16,bf16-dot,int8,cascade"`

	// MaxLength bounds the tokens of a pair, special tokens included. Default: 0, the model's
	// maximum.
	MaxLength int `yaml:"max_length" json:"max_length" min:"0" max:"131072"`

	// Threads is the number of cores that compute one batch. Default: 0, the cores that the server
	// may use divided by the number of all instances on them, replicas included, and at least 1. With
	// 0, the only instance of a pool stands for one instance for each group of up to 8 cores that
	// share a last-level cache.
	Threads int `yaml:"threads" json:"threads" min:"0" max:"4096"`

	// Replicas is how many instances like this one run, on one copy of the weights. A device, which
	// computes one batch after another, has one instance, and takes as many batches at once.
	// Default: 1.
	Replicas int `yaml:"replicas" json:"replicas" min:"1" max:"1024"`
}

// TokenizerPool is the goroutines that turn text into tokens.
type TokenizerPool struct {
	// Workers is how many requests are tokenized at the same time. Default: 0, one per core.
	Workers int `yaml:"workers" json:"workers" min:"0" max:"4096"`
}

// Batching says how waiting requests are joined into batches.
type Batching struct {
	// Enabled joins the pairs of different requests; false computes each request alone. Default:
	// true.
	Enabled bool `yaml:"enabled" json:"enabled"`

	// MaxPairs bounds a batch in pairs. Default: 0, which means 512.
	MaxPairs int `yaml:"max_batch_size" json:"max_batch_size" min:"0" max:"65536"`

	// MaxTokens bounds a batch in tokens. Default: 0, which means 16384.
	MaxTokens int `yaml:"max_batch_tokens" json:"max_batch_tokens" min:"0" max:"16777216"`

	// TimeoutMS is how long a batch that is not full waits for more pairs, in milliseconds.
	// Default: 0, no wait: a batch is what waits when the engine becomes free.
	TimeoutMS float64 `yaml:"timeout_ms" json:"timeout_ms" min:"0" max:"60000"`

	// PreferredPairs lists numbers of pairs, ascending and up to max_batch_size, at which a batch
	// counts as full. With a timeout, a batch is sent at once when the waiting pairs reach one of
	// them, and it takes the largest that they fill. The rest waits on, up to the timeout. Default:
	// none.
	PreferredPairs []int `yaml:"preferred_batch_size,omitempty" json:"preferred_batch_size,omitempty" min:"1" max:"65536"`

	// MaxQueueAgeMS bounds the queue by time, in milliseconds: it holds no more tokens than the
	// engines compute within it, at their measured speed. A quarter is reserved for callers that
	// ask for less than others. A caller with several requests in flight may wait for up to three
	// times as long, if its deadline is no later. 0 means no such bound. Default: 20000, which
	// leaves a third of a request's deadline of 30 s for computing it.
	MaxQueueAgeMS float64 `yaml:"max_queue_age_ms" json:"max_queue_age_ms" min:"0" max:"86400000"`

	// MaxQueuedTokens bounds the queue in tokens, and so its memory. Default: 0, which means
	// 1000000.
	MaxQueuedTokens int `yaml:"max_queued_tokens" json:"max_queued_tokens" min:"0" max:"1000000000"`

	// LengthAware sorts pairs by length: those of a request before they are divided among batches,
	// so that a batch holds pairs of similar length, and those of a batch. Default: true.
	LengthAware bool `yaml:"length_aware" json:"length_aware"`

	// Packing computes real tokens only. False pads each pair to the longest of its batch, which
	// changes no score and is for measuring what padding costs. Default: true.
	Packing bool `yaml:"packing" json:"packing"`
}

// Pipeline says which stages run.
type Pipeline struct {
	// Mode is full, or one stage alone to measure it: tokenization_only computes no scores (all are
	// 0, of type none), inference_only tokenizes each text once and keeps its tokens. Default:
	// full.
	Mode string `yaml:"mode" json:"mode" oneof:"full,tokenization_only,inference_only"`

	// SpecialTokens is how special tokens that are written in a query, an instruction or a passage
	// are read: tokens, as the reference reads them, or text. Read as tokens, a document can end
	// its place in a decoder's prompt and speak as the system. Default: tokens.
	SpecialTokens string `yaml:"special_tokens,omitempty" json:"special_tokens,omitempty" oneof:"tokens,text"`
}

// Cache says how pairs that are equal, or begin alike, token for token, share what is computed. No
// choice changes a score.
type Cache struct {
	// MaxBytes bounds the memory of cached scores, in bytes, divided equally among the models.
	// Default: 0, no cache.
	MaxBytes int64 `yaml:"max_bytes" json:"max_bytes" min:"0" max:"1099511627776"`

	// Coalesce computes equal pairs that are in flight together once. Default: true.
	Coalesce bool `yaml:"coalesce" json:"coalesce"`

	// PrefixBytes bounds the memory of keys and values of what a decoder's pairs begin with, in
	// bytes, divided equally among the models; -1 computes each pair whole. Default: 0, which means
	// 536870912 for each model.
	PrefixBytes int64 `yaml:"prefix_bytes,omitempty" json:"prefix_bytes,omitempty" min:"-1" max:"1099511627776"`
}

// Primary gives the first instance, with its model filled in.
func (s Settings) Primary() Instance { return s.filled()[0] }

// WithModel gives a copy of s in which every instance has this model.
func (s Settings) WithModel(model string) Settings {
	s.Model = model
	s.ModelPool.Instances = slices.Clone(s.ModelPool.Instances)
	for i := range s.ModelPool.Instances {
		s.ModelPool.Instances[i].Model, s.ModelPool.Instances[i].Aliases = "", nil
	}
	return s
}
