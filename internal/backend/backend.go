// Package backend opens a network on what computes it: an executor on this machine, chosen by name.
//
// Package catalog lists every backend that has a name; here are the executors of those that this
// build has. The native backend is always there, and is the reference. Another one is compared with
// it on a small network before it computes anything else (see selfTest): a driver or a device
// that is wrong is refused, never used. [Engine.Verify] then does the same with the network that
// was opened.
package backend

import (
	"cmp"
	"fmt"
	"path/filepath"

	"github.com/crossrank/crossrank/internal/backend/catalog"
	"github.com/crossrank/crossrank/internal/half"
	"github.com/crossrank/crossrank/internal/native"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/onnx"
	"github.com/crossrank/crossrank/internal/parity"
	"github.com/crossrank/crossrank/internal/state"
)

// Engine computes the logits of one network. It is safe for concurrent use.
type Engine interface {
	// Logits writes one logit a sequence to out. An error means that nothing was computed.
	Logits(seqs []network.Sequence, out []float32) error

	// Replica starts another engine on the same weights, with threads and processors as in
	// [Options]. Either may be closed while the other lives. An engine that is not OnCores has none,
	// see [Properties].
	Replica(threads int, cpus []int) (Engine, error)

	// Verify compares the logits of a pair with those of the reference on the same weights, within
	// about 200 ms. It returns an error if they cannot be computed, not if they differ.
	Verify(pair network.Sequence) (parity.Quick, error)

	// Prefixes reports how the beginnings of sequences were shared; all of it is 0 where none are.
	// Replicas report the same.
	Prefixes() state.Prefixes

	// Usage reports how much of a device is used; nil for the CPU. Replicas report the same.
	Usage() *state.Device

	Properties() Properties
	Close() error
}

// Properties say how an engine computes.
type Properties struct {
	Backend   string // its name, such as "native"
	Device    string // such as "cpu"
	Tier      string // the instruction set in use; "" where that means nothing
	Precision string
	Threads   int // cores that a batch is split over; 0 on a device that uses none

	// OnCores says that the engine computes on CPU cores, so that replicas on others compute beside
	// it. Without it the engine has a device, which computes one batch after another.
	OnCores bool

	// GPU is what tells the GPU that it computes on from others, as far as it is known.
	GPU state.GPUIdentity

	// InFlight is how many batches the engine takes at once: it computes one after another, and
	// prepares the next one meanwhile. 1 where that gains nothing.
	InFlight int

	// SharesPrefixes says that it computes once what sequences of a network begin with, where the
	// network allows that.
	SharesPrefixes bool

	// Tuning says how the work is divided on a device, and why so; "" where nothing is chosen.
	Tuning string

	// Slow says why the precision gains no speed here; "" if nothing keeps it from that.
	Slow string

	// Passed says of each backend that [catalog.Auto] did not take why not.
	Passed []string
}

// Options configure an engine. The zero value works.
type Options struct {
	Threads   int    // cores that a batch is split over; 0 = all that the process may use
	CPUs      []int  // processors that they are bound to, where the backend can; none = not bound
	Device    string // "" = the backend's default
	Precision string // "" = the backend's default
	MaxTokens int    // longest sequence; 0 = the most that the network's learned positions allow
	InFlight  int    // batches that a device takes at once; 0 = the backend's default

	// PrefixBytes is the memory for what sequences of a causal network begin with; 0 = the
	// backend's default; below 0 nothing is kept or shared.
	PrefixBytes int64

	withoutMatrices string // see executor.matrices; why they are not used, "" = they are
}

// Open opens a network on the backend of a name; "" means the default.
func Open(name string, n *network.Network, opts Options) (Engine, error) {
	return open(n, opts, func(n *network.Network, opts Options) (Opening, error) { return Begin(name, n, opts) })
}

// Opening is an engine that is being opened while the weights of its network are read. It takes all
// blocks before Start starts the engine. Start uses the options that Begin does not.
type Opening interface {
	network.Receiver
	Start(opts Options) (Engine, error)
}

