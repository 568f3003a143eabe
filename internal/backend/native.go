package backend

import (
	"github.com/crossrank/crossrank/internal/backend/catalog"
	"github.com/crossrank/crossrank/internal/dynlib"
	"github.com/crossrank/crossrank/internal/native"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/onnx"
	"github.com/crossrank/crossrank/internal/parity"
	"github.com/crossrank/crossrank/internal/state"
	"github.com/crossrank/crossrank/internal/webgpu"
)

// executors are those of this build, by the names that the catalog has for them.
var executors = allExecutors()

func allExecutors() map[string]executor {
	all := map[string]executor{catalog.Native: {begin: beginNative}}
	if dynlib.Available {
		all[catalog.WebGPU] = executor{begin: beginWebGPU, probe: webgpu.Probe, matrices: true}
		all[catalog.ONNX] = executor{begin: beginONNX, probe: onnx.Available, padded: true}
	}
	return all
}

func beginNative(n *network.Network, opts Options) (Opening, error) {
	if opts.Precision == catalog.Cascade {
		return beginCascade(n)
	}
	o, err := native.Begin(n, native.Options{Precision: native.Precision(opts.Precision)})
	if err != nil {
		return nil, err
	}
	return nativeOpening{o}, nil
}

// nativeOpening is a native opening as an Opening.
type nativeOpening struct{ *native.Opening }

func (o nativeOpening) Start(opts Options) (Engine, error) {
	e, err := o.Opening.Start(native.Options{
		Threads: opts.Threads, CPUs: opts.CPUs, MaxTokens: opts.MaxTokens, PrefixBytes: opts.PrefixBytes,
	})
	if err != nil {
		return nil, err
	}
	return nativeEngine{e}, nil
}

// nativeEngine is a native engine as an Engine.
type nativeEngine struct{ *native.Engine }

func (e nativeEngine) Replica(threads int, cpus []int) (Engine, error) {
	return nativeEngine{e.Engine.Replica(threads, cpus)}, nil
}

func (e nativeEngine) Verify(pair network.Sequence) (parity.Quick, error) {
	return parity.CheckQuick(e.Engine, pair)
}

// Usage implements [Engine].
func (e nativeEngine) Usage() *state.Device { return nil }

func (e nativeEngine) Properties() Properties {
	return Properties{
		Backend: catalog.Native, Device: "cpu", Tier: e.Tier(), Precision: string(e.Precision()), Threads: e.Threads(),
		OnCores: true, InFlight: 1, SharesPrefixes: true, Slow: e.SlowPrecision(),
	}
}
