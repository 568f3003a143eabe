package pipeline

import (
	"fmt"
	"slices"

	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/pool"
)

// Mode says which stages a [Pipeline] runs. All but Full exist to measure a stage by itself.
type Mode string

const (
	// Full runs all of them.
	Full Mode = "full"

	// TokenizationOnly tokenizes, queues and batches as ever, but its engines compute nothing. Scores are all 0 and of type
	// [crossrank.NoScore], so that nobody takes them for scores.
	TokenizationOnly Mode = "tokenization_only"

	// InferenceOnly tokenizes each text the first time that it is met, and remembers its ids: from then on a request pays
	// only for joining them. Its scores are those of Full.
	InferenceOnly Mode = "inference_only"
)

// Modes lists those that [New] takes; the first is the default.
var Modes = []Mode{Full, TokenizationOnly, InferenceOnly}

func (m Mode) check() error {
	if m != "" && !slices.Contains(Modes, m) {
		return fmt.Errorf("there is no mode %q; use one of %v", m, Modes)
	}
	return nil
}

// nothing is an engine that computes nothing.
type nothing struct{}

var _ pool.Engine = nothing{}

// Logits implements [pool.Engine].
func (nothing) Logits(seqs []network.Sequence, out []float32) error {
	clear(out[:len(seqs)])
	return nil
}