// Begin begins to open a network whose tensors need have no numbers yet, on the backend of a name.
// Of the options only Device and Precision are used.
func Begin(name string, n *network.Network, opts Options) (Opening, error) {
	if _, why := catalog.Check(name, opts.Device, opts.Precision); why != "" {
		return nil, fmt.Errorf("choosing a backend: %s (%s)", why, catalog.Summary())
	}
	b, _ := catalog.Find(name)
	if n.File != "" && b.Name != catalog.ONNX {
		return nil, fmt.Errorf("its weights are only in %s, which the backend onnx alone computes; use that, or get the original model, "+
			"with model.safetensors (%s)", filepath.Base(n.File), catalog.Summary())
	}
	if b.Name == catalog.Auto {
		return beginAuto(n, opts)
	}
	return executors[b.Name].open(b.Name, n, opts)
}

// Precision is the one that a backend opens a network in: the one that is asked for; or if that is
// "" or [catalog.AutoPrecision] and the native backend computes, the 16 bits in which the network's
// weights are stored, since it computes with them what it computes in float32. "" is the backend's
// default.
func Precision(name, asked string, stored half.Format) string {
	b, _ := catalog.Find(name)
	switch {
	case asked != "" && asked != catalog.AutoPrecision:
		return asked
	case b.Name == catalog.Native:
		return string(native.Stored(stored))
	}
	return ""
}

// WeightBytes is about how much memory the weights of a network take in a precision, "" being the
// default. The network need not have its weights yet.
func WeightBytes(n *network.Network, precision string) int64 {
	if precision == catalog.Cascade {
		return native.WeightBytes(n, native.FP32) + native.WeightBytes(n, native.INT8)
	}
	return native.WeightBytes(n, native.Precision(cmp.Or(precision, string(native.FP32))))
}

// EngineBytes is about how much memory the weights of engines take together on the named backend,
// "" being the default. Engines of ONNX Runtime on a CPU have a copy each, besides the one that is
// kept to make others from; those of all other backends share one.
func EngineBytes(name string, n *network.Network, opts Options, engines int) int64 {
	if name != catalog.ONNX {
		return WeightBytes(n, opts.Precision)
	}
	copies := int64(1)
	if catalog.OnCores(name, opts.Device) {
		copies = int64(engines)
	}
	if n.File != "" {
		return copies * onnx.StoredBytes(n.File)
	}
	copies++
	return copies * onnx.WeightBytes(n, onnx.Precision(opts.Precision))
}

// beginFunc begins to open a network.
type beginFunc func(n *network.Network, opts Options) (Opening, error)

// open opens a network that has its numbers.
func open(n *network.Network, opts Options, begin beginFunc) (Engine, error) {
	o, err := begin(n, opts)
	if err != nil {
		return nil, err
	}
	for i := range n.Blocks {
		o.Block(i)
	}
	return o.Start(opts)
}

// executor is how a backend computes.
type executor struct {
	begin beginFunc
	probe func(device string) error // why this machine cannot run it; nil for the reference, which every machine can

	// padded says that it pads sequences, so that a logit may move with the batch, within the
	// tolerance. Without it, a logit has the same bits in every batch.
	padded bool

	// matrices says that it computes on a device's matrix units where there are some, which are an
	// experiment of libraries and drivers, and without them if they compute something wrong.
	matrices bool
}

func (x executor) open(name string, n *network.Network, opts Options) (Opening, error) {
	if x.probe == nil {
		return x.begin(n, opts)
	}
	if err := x.probe(opts.Device); err != nil {
		return nil, fmt.Errorf("the %s backend cannot be used on this machine, use %s: %w", name, catalog.Native, err)
	}
	err := x.selfTest(opts)
	if err != nil && x.matrices {
		opts.withoutMatrices = "it failed its self-test with them: " + err.Error()
		err = x.selfTest(opts)
	}
	if err != nil {
		return nil, fmt.Errorf("the %s backend failed its self-test on this machine, use %s: %w", name, catalog.Native, err)
	}
	o, err := x.begin(n, opts)
	if err != nil {
		return nil, err
	}
	if n.File != "" {
		return holdStored(o, n, opts)
	}
	return hold(name, o, n, opts.Precision)
}
