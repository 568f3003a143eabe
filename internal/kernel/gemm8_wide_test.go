package kernel

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestInt8ColumnSums: an offset that a kernel subtracts from activations, to make them signed, is
// added back exactly, for the widest inputs with the largest weights. Few activations are not zero,
// so that the result itself is exact in every tier.
func TestInt8ColumnSums(t *testing.T) {
	const in = 1 << 15 // beyond any model
	rng := rand.New(rand.NewPCG(7, 1))
	weight, a := make([]float32, Width*in), make([]float32, in)
	for o := range Width {
		size := float32(rng.ExpFloat64())
		for i := range in {
			weight[o*in+i] = size
			if o%3 == 2 && i%(o+2) == 0 {
				weight[o*in+i] = -size / 2
			}
		}
	}
	for range 20 {
		a[rng.IntN(in)] = rng.Float32()
	}
	for _, quantMax := range []int{64, quantMax, 255} {
		w := pack8(weight, random(rng, Width, 1), in, Width, quantMax)
		want := make([]float32, Width)
		generic.MatMul(want, Width, a, in, 1, w, None, NewBuffers(in))
		eachTier(t, func(t *testing.T, s *Set) {
			got := make([]float32, Width)
			s.MatMul(got, Width, a, in, 1, w, None, NewBuffers(in))
			if !slices.Equal(got, want) {
				t.Errorf("quantMax %d: got %v, the plain version %v", quantMax, got, want)
			}
		})
	}
}
