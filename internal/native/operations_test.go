package native

import (
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/cpu"
	"github.com/crossrank/crossrank/internal/kernel"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/network/sample"
)

func TestUnknownPrecisionIsRefused(t *testing.T) {
	if _, err := New(small(), Options{Precision: "fp8"}); err == nil || !strings.Contains(err.Error(), "fp8") {
		t.Errorf("got %v, want an error about fp8", err)
	}
}

// TestOtherOperationsAreRefused: each operation that this executor lacks is refused by its name,
// never passed over.
func TestOtherOperationsAreRefused(t *testing.T) {
	for _, c := range []struct {
		want   string
		change func(*network.Network)
	}{
		{"no feed-forward layer with the activation tanh yet", func(n *network.Network) { n.Activation = network.Tanh }},
		{"no feed-forward layer without an activation yet", func(n *network.Network) { n.Activation = network.NoActivation }},
		{"no causal attention within a window yet", func(n *network.Network) { n.Causal, n.Blocks[1].Window = true, 3 }},
		{"no causal attention with relative positions yet", func(n *network.Network) { deBERTa(n); n.Causal = true }},
		{"no layer norms of heads of 7 elements yet", func(n *network.Network) {
			n.Blocks[1].KeyNorm = &network.Norm{Eps: 1e-5, Weight: make([]float32, n.HeadSize)}
		}},
	} {
		n := sample.Network(1, complete(geometries[3]))
		c.change(n)
		if _, err := New(n, Options{}); err == nil || err.Error() != "the native backend has "+c.want {
			t.Errorf("got %v, want an error that it has %s", err, c.want)
		}
	}
}

// TestInvalidNetworksAreRefused: a description is checked before anything reads its tensors.
func TestInvalidNetworksAreRefused(t *testing.T) {
	n := sample.Network(1, complete(geometries[0]))
	n.Blocks[1].Up.Weight = n.Blocks[1].Up.Weight[1:]
	k, err := kernel.For(cpu.Generic)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pack(n, k, FP32); err == nil || !strings.Contains(err.Error(), "blocks[1].up.weight") {
		t.Errorf("got %v, want an error about blocks[1].up.weight", err)
	}
}
