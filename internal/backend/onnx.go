package backend

import (
	"github.com/crossrank/crossrank/internal/backend/catalog"
	"github.com/crossrank/crossrank/internal/gpustat"
	"github.com/crossrank/crossrank/internal/native"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/onnx"
	"github.com/crossrank/crossrank/internal/parity"
	"github.com/crossrank/crossrank/internal/state"
)

func beginONNX(n *network.Network, opts Options) (Opening, error) {
	from := onnx.Options{Device: opts.Device, Precision: onnx.Precision(opts.Precision)}
	if n.File != "" {
		o, err := onnx.BeginStored(n, from)
		return onnxOpening{o}, err
	}
	o, err := onnx.Begin(n, from)
	return onnxOpening{o}, err
}

// onnxOpening is an opening of ONNX Runtime as an Opening.
type onnxOpening struct{ startable }

type startable interface {
	network.Receiver
	Start(opts onnx.Options) (*onnx.Engine, error)
}

func (o onnxOpening) Start(opts Options) (Engine, error) {
	e, err := o.startable.Start(onnx.Options{Threads: opts.Threads, MaxTokens: opts.MaxTokens, InFlight: opts.InFlight})
	if err != nil {
		return nil, err
	}
	x := onnxEngine{Engine: e}
	if device := e.Device(); device == "cuda" || device == "tensorrt" {
		x.gpu = gpustat.CUDADevice()
	}
	return x, nil
}

// onnxEngine is an engine of ONNX Runtime as an Engine.
type onnxEngine struct {
	*onnx.Engine
	gpu state.GPUIdentity
}

// Replica implements [Engine]. The library's threads are not bound to processors.
func (e onnxEngine) Replica(threads int, _ []int) (Engine, error) {
	if !e.OnCores() {
		return nil, errOneEngine
	}
	r, err := e.Engine.Replica(threads)
	if err != nil {
		return nil, err
	}
	return onnxEngine{Engine: r}, nil
}

// Verify implements [Engine]. It compares nothing: what can be compared is when the engine is
// opened, see heldOpening and storedOpening.
func (e onnxEngine) Verify(network.Sequence) (parity.Quick, error) {
	if e.Stored() {
		return parity.Quick{Precision: native.Precision(e.Precision())}, nil
	}
	return parity.Quick{Precision: native.Precision(e.Precision()), AllBlocks: e.Blocks()}, nil
}

func (e onnxEngine) Prefixes() state.Prefixes { return state.Prefixes{} }

// Usage implements [Engine]: the library does not say what it uses.
func (e onnxEngine) Usage() *state.Device { return nil }

func (e onnxEngine) Properties() Properties {
	return Properties{
		Backend: catalog.ONNX, Device: e.Device(), Precision: string(e.Precision()), Threads: e.Threads(),
		OnCores: e.OnCores(), InFlight: e.InFlight(), GPU: e.gpu,
	}
}
