package webgpu

import (
	"embed"
	"fmt"
	"strings"
	"text/template"
	"unsafe"

	"github.com/crossrank/crossrank/internal/network"
)

//go:embed shaders/*.wgsl
var shaderFiles embed.FS

var shaders = template.Must(template.ParseFS(shaderFiles, "shaders/*.wgsl"))

// variant chooses what a shader computes. Sizes of layers are no part of it, so that layers of all
// sizes share a pipeline.
type variant struct {
	F16        bool
	Subgroups  bool   // sums are by the operations of subgroups
	In, Out    string // types of elements: f32 or f16
	Activation network.Activation
	Bias       bool

	Residual, Gate bool // of products
	Tile           productTile

	Matrices bool // it computes on matrix units

	Norm, RMS bool
	Keep      bool // the norm replaces what it read

	Rotary bool

	attentionVariant
}

// sum is how the sum over the threads of a workgroup is computed.
type sum struct {
	Threads   int
	Subgroups bool
}

// Sum is the sum over so many threads.
func (v variant) Sum(threads int) sum { return sum{threads, v.Subgroups} }

type attentionVariant struct {
	Causal                                         bool
	Relative, ContentToPosition, PositionToContent bool
	Attention                                      attentionTile
}

// pipeline compiles a shader, or returns the one that was compiled before. A library may lack the
// operations of subgroups that its device has; then they are not used any more.
func (d *device) pipeline(name string, v variant) (handle, error) {
	p, err := d.compile(name, v)
	if err != nil && v.Subgroups {
		d.subgroups, v.Subgroups = false, false
		return d.compile(name, v)
	}
	return p, err
}

func (d *device) compile(name string, v variant) (handle, error) {
	var text strings.Builder
	if err := shaders.ExecuteTemplate(&text, name+".wgsl", v); err != nil {
		return 0, err
	}
	if p, ok := d.pipelines[text.String()]; ok {
		return p, nil
	}
	source := &shaderSource{chain: chainedStruct{sType: sTypeWGSL}, code: viewOf(text.String())}
	module := handle(call(d.lib.DeviceCreateShaderModule, uintptr(d.device),
		uintptr(unsafe.Pointer(&labelled{next: unsafe.Pointer(source), label: viewOf(name)}))))
	defer call(d.lib.ShaderModuleRelease, uintptr(module))
	desc := &pipelineDescriptor{label: viewOf(name), module: module, entryPoint: viewOf("main")}
	p := handle(call(d.lib.DeviceCreateComputePipeline, uintptr(d.device), uintptr(unsafe.Pointer(desc))))
	if err := d.takeError(); err != nil {
		if p != 0 {
			call(d.lib.ComputePipelineRelease, uintptr(p))
		}
		return 0, fmt.Errorf("compiling the shader %s: %w", name, err)
	}
	d.pipelines[text.String()] = p
	return p, nil
}
