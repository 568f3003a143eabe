package backend

import (
	"errors"
	"fmt"
	"math"

	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/network/sample"
)

// SelfTest opens a small network with begin and on the native backend in fp32, and compares the
// logits of sequences of several lengths, in one batch and one by one. Of the options it uses Device
// and Precision. It returns an error if any
// differs by more than rounding explains, is not a number, or changes with the batch.
func SelfTest(begin func(*network.Network, Options) (Opening, error), opts Options) error {
	// Widths that are no powers of two, and sequences around the sizes of tiles.
	n := sample.Network(1, sample.Geometry{
		Hidden: 48, Blocks: 2, Heads: 3, Intermediate: 100, Tokens: 200, Positions: 160, Activation: network.GELU, Labels: 1,
	})
	seqs := sample.Sequences(1, n, 1, 2, 7, 16, 17, 33, 64, 65, 130)
	want, err := logitsOf(beginNative, n, seqs, Options{})
	if err != nil {
		return fmt.Errorf("the reference: %w", err)
	}
	got, err := logitsOf(begin, n, seqs, opts)
	if err != nil {
		return err
	}
	for i, q := range seqs {
		if diff := math.Abs(float64(got[i]) - float64(want[i])); !(diff <= toleranceOf(opts.Precision, float64(want[i]))) {
			return fmt.Errorf("the logit of %d tokens is %g; the native backend computes %g", len(q.IDs), got[i], want[i])
		}
	}
	return nil
}

// logitsOf computes the logits of all sequences in one batch, and holds the engine to the same bits
// for each sequence alone.
func logitsOf(begin beginFunc, n *network.Network, seqs []network.Sequence, opts Options) (logits []float32, err error) {
	e, err := open(n, Options{Threads: 1, Device: opts.Device, Precision: opts.Precision}, begin)
	if err != nil {
		return nil, fmt.Errorf("opening a small network: %w", err)
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	logits = make([]float32, len(seqs))
	if err := e.Logits(seqs, logits); err != nil {
		return nil, fmt.Errorf("computing a small batch: %w", err)
	}
	var alone [1]float32
	for i, q := range seqs {
		if err := e.Logits(seqs[i:i+1], alone[:]); err != nil {
			return nil, fmt.Errorf("computing %d tokens: %w", len(q.IDs), err)
		}
		if math.Float32bits(alone[0]) != math.Float32bits(logits[i]) {
			return nil, fmt.Errorf("the logit of %d tokens is %g in a batch and %g alone", len(q.IDs), logits[i], alone[0])
		}
	}
	return logits, nil
}
