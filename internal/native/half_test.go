package native

import (
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/checkpoint"
	"github.com/crossrank/crossrank/internal/cpu"
	"github.com/crossrank/crossrank/internal/half"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/network/sample"
)

// heldFormats are those of the precisions that round weights alone.
var heldFormats = map[Precision]half.Format{FP16: half.F16, BF16: half.BF16}

// roundWeights rounds the weights that a format of 16 bits holds, in place.
func roundWeights(n *network.Network, f half.Format) {
	narrow := func(x []float32) {
		bits := make([]uint16, len(x))
		f.Narrow(bits, x)
		f.Widen(x, bits)
	}
	if t := &n.Embeddings.Tokens; t.Format == "" {
		narrow(t.Data)
	}
	for i := range n.Blocks {
		for role, l := range n.Blocks[i].Linears() {
			if !strings.HasPrefix(role, "position_") {
				narrow(l.Weight)
			}
		}
	}
}

// TestHalfIsFloat32OfRoundedWeights: on every tier, logits in 16 bits have the bits of logits in
// float32 of the network whose weights are rounded. Position keys and queries of relative positions
// are made of the weights before they are rounded, so such networks are left out.
func TestHalfIsFloat32OfRoundedWeights(t *testing.T) {
	configs, err := filepath.Glob(filepath.Join("..", "checkpoint", "testdata", "families", "*", "config.json"))
	if err != nil || len(configs) < 10 {
		t.Fatalf("found %d models, error %v; want at least 10", len(configs), err)
	}
	compared := 0
	for _, config := range configs {
		dir := filepath.Dir(config)
		f := openFixture(t, dir)
		if f.network.Relative != nil {
			continue
		}
		compared++
		t.Run(filepath.Base(dir), func(t *testing.T) {
			seqs := f.seqs[:min(6, len(f.seqs))]
			for precision, format := range heldFormats {
				rounded, _, err := checkpoint.OpenNetwork(dir)
				if err != nil {
					t.Fatal(err)
				}
				roundWeights(rounded, format)
				for _, tier := range cpu.Tiers() {
					opts := Options{Threads: 2, MaxTokens: f.positions, Tier: tier}
					want := logits(t, start(t, rounded, opts), seqs)
					opts.Precision = precision
					got := logits(t, start(t, f.network, opts), seqs)
					if !slices.Equal(got, want) {
						t.Errorf("%s, %s: got %v, want the bits of float32, %v", tier, precision, got, want)
					}
				}
			}
		})
	}
	if compared < 8 {
		t.Errorf("compared %d models, want at least 8", compared)
	}
}

