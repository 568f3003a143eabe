package local

import (
	"errors"
	"fmt"

	"github.com/crossrank/crossrank/internal/checkpoint"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/parity"
)

// Verification says how far the logits of a model's engine are from those of plain Go:
//
//	Tier      cpu.Tier         // a string: the instruction tier in use, such as "avx2"
//	Precision native.Precision // a string, such as "int8"
//	Largest   float64          // difference of two logits; NaN if one is no number
//	Limit     float64          // the most that rounding explains
//	Blocks    int              // how many of the network's blocks were compared; 0 means nothing was
//	AllBlocks int              // how many the network has
type Verification = parity.Quick

// Verify compares the logits that the model's engine computes for a short pair with those of plain
// Go on the same weights. It takes about 200 ms at most, so of a large network it compares some
// blocks, and of a very large one none; none either where plain Go itself is in use. If the
// difference is more than rounding explains, the error names model, tier and difference, and the
// model's scores must not be used.
//
// The command `crossrank verify` compares more pairs, each precision and each tier.
func (m *Model) Verify() (Verification, error) {
	v, err := m.engines[0].Verify(m.pair)
	if err = errors.Join(err, v.Err()); err != nil {
		err = fmt.Errorf("verifying model %s: %w", m.info.Model, err)
	}
	return v, err
}

// pairToVerify is a short pair as the model reads it.
func pairToVerify(r checkpoint.Reading, maxLength int) network.Sequence {
	r.MaxLength = maxLength
	ids, boundary := r.Pair(nil, parity.Pairs[0].Query, parity.Pairs[0].Passage)
	return network.Sequence{IDs: ids, TypeBoundary: boundary}
}
