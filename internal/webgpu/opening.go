package webgpu

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/crossrank/crossrank/internal/network"
)

// Precision says what weights and activations are stored in. Sums, norms, softmax, the residual
// stream and the head are float32 in both.
type Precision string

const (
	FP32 Precision = "fp32"
	FP16 Precision = "fp16"
)

// Precisions lists what [Begin] accepts; the first is the default.
var Precisions = []Precision{FP32, FP16}

// Options configure an engine. The zero value works.
type Options struct {
	Device    string    // of [Devices]; "" = the first
	Precision Precision // "" = the first of [Precisions]
	MaxTokens int       // longest sequence; 0 = the most that learned positions allow
	InFlight  int       // batches that are submitted at once; 0, 1 and 2 = two

	// WithoutMatrices is why matrix units are not used; "" = they are, where the device has them.
	WithoutMatrices string

	tuning *tuning // nil = defaultTuning
	plain  bool    // without features that not all devices have
}

// Devices are the devices that can be asked for; the first is the default.
var Devices = []string{DeviceGPU, DeviceTesting}

// Probe reports why this machine has no device that can be used; nil if it has one.
func Probe(device string) error {
	lib, err := load()
	if err != nil {
		return err
	}
	d, err := openDevice(lib, cmp.Or(device, Devices[0]), needs{})
	if err != nil {
		return err
	}
	d.close()
	return nil
}

// Opening converts the weights of a network block by block, as they are read.
type Opening struct {
	lib   *library
	model *model

	mu     sync.Mutex
	err    error  // the first of the weights
	packer packer // of the token embeddings, which come in order
}

var _ network.Receiver = (*Opening)(nil)

// Begin begins to open an engine of a network whose shapes are known and whose weights are not
// there yet. It refuses what cannot be computed. Of the options it uses Device and Precision.
func Begin(n *network.Network, opts Options) (*Opening, error) {
	device, precision := cmp.Or(opts.Device, Devices[0]), cmp.Or(opts.Precision, Precisions[0])
	switch {
	case !slices.Contains(Devices, device):
		return nil, fmt.Errorf("the %s backend has no device %q; it has %v", Name, device, Devices)
	case !slices.Contains(Precisions, precision):
		return nil, fmt.Errorf("the %s backend has no precision %q; it has %v", Name, precision, Precisions)
	}
	lib, err := load()
	if err != nil {
		return nil, err
	}
	m, err := newModel(n, precision == FP16, device)
	if err != nil {
		return nil, err
	}
	m.plain, m.withoutMatrices, m.tuning = opts.plain, opts.WithoutMatrices, defaultTuning()
	if opts.tuning != nil {
		m.tuning = *opts.tuning
	}
	return &Opening{lib: lib, model: m, packer: packer{f16: m.f16}}, nil
}

// Block converts block i, see [network.Receiver].
func (o *Opening) Block(i int) {
	p := packer{f16: o.model.f16}
	o.model.packBlock(&p, i)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.err = cmp.Or(o.err, p.err)
}

// Tokens converts the token embeddings as they are read, see [network.Receiver].
func (o *Opening) Tokens() func(first int, rows network.Table) {
	o.model.tokens = o.model.allocateTokens()
	return func(first int, rows network.Table) { o.model.takeTokens(&o.packer, first, rows) }
}

// WithoutMatrices lets the next Start use no matrix units, and reports whether the device that was
// started had used them.
func (o *Opening) WithoutMatrices(why string) bool {
	if !o.model.withMatrices {
		return false
	}
	o.model.forgoMatrices(why)
	return true
}

// Start converts the rest, once all blocks are converted, copies everything to the device and
// compiles its shaders. Of the options it uses MaxTokens and InFlight.
func (o *Opening) Start(opts Options) (*Engine, error) {
	most := o.model.n.MaxTokens()
	switch {
	case most == 0 && opts.MaxTokens == 0:
		return nil, errors.New("the network has no learned positions, so the longest sequence must be given")
	case most > 0 && opts.MaxTokens > most:
		return nil, fmt.Errorf("sequences of up to %d tokens were asked for; the network has positions for %d", opts.MaxTokens, most)
	}
	o.model.packRest(&o.packer)
	if err := cmp.Or(o.err, o.packer.err); err != nil {
		return nil, err
	}
	o.model.prepare(cmp.Or(opts.MaxTokens, most))
	o.model.inFlight = max(o.model.inFlight, opts.InFlight)
	s, err := newSession(o.lib, o.model)
	if err != nil {
		return nil, err
	}
	return &Engine{lib: o.lib, model: o.model, session: s}, nil
}

// New opens an engine of a network that has its weights.
func New(n *network.Network, opts Options) (*Engine, error) {
	if err := n.Validate(); err != nil {
		return nil, err
	}
	o, err := Begin(n, opts)
	if err != nil {
		return nil, err
	}
	for i := range n.Blocks {
		o.Block(i)
	}
	return o.Start(opts)
}
