package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func pack8Wide(weight, bias []float32, in, out int) *Panels {
	return new(Packer).Pack8Wide(Matrix{in, weight}, bias, in, out)
}

// TestMatMul8Wide compares the product of rows with two digits with its definition, on every tier
// and with both sizes of digits: the tiers have the same bits, and the product is that of the
// quantized numbers.
func TestMatMul8Wide(t *testing.T) {
	rng := rand.New(rand.NewPCG(31, 1))
	for _, in := range []int{1, 4, 16, 17, 72, 401} {
		for _, out := range []int{1, 16, 40, blockPanels*Width + 5} {
			weight, bias := random(rng, in*out, 1), random(rng, out, 1)
			for _, rows := range []int{1, 3, 5, 97} {
				if rows > 9 && in > 72 && out > 40 {
					continue
				}
				a := padded(rng, random(rng, rows*in, 1), rows, in, 16)
				lda, ldc := Pad(in)+16, Pad(out)+3
				for _, full := range []bool{false, true} {
					w := pack8Wide(weight, bias, in, out)
					if full {
						w = new(Packer).Pack8WideFull(Matrix{in, weight}, bias, in, out)
					}
					want := make([]float32, rows*ldc)
					generic.MatMul(want, ldc, a, lda, rows, w, None, NewBuffers(in))
					for r := range rows {
						checkRowWide(t, want[r*ldc:], a[r*lda:r*lda+in], w, bias)
					}
					eachTier(t, func(t *testing.T, s *Set) {
						if full && !s.FullRange8() {
							t.Skip("it adds some products in 16 bits")
						}
						got := make([]float32, rows*ldc)
						s.MatMul(got, ldc, a, lda, rows, w, None, NewBuffers(in))
						if !slices.Equal(got, want) {
							t.Errorf("rows %d in %d out %d: differs from the plain version", rows, in, out)
						}
					})
				}
			}
		}
	}
}

// checkRowWide compares a row of a product with that of the numbers that both sides were quantized
// to, in float64.
func checkRowWide(t *testing.T, got, a []float32, w *Panels, bias []float32) {
	t.Helper()
	half := float64(int(1)<<(2*w.int8.wide.bits-1) - 1)
	step := float64(max(slices.Max(a), -slices.Min(a))) / half
	for o := range w.Out {
		q, scale := unpack8(w, o)
		want, columns, size := float64(bias[o]), 0.0, math.Abs(float64(bias[o]))
		for i, v := range a {
			term := math.RoundToEven(float64(v)/step) * step * scale * float64(q[i])
			want, columns, size = want+term, columns+float64(q[i]), size+math.Abs(term)
		}
		// The digits' products are rounded beside the offset that makes them positive; and a number
		// halfway between two may become either.
		bound := 1e-6*(size+half*step*scale*math.Abs(columns)) + step*scale*128 + float64(len(a))*1e-7*half*step*scale*127
		if !(math.Abs(float64(got[o])-want) <= bound) {
			t.Fatalf("%d inputs, output %d: got %g, want %g ± %.2g", w.In, o, got[o], want, bound)
		}
	}
}

// TestWideErrorIsOfWeightsAlone: the product is as near the exact one as weights of 8 bits are,
// with an input that is far larger than the others too, beside which one byte an element would lose
// them.
func TestWideErrorIsOfWeightsAlone(t *testing.T) {
	rng := rand.New(rand.NewPCG(32, 1))
	const in, out = 384, 32
	weight, a := random(rng, in*out, 0.05), random(rng, in, 1)
	a[100] = 30
	for o := range out {
		weight[o*in+100] /= 30
	}
	exact := make([]float64, out)
	for o := range out {
		for i, v := range a {
			exact[o] += float64(v) * float64(weight[o*in+i])
		}
	}
	eachTier(t, func(t *testing.T, s *Set) {
		sum := func(w *Panels) (sum float64) {
			c := make([]float32, out)
			s.MatMul(c, out, a, in, 1, w, None, NewBuffers(in))
			for o, v := range c {
				sum += math.Abs(float64(v) - exact[o])
			}
			return sum / out
		}
		zeros := make([]float32, out)
		wide, words, bytes := sum(pack8Wide(weight, zeros, in, out)), sum(pack16(weight, zeros, in, out)), sum(pack8(weight, zeros, in, out, quantMax))
		t.Logf("mean errors: %.2g, with int16 weights %.2g, with rows of a byte an element %.2g", wide, words, bytes)
		if !(wide < bytes/3) {
			t.Errorf("the mean error is %g, and %g with rows of a byte an element; want less than a third", wide, bytes)
		}
	})
}

// TestWideBlocks: blocks of rows with two digits have the bits of the plain version.
func TestWideBlocks(t *testing.T) {
	rng := rand.New(rand.NewPCG(33, 1))
	const in = 100
	for _, out := range []int{16, 50, blockPanels*Width + 5} {
		weight, bias := random(rng, in*out, 1), random(rng, out, 1)
		w := new(Packer).Pack8WideFull(Matrix{in, weight}, bias, in, out)
		eachTierOfBlocks(t, func(t *testing.T, s *Set) {
			for _, rows := range []int{1, 2, 17, rowBlock + 5} {
				a := padded(rng, random(rng, rows*in, 1), rows, in, 0)
				got, want := make([]float32, rows*Pad(out)), make([]float32, rows*Pad(out))
				s.MatMul(got, Pad(out), a, Pad(in), rows, w, None, NewBuffers(in))
				generic.MatMul(want, Pad(out), a, Pad(in), rows, w, None, NewBuffers(in))
				if err := same(got, want); err != nil {
					t.Errorf("%d columns, %d rows: %v", out, rows, err)
				}
			}
		})
	}
}
