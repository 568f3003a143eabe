package local

import (
	"errors"
	"fmt"
	"slices"

	"github.com/crossrank/crossrank/internal/backend/catalog"
	"github.com/crossrank/crossrank/internal/batch"
	"github.com/crossrank/crossrank/internal/pipeline"
	"github.com/crossrank/crossrank/internal/pool"
	"github.com/crossrank/crossrank/internal/topology"
)

// Options configure a [Model]. The zero value works.
type Options struct {
	// Threads is how many cores a batch is split over; 0 means that the instances share the
	// process's cores equally, with at least one each. More than the cores, of all instances
	// together, is slower: see [Model.Warnings].
	Threads int

	// Instances compute batches side by side, on one copy of the weights. None means one instance
	// of Threads; or without Threads, one for each group of up to 8 cores that share a last-level
	// cache, bound to them where there is more than one. A device has one instance, whose next batch
	// is prepared while it computes; several mean one that takes as many batches at once.
	Instances []Instance

	// Routing chooses the instance that computes a request. With "first_idle", which "" means too,
	// the first free instance takes the next batch. "round_robin", "least_busy" and "smart_idle"
	// give each instance its own queue, and send a whole request to one of them. No choice
	// changes a score.
	Routing string

	// MaxLength lowers the model's maximum of tokens per pair, special tokens included; 0, or more
	// than the maximum, keeps it.
	MaxLength int

	// TokenizerWorkers is how many requests are tokenized at once; 0 means one per CPU.
	TokenizerWorkers int

	// Backend is what computes the network: "native", which "" means too, is the CPU. Programs that
	// were built with the tag gpu, or that run on macOS or Windows, also have "webgpu", a GPU, and
	// "onnx", a provider of ONNX Runtime; both need a library that the user installs. "auto" is the
	// fastest of these on this machine, see [Model.Warnings].
	Backend string

	// Device is what the backend runs on; "" means its own default, such as the fastest GPU.
	Device string

	// Quantization is the precision of the linear layers: "auto", which "" means too, "fp32",
	// "fp16", "bf16", "bf16-dot", "int8" or "cascade". fp16 and bf16 hold the weights in 16 bits,
	// half of the memory, and compute in float32; where the model's file has them in that form, no
	// score changes. auto is that form, on the native backend, and fp32 everywhere else. bf16-dot
	// rounds the activations to bfloat16 too, for the products of CPUs that have instructions for it;
	// on others it is no faster than bf16, see [Model.Warnings]. int8 is about twice as fast as fp32,
	// takes a quarter of the memory and changes scores a little.
	//
	// "cascade" takes the memory of fp32 and int8. Requests that need only their highest scores
	// (crossrank.Request.TopN, at most half as many as pairs) are then ranked in two stages: int8
	// finds the pairs that may be among them, by an error bound that is measured when the model
	// opens and widened by the request's own errors, and fp32 scores those. Every score that is
	// returned is that of fp32; in rare cases a pair that fp32 would have ranked among the first is
	// missing. All other requests are computed in fp32.
	Quantization string

	// Batching says how waiting pairs are combined into batches, and how much may wait.
	Batching Batching

	// Packing computes each pair at its own length; nil means true. If it is false, pairs are
	// padded to the longest of their batch, to measure what that costs. No score changes.
	Packing *bool

	// CacheBytes is the memory for scores of earlier pairs, which are reused for equal tokens; 0
	// means none. Coalesce computes equal pairs once while they are in flight. Neither changes a
	// score.
	CacheBytes int64
	Coalesce   bool

	// PrefixBytes is the memory for the keys and values of what pairs begin with, in models that
	// can compute it once for all pairs of a query, such as Qwen3-Reranker; 0 means 512 MiB, and
	// below 0 each pair is computed whole. No score changes.
	PrefixBytes int64

	// SpecialTokens says how special tokens that are written in texts are read: as "tokens", which
	// "" means too, or as "text". Read as tokens, as the reference does, a document can end its
	// place in a decoder's prompt and speak as the system.
	SpecialTokens string

	// Mode chooses the stages of the pipeline that run, to measure them apart: "full", which ""
	// means too; "tokenization_only", whose scores are all 0 and of type crossrank.NoScore; or
	// "inference_only", which tokenizes each text once and keeps its tokens.
	Mode string
}

