// Package onnx computes a network with ONNX Runtime, a library of another maker that the user
// installs: on a CPU, or on a device that one of its execution providers knows.
//
// The ONNX file is written here from the network's description (see translate), so every family
// that runs on the CPU runs here, and no file beside the model is needed. Of a model whose weights
// are only in an ONNX file, that file is computed, after it was compared with the description (see
// stored). The library is called by the places of its functions in a table that only grows, without
// cgo (see library).
//
// # Padding
//
// The library knows no ragged batches. So a batch is divided into runs of sequences of similar
// lengths, which are padded to the longest of their run (see divide). A mask gives padding an
// attention weight of exactly 0. What remains is rounding: the library may add in another order
// where a run has another shape, so a logit may change by some last bits with the sequences beside
// it. The bound of the self-test holds for that too. Stored files differ in the padding that they
// allow, which is found out when one is opened (see padding).
package onnx

import (
	"cmp"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"github.com/crossrank/crossrank/internal/half"
	"github.com/crossrank/crossrank/internal/network"
)

// Precision says what weights are held and multiplied in.
type Precision string

const (
	FP32 Precision = "fp32"
	FP16 Precision = "fp16" // weights and activations; sums of norms in fp32

	// INT8 has 8 bits in the linear layers of blocks: a scale for each output of the weights, and
	// one for each token of what is multiplied with them.
	INT8 Precision = "int8"
)

// Precisions lists what [Begin] accepts; the first is the default.
var Precisions = []Precision{FP32, FP16, INT8}

// Options configure an engine. The zero value works.
type Options struct {
	Device    string    // one of [Devices]; "" = cpu
	Precision Precision // "" = fp32
	Threads   int       // cores of the CPU that a batch is split over; 0 = all that the process may use
	MaxTokens int       // longest sequence; 0 = the most that learned positions allow
	InFlight  int       // batches that a device takes at once; 0, 1 and 2 = two
}

// batchesInFlight is how many batches a device takes by default: while it computes one, the inputs
// of the next one are made and given to the library.
const batchesInFlight = 2

// Engine computes with ONNX Runtime. It is safe for concurrent use, and may compute several batches
// at once.
type Engine struct {
	model   *model
	session *session
	threads int

	mu     sync.RWMutex // held for reading while a batch is computed, and by Close
	closed bool
}

// model is what an engine and its replicas have in common.
type model struct {
	network   *network.Network // without its weights
	library   *library
	provider  provider
	precision Precision
	maxTokens int
	inFlight  int      // as in Options
	output    element  // the type of its logits
	inputs    []string // that feeds makes, in the order of the session's
	feeds     interface {
		make(seqs []network.Sequence, length int) map[string]*tensor
	}
	decoder *decoder // of a stored file that holds one, else nil
	padding padding

	// What a session opens: the stored file, or the file that was written here with its weights,
	// which are kept only for sessions that replicas open.
	stored  string
	file    []byte
	graph   *graph
	weights *weights
}

// ErrClosed is what Logits returns once the engine is closed.
var ErrClosed = errors.New("the engine is closed")

// Available reports why the library or the device cannot be used on this machine; nil if it can.
// "" means the default device.
func Available(device string) error {
	_, _, err := openDevice(device)
	return err
}

// Logits writes one logit a sequence to out. Every sequence has 1 to MaxTokens tokens, all within
// the vocabulary. If one has not, the error names it, and nothing is computed.
func (e *Engine) Logits(seqs []network.Sequence, out []float32) error {
	if err := network.CheckBatch(seqs, out, e.model.network.Embeddings.Tokens.Rows, e.model.maxTokens); err != nil {
		return err
	}
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.closed {
		return ErrClosed
	}
	if err := e.model.checkPadding(seqs); err != nil {
		return err
	}
	for _, r := range e.model.division().divide(seqs) {
		if err := e.run(r, seqs, out); err != nil {
			return err
		}
	}
	return nil
}

// run computes the logits of a run's sequences.
func (e *Engine) run(r run, seqs []network.Sequence, out []float32) error {
	part := make([]network.Sequence, len(r.sequences))
	for i, at := range r.sequences {
		part[i] = seqs[at]
	}
	labels := e.model.network.Head.Output.Out
	values, err := e.model.compute(e.session, part, r.length, labels)
	if err != nil {
		return err
	}
	for i, at := range r.sequences {
		out[at] = values[i*labels]
		if labels == 2 {
			out[at] = values[i*2+1] - values[i*2]
		}
	}
	return nil
}

// compute computes the labels' logits of sequences that are padded to a length.
func (m *model) compute(s *session, seqs []network.Sequence, length, labels int) ([]float32, error) {
	if m.decoder != nil {
		return m.decoder.compute(s, seqs, length, m.padding)
	}
	feeds, values := m.feeds.make(seqs, length), make([]float32, len(seqs)*labels)
	dims := []int64{int64(len(seqs)), int64(labels)}
	if m.output == float32s {
		return values, s.run(feeds, tensorOf(float32s, values, dims...))
	}
	bits := make([]uint16, len(values))
	err := s.run(feeds, tensorOf(float16s, bits, dims...))
	half.F16.Widen(values, bits)
	return values, err
}

// Replica starts another engine that computes on cores. It has a session with threads of its own,
// and a copy of the weights.
func (e *Engine) Replica(threads int) (*Engine, error) { return e.model.start(threads) }

// start opens a session.
func (m *model) start(threads int) (*Engine, error) {
	threads = cmp.Or(threads, runtime.GOMAXPROCS(0))
	s, err := m.open(threads)
	if err != nil {
		return nil, err
	}
	return &Engine{model: m, session: s, threads: threads}, nil
}

// Device is the device in use.
func (e *Engine) Device() string { return e.model.provider.device }

// OnCores reports whether it computes on CPU cores. Without them it has a device, and no replicas.
func (e *Engine) OnCores() bool { return e.model.provider.threads }

// InFlight is how many batches gain from being computed at once: 1 on cores, where replicas compute
// beside each other.
func (e *Engine) InFlight() int {
	if e.OnCores() {
		return 1
	}
	return max(e.model.inFlight, batchesInFlight)
}

// Library is the version of ONNX Runtime.
func (e *Engine) Library() string { return e.model.library.version }

// Stored reports whether it computes a stored file, whose weights nothing else here can read.
func (e *Engine) Stored() bool { return e.model.stored != "" }

// Blocks is how many blocks the network has.
func (e *Engine) Blocks() int { return len(e.model.network.Blocks) }

// Precision is what the weights are held and multiplied in.
func (e *Engine) Precision() Precision { return e.model.precision }

// Threads is the number of cores that a batch is split over.
func (e *Engine) Threads() int { return e.threads }

// Close waits for batches that run and frees the session. Later calls of Logits return [ErrClosed].
func (e *Engine) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.closed {
		e.closed = true
		e.session.close()
	}
	return nil
}

// WeightBytes is about how much memory the weights of a network take in a precision.
func WeightBytes(n *network.Network, precision Precision) int64 {
	each := int64(4)
	switch {
	case precision == FP16:
		each = 2
	case precision == INT8:
		each = 1
	}
	return each * n.Parameters()
}

// check refuses what is not a precision.
func (p Precision) check() error {
	if !slices.Contains(Precisions, p) {
		return fmt.Errorf("the onnx backend has no precision %q; it has %v", p, Precisions)
	}
	return nil
}
