package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestMatMul16 compares the int16 product with the exact one, within half a step on both sides.
func TestMatMul16(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, rows := range []int{1, 2, 3, 4, 5, 9, 97} {
		for _, in := range []int{1, 4, 15, 16, 17, 72, 384} {
			for _, out := range []int{1, 16, 40} {
				if rows > 9 && in > 72 {
					continue
				}
				weight, bias := random(rng, in*out, 1), random(rng, out, 1)
				a := padded(rng, random(rng, rows*in, 1), rows, in, 16)
				w, lda, ldc := pack16(weight, bias, in, out), Pad(in)+16, Pad(out)+3
				eachTier(t, func(t *testing.T, s *Set) {
					c := make([]float32, rows*ldc)
					s.MatMul(c, ldc, a, lda, rows, w, None, NewBuffers(in))
					for r := range rows {
						row := a[r*lda : r*lda+in]
						step := largest(row) / float64(w.int16.quantMax)
						for o := range Pad(out) {
							want, bound := 0.0, 0.0
							if o < out {
								column := weight[o*in : (o+1)*in]
								scale := largest(column) / float64(w.int16.quantMax)
								want, bound = float64(bias[o]), 1e-5
								for i, v := range column {
									x, y := float64(row[i]), float64(v)
									want += x * y
									bound += math.Abs(x)*scale/2 + (math.Abs(y)+scale/2)*step/2
								}
							}
							if got := float64(c[r*ldc+o]); !(math.Abs(got-want) <= bound) {
								t.Fatalf("rows %d in %d out %d: C[%d,%d] = %g, want %g ± %.2g", rows, in, out, r, o, got, want, bound)
							}
						}
					}
				})
			}
		}
	}
}

func largest(x []float32) (top float64) {
	for _, v := range x {
		top = max(top, math.Abs(float64(v)))
	}
	return top
}

// TestInt16SumsFit: operands all at their largest do not overflow the 32 bits of a sum.
func TestInt16SumsFit(t *testing.T) {
	for _, in := range []int{16, 384, 1536, 4096} {
		ones := slices.Repeat([]float32{1}, in)
		w := pack16(ones, []float32{0}, in, 1)
		eachTier(t, func(t *testing.T, s *Set) {
			c := make([]float32, Width)
			s.MatMul(c, Width, ones, in, 1, w, None, NewBuffers(in))
			if math.Abs(float64(c[0])-float64(in)) > 1e-3*float64(in) {
				t.Errorf("%d products of 1: %g", in, c[0])
			}
		})
	}
}

// TestInt16TiersAgree: the sums are exact, so every tier gives the same bits, for any rows.
func TestInt16TiersAgree(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	const in, out, rows = 401, 48, 103
	w, a := pack16(random(rng, in*out, 1), random(rng, out, 1), in, out), padded(rng, random(rng, rows*in, 1), rows, in, 0)
	want := make([]float32, rows*out)
	generic.MatMul(want, out, a, Pad(in), rows, w, None, NewBuffers(in))
	eachTier(t, func(t *testing.T, s *Set) {
		whole := make([]float32, rows*out)
		s.MatMul(whole, out, a, Pad(in), rows, w, None, NewBuffers(in))
		if !slices.Equal(whole, want) {
			t.Fatal("differs from the plain version")
		}
		part := make([]float32, 7*out)
		s.MatMul(part, out, a[50*Pad(in):], Pad(in), 7, w, None, NewBuffers(in))
		if !slices.Equal(part, want[50*out:57*out]) {
			t.Fatal("rows 50 to 57 alone differ from the whole's")
		}
	})
}

// BenchmarkTile16 is the int16 tile on a panel, or two, that stay in the first-level cache.
func BenchmarkTile16(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	eachTierBench(b, func(b *testing.B, s *Set) {
		const k = 384
		rows := len(s.tile16)
		w, q, c := pack16(random(rng, k*32, 1), make([]float32, 32), k, 32), NewBuffers(k), make([]float32, rows*32)
		panels, d, params := 1, &w.int16.data[0], &w.int16.params[0]
		for b.Loop() {
			for range 100 {
				if s.pair16 != nil {
					panels = 2
					s.pair16[rows-1](k, &q.words[0], k, d, k*16, &q.params[0], params, &c[0], 32, d)
				} else {
					s.tile16[rows-1](k, &q.words[0], k, d, &q.params[0], params, &c[0], 16)
				}
			}
		}
		report(b, 100*2*rows*panels*16*k)
	})
}

func BenchmarkMatMul16(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, rows := range []int{1, 80, 256} {
		w := pack16(random(rng, 384*768, 1), random(rng, 768, 1), 384, 768)
		a, c, q := random(rng, rows*384, 1), make([]float32, rows*768), NewBuffers(384)
		b.Run(fmt.Sprintf("shape=queries+keys/rows=%d", rows), func(b *testing.B) {
			eachTierBench(b, func(b *testing.B, s *Set) {
				for b.Loop() {
					s.MatMul(c, 768, a, 384, rows, w, None, q)
				}
				report(b, 2*rows*384*768)
			})
		})
	}
}
