package kernel

import (
	"math/rand/v2"
	"testing"

	"github.com/crossrank/crossrank/internal/half"
)

// TestColumns: a product with some columns of the weights has the bits that the product with all
// has there, on every tier.
func TestColumns(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 1))
	const in, out = 72, 104
	weight, bias := random(rng, in*out, 1), random(rng, out, 1)
	for name, w := range map[string]*Panels{
		"float32": pack(weight, bias, in, out), "bf16": packHalf(weight, bias, in, out, half.BF16),
		"pairs": packDot(nil, weight, bias, in, out), "rounded": packDot(noPairs, weight, bias, in, out),
		"int8": pack8(weight, bias, in, out, 150), "int16": pack16(weight, bias, in, out),
		"int8 and rows of two digits": pack8Wide(weight, bias, in, out),
	} {
		for _, rows := range []int{1, 7, 30, 100} {
			a := padded(rng, random(rng, rows*in, 1), rows, in, 0)
			eachTier(t, func(t *testing.T, s *Set) {
				if name == "pairs" && s.dot.tile == nil {
					t.Skip("this tier has no product of pairs")
				}
				const ld = 112
				want := make([]float32, rows*ld)
				s.MatMul(want, ld, a, Pad(in), rows, w, GELU, NewBuffers(in))
				for _, cut := range [][2]int{{0, 16}, {16, 48}, {48, 104}, {0, 104}, {96, 104}} {
					low, high := cut[0], cut[1]
					got := make([]float32, rows*ld)
					s.MatMul(got[low:], ld, a, Pad(in), rows, w.Columns(low, high), GELU, NewBuffers(in))
					for i, v := range got {
						if c := i % ld; c >= low && c < Pad(high) && v != want[i] || (c < low || c >= Pad(high)) && v != 0 {
							t.Fatalf("%s, %d rows, columns %d to %d: element %d is %g, want %g", name, rows, low, high, i, v, want[i])
						}
					}
				}
			})
		}
	}
}
