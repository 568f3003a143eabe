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

// Tolerances are how far a logit of a device may be from plain Go's. In fp16 that grows with the
// logit, as rounding does.
const (
	tolerance   = 1e-3
	tolerance16 = 3e-2
)

func toleranceOf(precision string, logit float64) float64 {
	if precision == "fp16" {
		return tolerance16 * max(1, math.Abs(logit))
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
	return heldOpening{o, name, reference, n, precision}, nil
}

// Block implements [network.Receiver].
func (o heldOpening) Block(i int) {
	o.Opening.Block(i)
	o.reference.Block(i)
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
	plain, err := o.reference.Start(native.Options{Threads: opts.Threads, MaxTokens: opts.MaxTokens, PrefixBytes: -1})
	if err != nil {
		return q, fmt.Errorf("the reference: %w", err)
	}
	defer plain.Close()
	seqs := sample.Sequences(3, o.n, min(longest, 1), min(longest, 3), min(longest, 8))
	got, want := make([]float32, len(seqs)), make([]float32, len(seqs))
	if err := errors.Join(device.Logits(seqs, got), plain.Logits(seqs, want)); err != nil {
		return q, err
	}
	for i := range seqs {
		diff, limit := math.Abs(float64(got[i])-float64(want[i])), toleranceOf(o.precision, float64(want[i]))
		if !(diff <= limit) {
			return q, fmt.Errorf("the logit of %d tokens is %g; plain Go computes %g", len(seqs[i].IDs), got[i], want[i])
		}
		q.Largest, q.Limit = max(q.Largest, diff), max(q.Limit, limit)
	}
	return q, nil
}

// heldEngine is an engine that was compared when it was opened.
type heldEngine struct {
	Engine
	quick parity.Quick
}

// Verify implements [Engine]: it returns what the comparison found.
func (e heldEngine) Verify(network.Sequence) (parity.Quick, error) { return e.quick, nil }