// The values of [Options.SpecialTokens].
const (
	specialTokens = "tokens"
	specialText   = "text"
)

// Instance is one engine of a [Model]. The zero value works.
type Instance struct {
	Threads int // cores that a batch of this instance is split over; 0 means Options.Threads
}

// Batching says how batches are formed. Each field but Quantum and MinTokens is a setting of the
// batching section of a settings file, and means the same:
//
//	MaxTokens       int           // tokens of a batch; 0 means 16,384
//	MaxPairs        int           // pairs of a batch; 0 means 512
//	MinTokens       int           // tokens of a batch, if they wait, beside idle instances; 0 means 16 a thread
//	MaxQueuedTokens int           // tokens that wait before requests are refused; 0 means 1,000,000
//	MaxQueueAge     time.Duration // max wait of queued work at the measured speed; 0 means no such bound
//	Timeout         time.Duration // how long a batch that is not full waits for more; 0 means not at all
//	PreferredPairs  []int         // numbers of pairs, ascending, at which a batch starts without Timeout
//	Enabled         *bool         // a batch may hold pairs of several requests; nil means true
//	LengthAware     *bool         // the longest pairs come first; nil means true
//	Quantum         int           // tokens that a caller gets per round; 0 means a quarter of MaxTokens
//
// With the zero value, a batch is everything that waits when an engine becomes free, from all
// requests, the longest pairs first.
type Batching = batch.Options

func (o Options) check() error {
	if setting, why := catalog.Check(o.Backend, o.Device, o.Quantization); setting != "" {
		return fmt.Errorf("%s: %s", setting, why)
	}
	switch {
	case o.Mode != "" && !slices.Contains(pipeline.Modes, pipeline.Mode(o.Mode)):
		return fmt.Errorf("mode %q does not exist; use one of %v, or leave it empty for the first", o.Mode, pipeline.Modes)
	case o.SpecialTokens != "" && o.SpecialTokens != specialTokens && o.SpecialTokens != specialText:
		return fmt.Errorf("special tokens cannot be read as %q; use %q or %q", o.SpecialTokens, specialTokens, specialText)
	case o.Routing != "" && !slices.Contains(pool.Routings, pool.Routing(o.Routing)):
		return fmt.Errorf("routing %q does not exist; use one of %v, or leave it empty for the first", o.Routing, pool.Routings)
	case slices.ContainsFunc(o.Instances, func(in Instance) bool { return in.Threads < 0 }):
		return errors.New("threads of an instance are negative; use 0 for the default, or a positive number")
	case o.MaxLength != 0 && o.MaxLength < pipeline.MinLength:
		return fmt.Errorf("max length %d is too short; use 0 for the model's own, or at least %d tokens", o.MaxLength, pipeline.MinLength)
	}
	if _, err := o.checkThreads(); err != nil {
		return err
	}
	for _, f := range []struct {
		name  string
		value int64
	}{
		{"threads", int64(o.Threads)},
		{"tokenizer workers", int64(o.TokenizerWorkers)},
		{"cache bytes", o.CacheBytes},
	} {
		if f.value < 0 {
			return fmt.Errorf("%s is negative; use 0 for the default, or a positive number", f.name)
		}
	}
	return o.Batching.Check()
}

// rowsPerCore is how many tokens a core of an instance has at least, if they wait, where a batch is
// divided among idle instances: about as many as it takes for reading weights to be a tenth of the
// work.
const rowsPerCore = 16

// batching are the options of batches, with the least tokens that suit the instances.
func (o Options) batching() Batching {
	b := o.Batching
	if b.MinTokens == 0 {
		for _, g := range o.groups(topology.Here()) {
			b.MinTokens = max(b.MinTokens, rowsPerCore*g.Threads)
		}
	}
	return b
}

// pipeline are the options of the pipeline of a network with so many parameters, whose engines take
// so many batches at once.
func (o Options) pipeline(parameters int64, inFlight int) pipeline.Options {
	return pipeline.Options{
		Samples:          o.samples(parameters),
		Options:          o.batching(),
		Packing:          o.Packing,
		Mode:             pipeline.Mode(o.Mode),
		Routing:          pool.Routing(o.Routing),
		TokenizerWorkers: o.TokenizerWorkers,
		InFlight:         inFlight,
		Probe:            true,
		CacheBytes:       o.CacheBytes,
		Coalesce:         o.Coalesce,
	}
}
