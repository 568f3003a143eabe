package backend

import (
	"errors"
	"fmt"
	"math"

	"github.com/crossrank/crossrank/internal/backend/catalog"
	"github.com/crossrank/crossrank/internal/native"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/network/sample"
)

// selfTest opens a small network on the executor and on the native one in fp32, and compares the
// logits of sequences of several lengths, in one batch and one by one. It returns an error if any
// differs by more than rounding explains, is not a number, or changes with the batch. Of the
// options it uses Device, Precision and withoutMatrices.
func (x executor) selfTest(opts Options) error {
	// Widths that are no powers of two, and sequences around the sizes of tiles.
	n := sample.Network(1, sample.Geometry{
		Hidden: 48, Blocks: 2, Heads: 3, Intermediate: 100, Tokens: 200, Positions: 160, Activation: network.GELU, Labels: 1,
	})
	seqs := sample.Sequences(1, n, 1, 2, 7, 16, 17, 33, 64, 65, 130)
	want, _, err := executors[catalog.Native].small(n, seqs, Options{})
	if err != nil {
		return fmt.Errorf("the reference: %w", err)
	}
	limits := bound{precision: opts.Precision}
	if opts.Precision == string(native.INT8) {
		quantized, _, err := executors[catalog.Native].small(n, seqs, Options{Precision: opts.Precision})
		if err != nil {
			return fmt.Errorf("the reference in int8: %w", err)
		}
		limits.measure(quantized, want)
	}
	got, alone, err := x.small(n, seqs, opts)
	if err != nil {
		return err
	}
	for i, q := range seqs {
		limit := limits.of(want[i])
		if !(distance(got[i], want[i]) <= limit) {
			return fmt.Errorf("the logit of %d tokens is %g; the native backend computes %g", len(q.IDs), got[i], want[i])
		}
		same := math.Float32bits(alone[i]) == math.Float32bits(got[i])
		if !same && !(x.padded && distance(alone[i], got[i]) <= limit) {
			return fmt.Errorf("the logit of %d tokens is %g in a batch and %g alone", len(q.IDs), got[i], alone[i])
		}
	}
	return nil
}

// small computes the logits of a small network's sequences, in one batch and one by one.
func (x executor) small(n *network.Network, seqs []network.Sequence, opts Options) (batch, alone []float32, err error) {
	e, err := open(n, Options{Threads: 1, Device: opts.Device, Precision: opts.Precision, withoutMatrices: opts.withoutMatrices}, x.begin)
	if err != nil {
		return nil, nil, fmt.Errorf("opening a small network: %w", err)
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	batch, alone = make([]float32, len(seqs)), make([]float32, len(seqs))
	if err := e.Logits(seqs, batch); err != nil {
		return nil, nil, fmt.Errorf("computing a small batch: %w", err)
	}
	for i, q := range seqs {
		if err := e.Logits(seqs[i:i+1], alone[i:]); err != nil {
			return nil, nil, fmt.Errorf("computing %d tokens: %w", len(q.IDs), err)
		}
	}
	return batch, alone, nil
}

func distance(a, b float32) float64 { return math.Abs(float64(a) - float64(b)) }