// TestStoredLosesNothing: on every tier, logits in the 16 bits that the files have their weights in
// have the bits of logits in float32.
func TestStoredLosesNothing(t *testing.T) {
	configs, err := filepath.Glob(filepath.Join("..", "checkpoint", "testdata", "families", "*", "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	compared := map[half.Format]int{}
	for _, config := range configs {
		dir := filepath.Dir(config)
		o, err := checkpoint.BeginNetwork(dir)
		if err != nil {
			t.Fatal(err)
		}
		format := o.Stored()
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}
		compared[format]++
		precision := Stored(format)
		if (precision == "") != (format == "") {
			t.Fatalf("weights that are stored in %q have the precision %q", format, precision)
		}
		if format == "" {
			continue
		}
		f := openFixture(t, dir)
		seqs := f.seqs[:min(6, len(f.seqs))]
		for _, tier := range cpu.Tiers() {
			opts := Options{Threads: 2, MaxTokens: f.positions, Tier: tier}
			want := logits(t, start(t, f.network, opts), seqs)
			opts.Precision = precision
			if got := logits(t, start(t, f.network, opts), seqs); !slices.Equal(got, want) {
				t.Errorf("%s, %s, %s: got %v, want the bits of float32, %v", filepath.Base(dir), tier, precision, got, want)
			}
		}
	}
	if compared[half.F16] < 5 || compared[half.BF16] < 5 || compared[""] < 5 {
		t.Errorf("compared %v, want at least 5 models of each", compared)
	}
}

func smallNetwork() *network.Network {
	return sample.Network(5, sample.Geometry{
		Hidden: 48, Blocks: 2, Heads: 3, Intermediate: 100, Tokens: 50, Positions: 60, Activation: network.GELU, Labels: 1,
	})
}

// TestHalfKeepsBitsThatFit: a network whose weights are in 16 bits already has the same logits in
// that precision and in float32.
func TestHalfKeepsBitsThatFit(t *testing.T) {
	for precision, format := range heldFormats {
		n := smallNetwork()
		seqs := sample.Sequences(2, n, 5, 17, 40, 60)
		wide := logits(t, start(t, n, Options{Threads: 1}), seqs)
		rounds := logits(t, start(t, n, Options{Threads: 1, Precision: precision}), seqs)
		if slices.Equal(rounds, wide) {
			t.Errorf("%s: rounding changed no logit of %v", precision, wide)
		}
		roundWeights(n, format)
		wide = logits(t, start(t, n, Options{Threads: 1}), seqs)
		if got := logits(t, start(t, n, Options{Threads: 1, Precision: precision}), seqs); !slices.Equal(got, wide) {
			t.Errorf("%s: got %v, want those of float32, %v", precision, got, wide)
		}
	}
}

// TestEmbeddingsIn16BitsStay: token embeddings that are in one format of 16 bits are not rounded to
// the other.
func TestEmbeddingsIn16BitsStay(t *testing.T) {
	n := smallNetwork()
	tokens := &n.Embeddings.Tokens
	tokens.Format, tokens.Bits = half.F16, make([]uint16, len(tokens.Data))
	half.F16.Narrow(tokens.Bits, tokens.Data)
	tokens.Data = nil
	o, err := Begin(n, Options{Precision: BF16})
	if err != nil {
		t.Fatal(err)
	}
	take := o.Tokens()
	take(0, tokens.Slice(0, 7))
	take(7, tokens.Slice(7, tokens.Rows))
	if got := o.model.tokenEmbeddings.table; got.Format != half.F16 || !slices.Equal(got.Bits, tokens.Bits) {
		t.Errorf("got embeddings in %s, want the file's own numbers", got.Format)
	}
}

// TestWeightsOutOfRangeAreRefused: a weight that 16 bits cannot hold is named, never made infinite.
func TestWeightsOutOfRangeAreRefused(t *testing.T) {
	for _, c := range []struct {
		precision Precision
		value     float32
		set       func(n *network.Network, v float32)
		want      string
	}{
		{FP16, 70000, func(n *network.Network, v float32) { n.Blocks[1].Up.Weight[9] = v },
			"element 9 of blocks[1].up.weight is 70000, and the largest number of fp16 is 65504; use bf16"},
		{FP16, -65520, func(n *network.Network, v float32) { n.Embeddings.Tokens.Data[100] = v },
			"element 100 of embeddings.tokens is -65520, and the largest number of fp16 is 65504; use bf16"},
		{BF16, math.MaxFloat32, func(n *network.Network, v float32) { n.Blocks[0].Key.Weight[0] = v },
			"element 0 of blocks[0].key.weight is 3.4028235e+38, and the largest number of bf16 is 3.3895314e+38; use fp32"},
		{FP16, 1 << 17, func(n *network.Network, v float32) {
			l := &n.Blocks[1].Down
			l.Weight[205] = v
			l.Format, l.Bits = half.BF16, make([]uint16, len(l.Weight))
			l.Format.Narrow(l.Bits, l.Weight)
			l.Weight = nil
		}, "element 205 of blocks[1].down.weight is 131072, and the largest number of fp16 is 65504; use bf16"},
	} {
		n := smallNetwork()
		c.set(n, c.value)
		_, err := New(n, Options{Precision: c.precision})
		if _, ok := errors.AsType[*RangeError](err); !ok || err.Error() != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
		e, err := New(n, Options{Precision: FP32})
		if err != nil {
			t.Fatal(err)
		}
		e.Close()
	}
}
