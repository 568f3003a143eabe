package backend

import (
	"errors"

	"github.com/crossrank/crossrank/internal/backend/catalog"
	"github.com/crossrank/crossrank/internal/native"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/parity"
	"github.com/crossrank/crossrank/internal/state"
	"github.com/crossrank/crossrank/internal/webgpu"
)

func beginWebGPU(n *network.Network, opts Options) (Opening, error) {
	o, err := webgpu.Begin(n, webgpu.Options{
		Device: opts.Device, Precision: webgpu.Precision(opts.Precision), WithoutMatrices: opts.withoutMatrices,
	})
	if err != nil {
		return nil, err
	}
	return webgpuOpening{o}, nil
}

// webgpuOpening is a WebGPU opening as an Opening.
type webgpuOpening struct{ *webgpu.Opening }

func (o webgpuOpening) Start(opts Options) (Engine, error) {
	e, err := o.Opening.Start(webgpu.Options{MaxTokens: opts.MaxTokens, InFlight: opts.InFlight})
	if err != nil {
		return nil, err
	}
	return webgpuEngine{e}, nil
}

// webgpuEngine is a WebGPU engine as an Engine.
type webgpuEngine struct{ *webgpu.Engine }

// errOneEngine is why a device has no replicas.
var errOneEngine = errors.New("a device has one engine, which takes several batches at once")

// Replica implements [Engine].
func (e webgpuEngine) Replica(int, []int) (Engine, error) { return nil, errOneEngine }

// Verify implements [Engine]. It compares nothing: what can be compared is when the engine is
// opened, see heldOpening.
func (e webgpuEngine) Verify(network.Sequence) (parity.Quick, error) {
	return parity.Quick{Precision: native.Precision(e.Precision()), AllBlocks: e.Blocks()}, nil
}

func (e webgpuEngine) Prefixes() state.Prefixes { return state.Prefixes{} }

func (e webgpuEngine) Usage() *state.Device {
	return &state.Device{Memory: e.Memory(), Busy: e.Busy(), Timed: e.Timed()}
}

func (e webgpuEngine) Properties() Properties {
	return Properties{
		Backend: catalog.WebGPU, Device: e.Device(), Precision: string(e.Precision()), InFlight: e.InFlight(),
		GPU: state.GPUIdentity(e.GPU()), Tuning: e.Tuning(),
	}
}
