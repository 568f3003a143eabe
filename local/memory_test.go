package local

import (
	"errors"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/backend/catalog"
	"github.com/crossrank/crossrank/internal/network"
)

func TestMemoryLimit(t *testing.T) {
	for _, c := range []struct {
		meminfo, group string
		want           int64
	}{
		{"MemTotal:       1000 kB\nMemFree:  5 kB\n", "", 1000 << 10},
		{"MemTotal:       1000 kB\n", "max\n", 1000 << 10},
		{"MemTotal:       1000 kB\n", "4096\n", 4096},
		{"MemTotal:       1000 kB\n", "99999999999\n", 1000 << 10},
		{"", "4096\n", 4096},
		{"", "", 0},
	} {
		got := memoryLimit(func(name string) ([]byte, error) {
			text := c.meminfo
			if strings.Contains(name, "cgroup") {
				text = c.group
			}
			if text == "" {
				return nil, errors.New("there is none")
			}
			return []byte(text), nil
		})
		if got != c.want {
			t.Errorf("%q, %q: got %d, want %d", c.meminfo, c.group, got, c.want)
		}
	}
}

// TestModelsThatDoNotFit: a model says what it needs, before its weights are read.
func TestModelsThatDoNotFit(t *testing.T) {
	n := &network.Network{ // of the shape of Qwen3-Reranker-8B
		Embeddings: network.Embeddings{Tokens: network.Table{Rows: 151_669, Width: 4096}}, Blocks: make([]network.Block, 36),
	}
	for i := range n.Blocks {
		linear := func(in, out int) network.Linear { return network.Linear{In: in, Out: out} }
		n.Blocks[i] = network.Block{
			Query: linear(4096, 4096), Key: linear(4096, 1024), Value: linear(4096, 1024), AttentionOutput: linear(4096, 4096),
			Gate: new(linear(4096, 12288)), Up: linear(4096, 12288), Down: linear(12288, 4096),
		}
	}
	// Of ONNX Runtime, each instance on a CPU has a copy besides the first one; on a device there are
	// two.
	onnx := func(device string, instances int) Options {
		return Options{Backend: catalog.ONNX, Device: device, Instances: make([]Instance, instances)}
	}
	for _, c := range []struct {
		opts Options
		want string
	}{
		{onnx("", 2), "take 90.8 GB of memory, more than the 50.0 GB that a process can have here; fp16 takes 45.4 GB, so use that"},
		{onnx("", 3), "take 121.1 GB of memory, more than the 50.0 GB that a process can have here; int8 takes 30.3 GB, so use that"},
		{onnx("cuda", 3), "take 60.5 GB of memory, more than the 50.0 GB that a process can have here; fp16 takes 30.3 GB"},
	} {
		if err := c.opts.checkMemory(n, 50e9); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("onnx: got %v, want %q", err, c.want)
		}
	}
	for _, c := range []struct {
		quantization string
		limit        int64
		want         string
	}{
		{"", 64e9, ""}, {"", 0, ""}, {"int8", 16e9, ""}, {"bf16", 16e9, ""},
		{"", 20e9, "take 29.0 GB of memory, more than the 20.0 GB that a process can have here; bf16 takes 15.1 GB, so use that"},
		{"fp16", 15e9, "take 15.1 GB of memory, more than the 15.0 GB that a process can have here; int8 takes 8.3 GB"},
		{"", 15e9, "take 29.0 GB of memory, more than the 15.0 GB that a process can have here; int8 takes 8.3 GB, so use that"},
		{"fp32", 4e9, "use a machine with more memory"},
		{"int8", 4e9, "take 8.3 GB of memory, more than the 4.0 GB that a process can have here; use a machine with more memory"},
	} {
		err := Options{Quantization: c.quantization}.checkMemory(n, c.limit)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%q within %d: got %v, want %q", c.quantization, c.limit, err, c.want)
		}
	}
}
