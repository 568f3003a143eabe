package catalog

import (
	"testing"

	"github.com/crossrank/crossrank/internal/dynlib"
)

func TestOnCores(t *testing.T) {
	for _, c := range []struct {
		name, device string
		want         bool
	}{
		{"", "", true}, {"native", "cpu", true}, {"auto", "", true}, {"onnx", "", true}, {"onnx", "cpu", true},
		{"onnx", "cuda", false}, {"webgpu", "", false}, {"webgpu", "cpu-for-tests", false},
	} {
		if got := OnCores(c.name, c.device); got != c.want {
			t.Errorf("%q on %q: got %v", c.name, c.device, got)
		}
	}
}

func TestCheck(t *testing.T) {
	here, others := "native, auto", "webgpu needs the WebGPU backend (go build -tags gpu has it), which this build does not have; "+
		"onnx needs the ONNX Runtime backend (go build -tags gpu has it), which this build does not have; "
	if dynlib.Available {
		here, others = "native, webgpu, onnx, auto", ""
	}
	for _, c := range []struct{ name, device, precision, setting, why string }{
		{"", "", "", "", ""},
		{"native", "cpu", "int8", "", ""},
		{"mps", "mps", "fp32", "backend", "mps needs the Metal backend, which this build does not have"},
		{"native", "cuda", "", "device", "the native backend runs on cpu, not on cuda"},
		{"", "", "fp8", "quantization", "the native backend has no fp8; it computes in fp32, fp16, bf16, bf16-dot, int8, cascade"},
		{"auto", "gpu", "", "device", "the auto backend chooses the device itself; leave it out"},
		{"tpu", "", "", "backend", "tpu is not known; this build has " + here + "; " + others + "mps needs the Metal backend, which this " +
			"build does not have; cuda needs the CUDA backend, which this build does not have"},
	} {
		if setting, why := Check(c.name, c.device, c.precision); setting != c.setting || why != c.why {
			t.Errorf("%+v: got %q, %q", c, setting, why)
		}
	}
}
