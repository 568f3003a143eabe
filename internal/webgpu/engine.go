// Package webgpu computes a network on a GPU: sequences in, one logit a sequence out. It runs on
// Metal, Vulkan and Direct3D 12 through a library with the functions of webgpu.h, such as Dawn or
// wgpu-native, which the user installs.
//
// The network comes as a description (package network). Its operations become steps, each of which
// is one dispatch of a shader of this package (shaders/*.wgsl). A session has the device, the
// weights, the memory of a pass and the steps, all made when an engine starts. A batch is then four
// small copies, one submission, and one read of logits.
//
// As in the native executor nothing is padded, the last block computes only what the head reads,
// and the bits of a pair depend on nothing around it: every shader computes a row, or a sequence,
// in one order of summation.
//
// # Failures
//
// An error of the device fails the batches in flight, not the process. The next batch finds the
// session failed and opens the device anew, with the weights that the host keeps.
package webgpu

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/crossrank/crossrank/internal/network"
)

// Engine computes on a GPU. It is safe for concurrent use, and several batches are in flight at
// once.
type Engine struct {
	lib   *library
	model *model
	busy  clock

	closing sync.RWMutex // read-locked while a batch is computed, locked by Close
	closed  bool

	mu      sync.Mutex // guards everything below
	session *session   // nil after the device could not be opened anew
	reopens int
}

// ErrClosed is what Logits returns once the engine is closed.
var ErrClosed = errors.New("the engine is closed")

// Logits writes one logit a sequence to out. Every sequence has 1 to MaxTokens tokens, all within
// the vocabulary. If one has not, the error names it, and nothing is computed.
func (e *Engine) Logits(seqs []network.Sequence, out []float32) error {
	m := e.model
	if err := network.CheckBatch(seqs, out, m.n.Embeddings.Tokens.Rows, m.maxTokens); err != nil {
		return err
	}
	e.closing.RLock()
	defer e.closing.RUnlock()
	if e.closed {
		return ErrClosed
	}
	s, err := e.current()
	if err != nil {
		return err
	}
	for first := 0; first < len(seqs); {
		in := newInput(s)
		for _, q := range seqs[first:] {
			if !in.fits(q) {
				break
			}
			in.add(q)
		}
		if err := e.compute(s, in, out[first:]); err != nil {
			return fmt.Errorf("computing on %s: %w", s.adapter.name, err)
		}
		first += len(in.reads)
	}
	return nil
}

// current returns the session. One that has failed is closed, and the device is opened anew, which
// is tried once for each batch.
func (e *Engine) current() (*session, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if s := e.session; s != nil {
		if s.failure() == nil {
			return s, nil
		}
		e.session = nil
		s.abandon()
	}
	s, err := newSession(e.lib, e.model)
	if err != nil {
		return nil, fmt.Errorf("opening the device anew: %w", err)
	}
	e.session = s
	e.reopens++
	return s, nil
}

// compute computes a pass, and counts the time of the device.
func (e *Engine) compute(s *session, in *input, out []float32) error {
	var took time.Duration
	e.busy.begin(time.Now())
	defer func() { e.busy.end(time.Now(), took) }()
	return s.compute(in, out, func(begin, end time.Duration) { took = end - begin })
}

// Close gives the memory of the device back. It waits for running batches; later ones fail with
// [ErrClosed].
func (e *Engine) Close() error {
	e.closing.Lock()
	defer e.closing.Unlock()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	if e.session != nil {
		e.session.close()
		e.session = nil
	}
	return nil
}

// Device describes the device in use.
func (e *Engine) Device() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.session
	switch {
	case s == nil:
		return "no device"
	case s.adapter.cpu:
		return fmt.Sprintf("%s (%s on a CPU device, for tests)", s.adapter.name, s.adapter.backend)
	}
	return fmt.Sprintf("%s (%s)", s.adapter.name, s.adapter.backend)
}

// GPU is what tells the GPU in use from others.
func (e *Engine) GPU() Identity {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.session == nil {
		return Identity{}
	}
	return e.session.adapter.gpu
}

// Tuning says how the products are divided on the device, and why so.
func (e *Engine) Tuning() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	t := e.model.tuned
	if t.matrices.used() {
		return fmt.Sprintf("tiles of %v on matrix units of %v: %s", t.tile, t.matrices.unit, t.how)
	}
	return fmt.Sprintf("tiles of %v: %s; no matrix units: %s", t.tile, t.how, t.matrices.why)
}

// Precision is what weights and activations are stored in.
func (e *Engine) Precision() Precision {
	if e.model.f16 {
		return FP16
	}
	return FP32
}

// Memory is how many bytes of the device this engine has allocated.
func (e *Engine) Memory() int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.session == nil {
		return 0
	}
	return e.session.memory.Load()
}

// InFlight is how many batches gain from being in flight at once: while one is computed, the next
// one is copied and the last one read. It is 1 where the library can only wait for all of them.
func (e *Engine) InFlight() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	if s := e.session; s == nil || !s.overlaps() {
		return 1
	}
	return e.model.inFlight
}

// Blocks is how many blocks the network has.
func (e *Engine) Blocks() int { return len(e.model.blocks) }

// Timed reports whether the device has a clock for [Engine.Busy].
func (e *Engine) Timed() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.session != nil && e.session.timestamps != nil
}

// Busy is how long the device has computed for this engine, by its own clock.
func (e *Engine) Busy() time.Duration { return e.busy.read(time.Now()) }
