package backend

import (
	"errors"
	"fmt"
	"math"

	"github.com/crossrank/crossrank/internal/cpu"
	"github.com/crossrank/crossrank/internal/native"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/network/sample"
	"github.com/crossrank/crossrank/internal/parity"
)

// Tolerances are how far a logit of a device may be from the reference's. In fp16 that grows with
// the logit, as rounding does. In int8 the measure is the error of the native backend in int8, as
// in package parity.
const (
	tolerance      = 1e-3
	tolerance16    = 3e-2
	quantizedTimes = 5
	quantizedLimit = 1e-2 // on top
)

// bound is how far logits in a precision may be from the reference's.
type bound struct {
	precision string
	quantized float64 // the limit in int8
}

// measure sets the limit in int8 by the native backend's logits.
func (b *bound) measure(quantized, want []float32) {
	for i := range want {
		b.quantized = max(b.quantized, distance(quantized[i], want[i]))
	}
	b.quantized = quantizedTimes*b.quantized + quantizedLimit
}

// of is the limit of a logit.
func (b *bound) of(want float32) float64 {
	switch b.precision {
	case string(native.INT8):
		return b.quantized
	case "fp16":
		return tolerance16 * max(1, math.Abs(float64(want)))
	}
	return tolerance
}

// heldBytes is how large the weights of a network may be to be held against plain Go while it is
// opened: both need them in memory, and a few tokens take plain Go about a second.
const heldBytes = 2 << 30

// heldOpening opens a device and plain Go side by side, and compares them before the device
// computes anything else.
type heldOpening struct {
	Opening
	name      string
	reference *native.Opening
	quantized *native.Opening // in int8; nil for a device that computes in another precision
	n         *network.Network
	precision string
}

// hold makes an opening one that is compared, unless the network is too large for that.
func hold(name string, o Opening, n *network.Network, precision string) (Opening, error) {
	if WeightBytes(n, "fp32") > heldBytes {
		return o, nil
	}
	reference, err := native.Begin(n, native.Options{Tier: cpu.Generic})
	if err != nil {
		return nil, err
	}
	h := heldOpening{Opening: o, name: name, reference: reference, n: n, precision: precision}
	if precision == string(native.INT8) {
		if h.quantized, err = native.Begin(n, native.Options{Precision: native.INT8}); err != nil {
			return nil, err
		}
	}
	return h, nil
}

// Block implements [network.Receiver].
func (o heldOpening) Block(i int) {
	o.Opening.Block(i)
	o.reference.Block(i)
	if o.quantized != nil {
		o.quantized.Block(i)
	}
}

// Tokens implements [network.Receiver]: both read the token embeddings where they are.
func (o heldOpening) Tokens() func(int, network.Table) { return nil }

// Start starts the device, and returns an error if it computes something else than plain Go.
func (o heldOpening) Start(opts Options) (Engine, error) {
	want, err := o.expected(opts)
	if err != nil {
		return nil, err
	}
	e, err := o.startAndCompare(opts, want)
	if m, ok := o.Opening.(matrixOpening); err != nil && ok && m.WithoutMatrices("the model must not be used with them: "+err.Error()) {
		return o.startAndCompare(opts, want)
	}
	return e, err
}

func (o heldOpening) startAndCompare(opts Options, want expectation) (Engine, error) {
	device, err := o.Opening.Start(opts)
	if err != nil {
		return nil, err
	}
	quick, err := o.compare(device, want)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the %s backend must not be used with this model, use native: %w", o.name, err), device.Close())
	}
	return heldEngine{device, quick}, nil
}

// matrixOpening is an opening that can be started again without a device's matrix units. It reports
// whether they were used.
type matrixOpening interface{ WithoutMatrices(why string) bool }

// expectation is what a device must compute.
type expectation struct {
	seqs   []network.Sequence
	logits []float32
	limits *bound
}

func (o heldOpening) compare(device Engine, e expectation) (parity.Quick, error) {
	q := parity.Quick{Precision: native.Precision(device.Properties().Precision), Blocks: len(o.n.Blocks), AllBlocks: len(o.n.Blocks)}
	got := make([]float32, len(e.seqs))
	if err := device.Logits(e.seqs, got); err != nil {
		return q, err
	}
	for i, want := range e.logits {
		diff, limit := distance(got[i], want), e.limits.of(want)
		if !(diff <= limit) {
			return q, fmt.Errorf("the logit of %d tokens is %g; plain Go computes %g", len(e.seqs[i].IDs), got[i], want)
		}
		q.Largest, q.Limit = max(q.Largest, diff), max(q.Limit, limit)
	}
	return q, nil
}

// expected is the logits of the reference, and how far those of the device may be from them.
func (o heldOpening) expected(opts Options) (e expectation, err error) {
	longest := opts.MaxTokens
	if most := o.n.MaxTokens(); longest == 0 {
		longest = most
	}
	e.seqs = sample.Sequences(3, o.n, min(longest, 1), min(longest, 3), min(longest, 8))
	e.limits = &bound{precision: o.precision}
	if e.logits, err = startAndCompute(o.reference, e.seqs, opts); err != nil {
		return e, fmt.Errorf("the reference: %w", err)
	}
	if o.quantized == nil {
		return e, nil
	}
	quantized, err := startAndCompute(o.quantized, e.seqs, opts)
	if err != nil {
		return e, fmt.Errorf("the reference in int8: %w", err)
	}
	e.limits.measure(quantized, e.logits)
	return e, nil
}

func startAndCompute(o *native.Opening, seqs []network.Sequence, opts Options) (logits []float32, err error) {
	e, err := o.Start(native.Options{Threads: opts.Threads, MaxTokens: opts.MaxTokens, PrefixBytes: -1})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	logits = make([]float32, len(seqs))
	return logits, e.Logits(seqs, logits)
}

// heldEngine is an engine that was compared when it was opened.
type heldEngine struct {
	Engine
	quick parity.Quick
}

// Verify implements [Engine]: it returns what the comparison found.
func (e heldEngine) Verify(network.Sequence) (parity.Quick, error) { return e.quick, nil }
