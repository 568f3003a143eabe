package native

import (
	"testing"

	"github.com/crossrank/crossrank/internal/half"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/network/sample"
)

// TestWeightBytes counts the weights of a network whose widths need no padding.
func TestWeightBytes(t *testing.T) {
	n := sample.Network(3, sample.Geometry{Hidden: 32, Blocks: 2, Heads: 2, Intermediate: 64, Tokens: 100, Positions: 50, Activation: network.GELU, Labels: 1})
	const squares, feed = 32 * 32, 2 * 32 * 64
	blocks := func(linear, queries int) int64 {
		return int64(2 * (2*squares*queries + 2*squares*linear + feed*linear))
	}
	rest := int64(4*squares + 4*50*32)
	if got, want := WeightBytes(n, FP32), 100*32*4+blocks(4, 4)+rest; got != want {
		t.Errorf("fp32: got %d bytes, want %d", got, want)
	}
	if got, want := WeightBytes(n, INT8), 100*32+blocks(1, 2)+rest; got != want {
		t.Errorf("int8: got %d bytes, want %d", got, want)
	}
	n.Causal = true
	if got, want := WeightBytes(n, INT8), 100*32+blocks(1, 1)+rest; got != want {
		t.Errorf("int8 of a decoder: got %d bytes, want %d", got, want)
	}
	n.Causal = false
	for _, precision := range []Precision{FP16, BF16, BF16Dot} {
		if got, want := WeightBytes(n, precision), 100*32*2+blocks(2, 2)+rest; got != want {
			t.Errorf("%s: got %d bytes, want %d", precision, got, want)
		}
	}
	n.Embeddings.Tokens.Data, n.Embeddings.Tokens.Format = nil, half.Format("BF16")
	if got, want := WeightBytes(n, FP32), 100*32*2+blocks(4, 4)+rest; got != want {
		t.Errorf("fp32 with embeddings of 16 bits: got %d bytes, want %d", got, want)
	}
}
