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
	var plain Result
	for _, r := range results {
		if r.Tier == cpu.Generic {
			plain = r
		} else if r.Precision == native.BF16 && r.Limit != plain.Largest+fp32Limit {
			t.Errorf("%s %s: the limit is %g; want what rounding makes, %g, and that of float32", r.Tier, r.Precision, r.Limit, plain.Largest)
		}
	}
	if plain = results[fast]; plain.Tier != cpu.Generic || plain.Largest == 0 || plain.Precision == native.FP32 {
		t.Errorf("got %+v, want some difference of the precisions in plain Go", plain)
	}
}

// TestCheckNamesPrecisionsThatAreRefused: a weight beyond the range of fp16 stops no other
// comparison.
func TestCheckNamesPrecisionsThatAreRefused(t *testing.T) {
	n := sample.Network(1, sample.Geometry{
		Hidden: 16, Blocks: 1, Heads: 1, Intermediate: 16, Tokens: 50, Positions: 20, Activation: network.GELU, Labels: 1,
	})
	n.Blocks[0].Up.Weight[3] = 1e5
	refused, compared := map[native.Precision]bool{}, map[native.Precision]bool{}
	err := Check(n, sample.Sequences(2, n, 5), func(r Result) {
		refused[r.Precision] = refused[r.Precision] || r.Refused != nil
		compared[r.Precision] = compared[r.Precision] || r.Refused == nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range native.Precisions {
		if want := p == native.FP16; refused[p] != want || compared[p] == want {
			t.Errorf("%s: refused %t, compared %t", p, refused[p], compared[p])
		}
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
