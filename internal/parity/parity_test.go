package parity

import (
	"math"
	"testing"

	"github.com/crossrank/crossrank/internal/cpu"
	"github.com/crossrank/crossrank/internal/native"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/network/sample"
)

func TestCheck(t *testing.T) {
	n := sample.Network(1, sample.Geometry{
		Hidden: 48, Blocks: 2, Heads: 3, Intermediate: 100, Tokens: 50, Positions: 60, Activation: network.GELU, Labels: 1,
	})
	var results []Result
	if err := Check(n, sample.Sequences(2, n, 5, 17, 40, 60), func(r Result) { results = append(results, r) }); err != nil {
		t.Fatal(err)
	}
	fast := len(cpu.Tiers()) - 1
	if want := fast*len(native.Precisions) + len(native.Precisions) - 1; len(results) != want {
		t.Fatalf("got %d results, want %d", len(results), want)
	}
	for _, r := range results {
		t.Logf("%+v", r)
		if !r.OK() {
			t.Errorf("%s %s: pair %d differs by %g, more than %g", r.Tier, r.Precision, r.Pair, r.Largest, r.Limit)
		}
	}
	if plain := results[fast]; plain.Tier != cpu.Generic || plain.Largest == 0 || plain.Precision == native.FP32 {
		t.Errorf("got %+v, want some difference of the precisions in plain Go", plain)
	}
}

// TestDamageIsFound: logits that are wrong, or no numbers, are beyond every limit.
func TestDamageIsFound(t *testing.T) {
	want := []float32{1, 2, 3}
	for _, c := range []struct {
		got  []float32
		pair int
		ok   bool
	}{
		{[]float32{1, 2, 3}, 0, true},
		{[]float32{1, 2.0001, 3}, 1, true},
		{[]float32{1, 2, 3.01}, 2, false},
		{[]float32{1, float32(math.NaN()), 9}, 1, false},
		{[]float32{float32(math.Inf(1)), 2, 3}, 0, false},
	} {
		r := Result{Limit: fp32Limit}
		r.Largest, r.Pair = largest(c.got, want)
		if r.Pair != c.pair || r.OK() != c.ok {
			t.Errorf("%v: pair %d differs by %g, OK %v; want pair %d, OK %v", c.got, r.Pair, r.Largest, r.OK(), c.pair, c.ok)
		}
	}
}
