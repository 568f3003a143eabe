package serving

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/state"
)

// placed is a model on a device.
type placed struct {
	Model
	device string
	gpu    state.GPUIdentity
}

func (m placed) Info() crossrank.Info   { return crossrank.Info{Device: m.device} }
func (m placed) GPU() state.GPUIdentity { return m.gpu }

// TestWatchGPUs: of all GPUs, the figures of those count that models compute on, and the log says
// where that is not known.
func TestWatchGPUs(t *testing.T) {
	gpu := func(index int, pci string) state.GPU {
		return state.GPU{Index: index, GPUIdentity: state.GPUIdentity{Name: "NVIDIA H200", PCI: pci, Vendor: 0x10de, Model: 1}}
	}
	first, second := gpu(0, "0000:65:00.0"), gpu(1, "0000:66:00.0")
	kind := state.GPUIdentity{Vendor: 0x10de, Model: 1}
	onCPU := placed{device: "cpu"}
	if got := gpusOf([]Model{onCPU, placed{}}); got != nil {
		t.Errorf("on the CPU: got %v", got)
	}
	for _, c := range []struct {
		name   string
		models []Model
		all    []state.GPU
		want   []int // places
		log    string
	}{
		{"the second", []Model{onCPU, placed{device: "cuda", gpu: second.GPUIdentity}}, []state.GPU{first, second}, []int{1}, `gpu=1 name="NVIDIA H200" address=0000:66:00.0`},
		{"any of two", []Model{placed{device: "NVIDIA", gpu: kind}}, []state.GPU{first, second}, []int{0, 1}, "it is not known which of them is in use\" gpus=2"},
		{"the only one", []Model{placed{device: "NVIDIA", gpu: kind}}, []state.GPU{first}, []int{0}, "gpu=0"},
		{"any of one", []Model{placed{device: "directml"}}, []state.GPU{first}, []int{0}, ""},
		{"none", []Model{placed{device: "Intel", gpu: state.GPUIdentity{Vendor: 0x8086}}}, []state.GPU{first}, nil, "no driver gives figures"},
	} {
		var text bytes.Buffer
		log := slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug}))
		read := watchGPUs(func() []state.GPU { return c.all }, gpusOf(c.models), log)
		got := read()
		same := len(got) == len(c.want)
		for i := range got {
			same = same && got[i].Index == c.want[i]
		}
		if !same || !strings.Contains(text.String(), c.log) || c.log == "" && text.Len() > 0 {
			t.Errorf("%s: got %+v and the log %q, want the places %v and %q", c.name, got, text.String(), c.want, c.log)
		}
	}
}
