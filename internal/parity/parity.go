// Package parity compares, on a model itself, what the kernels of each instruction tier compute
// with what plain Go computes in float32. Plain Go is the reference in the tests of kernels; here
// it is the reference for the machine, the build and the weights at hand.
package parity

import (
	"errors"
	"math"

	"github.com/crossrank/crossrank/internal/cpu"
	"github.com/crossrank/crossrank/internal/native"
	"github.com/crossrank/crossrank/internal/network"
)

// Result is a comparison of the logits of one tier and precision with those of plain Go in float32.
type Result struct {
	Tier      cpu.Tier
	Precision native.Precision

	// Refused says why the model has no such precision; nil: it has. Nothing else is set then, not
	// even the tier.
	Refused error

	Largest float64 // difference of two logits; NaN if one is no number
	Pair    int     // that has the largest difference, counted from 0
	Limit   float64 // the most that can be explained; +Inf for plain Go itself
}

// OK reports whether the difference can be explained.
func (r Result) OK() bool { return r.Largest <= r.Limit }

// In float32 the kernels add in another order than plain Go, which is all that may differ. So it is
// with weights of 16 bits, on top of what rounding them makes in plain Go. With rounded activations
// a sum near the middle of two steps can fall on another one, and in a deep network that spreads.
// So such kernels may differ from float32 by some times as much as plain Go does in the same
// precision.
const (
	fp32Limit      = 1e-3
	quantizedTimes = 5
	quantizedLimit = 1e-2 // on top
)

func roundsActivations(p native.Precision) bool { return p == native.INT8 || p == native.BF16Dot }

// Check computes the sequences in each precision on each tier that this machine has, and hands
// report the results as they come. Of a precision other than float32, plain Go is the first.
func Check(n *network.Network, seqs []network.Sequence, report func(Result)) error {
	want, err := logits(n, seqs, cpu.Generic, native.FP32)
	if err != nil {
		return err
	}
	tiers := cpu.Tiers()
	fast := tiers[:len(tiers)-1] // the last is plain Go
	compare := func(tier cpu.Tier, precision native.Precision, limit float64) (Result, error) {
		got, err := logits(n, seqs, tier, precision)
		r := Result{Tier: tier, Precision: precision, Limit: limit}
		if err == nil {
			r.Largest, r.Pair = largest(got, want)
			report(r)
		}
		return r, err
	}
	for _, precision := range native.Precisions {
		limit := fp32Limit
		if precision != native.FP32 {
			plain, err := compare(cpu.Generic, precision, math.Inf(1))
			if refused, ok := errors.AsType[*native.RangeError](err); ok {
				report(Result{Precision: precision, Refused: refused})
				continue
			}
			if err != nil {
				return err
			}
			limit += plain.Largest
			if roundsActivations(precision) {
				limit = quantizedTimes*plain.Largest + quantizedLimit
			}
		}
		for _, tier := range fast {
			if _, err := compare(tier, precision, limit); err != nil {
				return err
			}
		}
	}
	return nil
}

func logits(n *network.Network, seqs []network.Sequence, tier cpu.Tier, precision native.Precision) ([]float32, error) {
	longest := 0
	for _, q := range seqs {
		longest = max(longest, len(q.IDs))
	}
	e, err := native.New(n, native.Options{Tier: tier, Precision: precision, MaxTokens: longest})
	if err != nil {
		return nil, err
	}
	defer e.Close()
	out := make([]float32, len(seqs))
	return out, e.Logits(seqs, out)
}

// largest is the largest difference and its place. A NaN is larger than any.
func largest(got, want []float32) (diff float64, at int) {
	for i := range got {
		d := math.Abs(float64(got[i]) - float64(want[i]))
		if math.IsNaN(d) {
			return d, i
		}
		if d > diff {
			diff, at = d, i
		}
	}
	return diff, at
}
