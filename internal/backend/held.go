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
	device, err := o.Opening.Start(opts)
	if err != nil {
		return nil, err
	}
	quick, err := o.compare(device, opts)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the %s backend must not be used with this model, use native: %w", o.name, err), device.Close())
	}
	return heldEngine{device, quick}, nil
}

func (o heldOpening) compare(device Engine, opts Options) (parity.Quick, error) {
	q := parity.Quick{Precision: native.Precision(o.precision), Blocks: len(o.n.Blocks), AllBlocks: len(o.n.Blocks)}
	longest := opts.MaxTokens
	if most := o.n.MaxTokens(); longest == 0 {
		longest = most
	}
	seqs := sample.Sequences(3, o.n, min(longest, 1), min(longest, 3), min(longest, 8))
	want, limits, err := o.expected(seqs, opts)
	if err != nil {
		return q, fmt.Errorf("the reference: %w", err)
	}
	got := make([]float32, len(seqs))
	if err := device.Logits(seqs, got); err != nil {
		return q, err
	}
	for i := range seqs {
		diff, limit := distance(got[i], want[i]), limits.of(want[i])
		if !(diff <= limit) {
			return q, fmt.Errorf("the logit of %d tokens is %g; plain Go computes %g", len(seqs[i].IDs), got[i], want[i])
		}
		q.Largest, q.Limit = max(q.Largest, diff), max(q.Limit, limit)
	}
	return q, nil
}

// expected is the logits of the reference, and how far those of the device may be from them.
func (o heldOpening) expected(seqs []network.Sequence, opts Options) (want []float32, limits *bound, err error) {
	limits = &bound{precision: o.precision}
	if want, err = startAndCompute(o.reference, seqs, opts); err != nil || o.quantized == nil {
		return want, limits, err
	}
	quantized, err := startAndCompute(o.quantized, seqs, opts)
	if err == nil {
		limits.measure(quantized, want)
	}
	return want, limits, err
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
