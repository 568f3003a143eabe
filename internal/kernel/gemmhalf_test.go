package kernel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/crossrank/crossrank/internal/half"
)

var halfFormats = []half.Format{half.F16, half.BF16}

func packHalf(weight, bias []float32, in, out int, f half.Format) *Panels {
	return new(Packer).PackHalf(Matrix{in, weight}, bias, in, out, f)
}

// rounded is x as a format of 16 bits holds it.
func rounded(x []float32, f half.Format) []float32 {
	bits, wide := make([]uint16, len(x)), make([]float32, len(x))
	f.Narrow(bits, x)
	f.Widen(wide, bits)
	return wide
}

// TestHalfHasTheBitsOfFloat32: a product with weights of 16 bits has the bits of the product with
// the float32 numbers that they are, whatever the rows.
func TestHalfHasTheBitsOfFloat32(t *testing.T) {
	rng := rand.New(rand.NewPCG(41, 1))
	for _, f := range halfFormats {
		t.Run(string(f), func(t *testing.T) {
			eachTier(t, func(t *testing.T, s *Set) {
				for _, rows := range []int{1, 2, 3, 4, 5, 6, 7, 11, 13, 40, 96, 97, 103} {
					for _, in := range []int{1, 3, 4, 31, 72, 384, 387, 769} {
						for _, out := range []int{1, 16, 33, 80} {
							if rows > 13 && in > 72 && out > 33 {
								continue // plain Go takes long
							}
							checkHalf(t, s, rng, f, rows, in, out)
						}
					}
				}
			})
		})
	}
}

func checkHalf(t *testing.T, s *Set, rng *rand.Rand, f half.Format, rows, in, out int) {
	t.Helper()
	weight, bias := random(rng, in*out, 0.02), random(rng, out, 1)
	weight[len(weight)/2] = 3e-6 // a subnormal number of binary16
	a, gate := random(rng, rows*in, 1), random(rng, rows*Pad(out), 1)
	narrow, wide := packHalf(weight, bias, in, out, f), pack(rounded(weight, f), bias, in, out)
	for _, act := range []Act{None, GELU} {
		got, want := make([]float32, rows*Pad(out)), make([]float32, rows*Pad(out))
		s.MatMul(got, Pad(out), a, in, rows, narrow, act, NewBuffers(in))
		s.MatMul(want, Pad(out), a, in, rows, wide, act, nil)
		if !slices.Equal(got, want) {
			t.Fatalf("rows %d in %d out %d act %d: other bits than with rounded weights in float32", rows, in, out, act)
		}
	}
	got, want := make([]float32, rows*Pad(out)), make([]float32, rows*Pad(out))
	s.MatMulGated(got, Pad(out), a, in, rows, narrow, gate, Pad(out), NewBuffers(in))
	s.MatMulGated(want, Pad(out), a, in, rows, wide, gate, Pad(out), nil)
	if !slices.Equal(got, want) {
		t.Fatalf("rows %d in %d out %d: a gated product has other bits", rows, in, out)
	}
}

// TestGuardHalfTiles is [TestGuardTiles] for weights of 16 bits. It also checks what a tile leaves
// in float32.
func TestGuardHalfTiles(t *testing.T) {
	rng := rand.New(rand.NewPCG(42, 1))
	g := newGuarded(t, 5, 4*2*largestGuarded*Width)
	eachTier(t, func(t *testing.T, s *Set) {
		for _, f := range halfFormats {
			for panels, tiles := range [][]microkernelHalf{1: s.halfTiles(f).tile, 2: s.halfTiles(f).pair} {
				for _, k := range guardSizes(0, 1) {
					for r, tile := range tiles {
						if rows := r + 1; k <= 32 || rows == 1 || rows == len(tiles) { // the plain version takes long
							g.halfProduct(t, rng, rows, panels, k, f, tile)
						}
					}
				}
			}
		}
	})
}

func (g *guarded) halfProduct(t *testing.T, rng *rand.Rand, rows, panels, k int, f half.Format, kernel microkernelHalf) {
	t.Helper()
	width := panels * Width
	lda, ldc := k+k%3, width+k%2
	a, weights := random(rng, (rows-1)*lda+k, 1), random(rng, k*width, 1)
	b, c := make([]uint16, len(weights)), random(rng, (rows-1)*ldc+width, 1)
	f.Narrow(b, weights)
	wide := rounded(weights, f)
	for _, inPlace := range []bool{false, true} {
		init, ldi := c[:width], 0
		if inPlace {
			init, ldi = c, ldc
		}
		want, sums, scratch := slices.Clone(c), slices.Clone(c), make([]float32, len(wide))
		plain := halfTile(rows, panels, f)
		absolute := make([]uint16, len(b))
		f.Narrow(absolute, abs(wide))
		plain(k, first(a), lda, first(b), first(scratch), &init[0], ldi, &want[0], ldc, nil, 1)
		plain(k, first(abs(a)), lda, first(absolute), first(scratch), &abs(init)[0], ldi, &sums[0], ldc, nil, 1)
		g.everywhere(t, func() error {
			got, left := place(g, c), place(g, make([]float32, len(wide)))
			from := got
			if !inPlace {
				from = place(g, init)
			}
			pa, pb := first(place(g, a)), first(place(g, b))
			kernel(k, pa, lda, pb, first(left), &from[0], ldi, &got[0], ldc, &from[0], 1<<(k%3))
			if err := same(left, wide); err != nil {
				return fmt.Errorf("the weights in float32: %w", err)
			}
			return near(got, want, func(i int) float64 { return float64(2*k+4) * 0x1p-24 * float64(sums[i]) })
		}, "%s, k %d, %d rows, %d panels, in place %t", f, k, rows, panels, inPlace)
	}
}

// BenchmarkHalf compares products with weights of 16 bits and of float32, for the shapes of a
// decoder of 0.6B: of one matrix, which stays in the caches, and of as many as leave them.
func BenchmarkHalf(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	const in, out = 1024, 3072
	weight, bias := random(rng, in*out, 1), make([]float32, out)
	for _, matrices := range []int{1, 24} {
		packs := map[string][]*Panels{}
		for range matrices {
			packs["fp32"] = append(packs["fp32"], pack(weight, bias, in, out))
			packs["fp16"] = append(packs["fp16"], packHalf(weight, bias, in, out, half.F16))
			packs["bf16"] = append(packs["bf16"], packHalf(weight, bias, in, out, half.BF16))
		}
		for _, rows := range []int{1, 4, 8, 16, 64, 256} {
			a, c, buf := random(rng, rows*in, 1), make([]float32, rows*out), NewBuffers(in)
			for _, weights := range []string{"fp32", "fp16", "bf16"} {
				b.Run(fmt.Sprintf("matrices=%d/rows=%d/weights=%s", matrices, rows, weights), func(b *testing.B) {
					eachTierBench(b, func(b *testing.B, s *Set) {
						i := 0
						for b.Loop() {
							s.MatMul(c, out, a, in, rows, packs[weights][i%matrices], None, buf)
							i++
						}
						report(b, 2*rows*in*out)
					})
				})
			}
		}
	}
}
