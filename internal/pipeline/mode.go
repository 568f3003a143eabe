package pipeline

import (
	"fmt"
	"slices"

	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/pool"
)

// Mode says which stages a [Pipeline] runs. All but [Full] exist to measure a stage by itself.
type Mode string

const (
	// Full runs all of them.
	Full Mode = "full"

	// TokenizationOnly tokenizes, queues and batches, but computes nothing. Scores are all 0 and of
	// type [crossrank.NoScore], so that they are not mistaken for scores.
	TokenizationOnly Mode = "tokenization_only"

	// InferenceOnly tokenizes each text once and keeps its ids: from then on a request only joins
	// them. Its scores are those of Full.
	InferenceOnly Mode = "inference_only"
)

// Modes lists those that [New] takes; the first is the default.
var Modes = []Mode{Full, TokenizationOnly, InferenceOnly}

func (m Mode) check() error {
	if m != "" && !slices.Contains(Modes, m) {
		return fmt.Errorf("mode %q does not exist; use one of %v", m, Modes)
	}
	return nil
}

// noop is an engine that computes nothing: all its logits are 0.
type noop struct{}

var _ pool.Engine = noop{}

// Logits implements [pool.Engine].
func (noop) Logits(seqs []network.Sequence, out []float32) error {
	clear(out[:len(seqs)])
	return nil
}
