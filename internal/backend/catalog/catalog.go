// Package catalog lists the backends that have a name, with their devices and precisions, and which
// of them this build has. It is facts alone: settings are checked against it by programs that must
// not reach an executor.
package catalog

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/crossrank/crossrank/internal/dynlib"
)

// Backend is what computes networks.
type Backend struct {
	Name       string
	Devices    []string // the default first
	Precisions []string // the default first
	Lacks      string   // what this build has not, such as "the CUDA backend"; "" if it has all
}

// Names of backends that this module has. Native is the default.
const (
	Native = "native"
	WebGPU = "webgpu"
	ONNX   = "onnx" // ONNX Runtime and its execution providers

	// Auto is the fastest of the others that this machine has, in the precision that is asked for.
	Auto = "auto"
)

// Cascade is the precision of an engine that has two: int8 for drafts, and fp32 for everything
// else.
const Cascade = "cascade"

// AutoPrecision stands for a backend's default precision, or for the 16 bits that a model's file
// has its weights in, where the backend computes the same scores with them.
const AutoPrecision = "auto"

// All lists every backend, the default first.
var All = []Backend{
	{Name: Native, Devices: []string{"cpu"}, Precisions: []string{"fp32", "fp16", "bf16", "bf16-dot", "int8", Cascade}},
	{Name: WebGPU, Devices: []string{"gpu", "cpu-for-tests"}, Precisions: []string{"fp32", "fp16"}, Lacks: inLibraries("the WebGPU backend")},
	{
		Name: ONNX, Devices: []string{"cpu", "cuda", "tensorrt", "coreml", "directml", "openvino", "webgpu"},
		Precisions: []string{"fp32", "fp16", "int8"}, Lacks: inLibraries("the ONNX Runtime backend"),
	},
	{Name: Auto, Precisions: []string{"fp32", "fp16", "bf16", "bf16-dot", "int8"}},
	{Name: "mps", Devices: []string{"mps"}, Lacks: "the Metal backend"},
	{Name: "cuda", Devices: []string{"cuda"}, Lacks: "the CUDA backend"},
}

// inLibraries is what a build lacks that opens no libraries of other makers.
func inLibraries(backend string) string {
	if dynlib.Available {
		return ""
	}
	return backend + " (go build -tags gpu has it)"
}

// Find returns the backend of a name; "" means the default.
func Find(name string) (Backend, bool) {
	name = cmp.Or(name, Native)
	i := slices.IndexFunc(All, func(b Backend) bool { return b.Name == name })
	if i < 0 {
		return Backend{}, false
	}
	return All[i], true
}

// Precisions lists the precisions of a backend, the default first; "" means the default backend.
func Precisions(name string) []string {
	b, _ := Find(name)
	return b.Precisions
}

// OnCores reports whether a backend computes on CPU cores with a device; "" means defaults. Without
// them it computes on a device, which has no threads. For [Auto] it is true: it may take either.
func OnCores(name, device string) bool {
	switch b, _ := Find(name); {
	case b.Name == ONNX:
		return device == "" || device == b.Devices[0]
	default:
		return b.Name == Native || b.Name == Auto
	}
}

// Missing says why this build cannot use b; "" if it can.
func (b Backend) Missing() string {
	if b.Lacks == "" {
		return ""
	}
	return fmt.Sprintf("needs %s, which this build does not have", b.Lacks)
}

// Check says what keeps this build from computing on a backend's device in a precision: the setting
// that is wrong ("backend", "device" or "quantization") and why. Both are empty if nothing does.
// Empty arguments mean defaults.
func Check(name, device, precision string) (setting, why string) {
	b, ok := Find(name)
	switch {
	case !ok:
		return "backend", fmt.Sprintf("%s is not known; %s", name, Summary())
	case b.Lacks != "":
		return "backend", b.Name + " " + b.Missing()
	case device != "" && b.Devices == nil:
		return "device", fmt.Sprintf("the %s backend chooses the device itself; leave it out", b.Name)
	case device != "" && !slices.Contains(b.Devices, device):
		return "device", fmt.Sprintf("the %s backend runs on %s, not on %s", b.Name, strings.Join(b.Devices, " or "), device)
	case precision != "" && precision != AutoPrecision && !slices.Contains(b.Precisions, precision):
		return "quantization", fmt.Sprintf("the %s backend has no %s; it computes in %s",
			b.Name, precision, strings.Join(b.Precisions, ", "))
	}
	return "", ""
}

// Summary says which backends this build has, and of the others why not.
func Summary() string {
	var has, others []string
	for _, b := range All {
		if why := b.Missing(); why != "" {
			others = append(others, b.Name+" "+why)
		} else {
			has = append(has, b.Name)
		}
	}
	return strings.Join(append([]string{"this build has " + strings.Join(has, ", ")}, others...), "; ")
}
