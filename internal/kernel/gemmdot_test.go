package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/crossrank/crossrank/internal/cpu"
	"github.com/crossrank/crossrank/internal/half"
)

// noPairs stands for a tier that has no instructions for pairs of bfloat16 numbers.
var noPairs = &Set{packRows: packRowsGeneric}

// packDot packs for the kernels of a set; nil: plain Go.
func packDot(s *Set, weight, bias []float32, in, out int) *Panels {
	return NewPacker(s).PackDot(Matrix{in, weight}, bias, in, out)
}

// TestDot compares products with those of the rounded operands in float64, on every tier.
func TestDot(t *testing.T) {
	rng := rand.New(rand.NewPCG(51, 1))
	eachTier(t, func(t *testing.T, s *Set) {
		for _, rows := range []int{1, 2, 3, 5, 7, 12, 13, 33, 96, 97, 103} {
			for _, in := range []int{1, 2, 3, 15, 16, 31, 72, 387, 769, 1600} {
				for _, out := range []int{1, 16, 33, 80} {
					if rows > 13 && in > 72 && out > 33 {
						continue // plain Go takes long
					}
					checkDot(t, s, rng, rows, in, out)
				}
			}
		}
	})
}

func checkDot(t *testing.T, s *Set, rng *rand.Rand, rows, in, out int) {
	t.Helper()
	weight, bias, x := random(rng, in*out, 0.1), random(rng, out, 1), random(rng, rows*in, 1)
	lda, ldc := Pad(in)+16, Pad(out)+16
	a, c := padded(rng, x, rows, in, 16), slices.Repeat([]float32{777}, rows*ldc)
	s.MatMul(c, ldc, a, lda, rows, packDot(s, weight, bias, in, out), None, NewBuffers(in))
	rx, rw := rounded(x, half.BF16), rounded(weight, half.BF16)
	for r := range rows {
		for o := range ldc {
			got, want, bound := float64(c[r*ldc+o]), 0.0, 0.0
			switch {
			case o >= Pad(out):
				want = 777
			case o < out:
				want = float64(bias[o])
				bound = math.Abs(want)
				for i := range in {
					p := float64(rx[r*in+i]) * float64(rw[o*in+i])
					want += p
					bound += math.Abs(p)
				}
			}
			if !(math.Abs(got-want) <= float64(in+4)*0x1p-23*bound) {
				t.Fatalf("rows %d in %d out %d: C[%d,%d] = %g, want %g", rows, in, out, r, o, got, want)
			}
		}
	}
}

// TestDotTiersAgree: a product has the bits of plain Go on every tier, also on those that have no
// instructions for pairs.
func TestDotTiersAgree(t *testing.T) {
	rng := rand.New(rand.NewPCG(52, 1))
	const in, out, rows = 811, 48, 103
	weight, bias := random(rng, in*out, 1), random(rng, out, 1)
	a := padded(rng, random(rng, rows*in, 1), rows, in, 0)
	weight[3], a[7] = 1e-39, -1e-39 // subnormal
	eachTier(t, func(t *testing.T, s *Set) {
		got, w := make([]float32, rows*out), packDot(s, weight, bias, in, out)
		s.MatMul(got, out, a, Pad(in), rows, w, None, NewBuffers(in))
		plain := make([]float32, rows*out)
		s.Plain().MatMul(plain, out, a, Pad(in), rows, w, None, NewBuffers(in))
		if !slices.Equal(got, plain) {
			t.Error("differs from plain Go on the same panels")
		}
		s.Plain().MatMul(plain, out, a, Pad(in), rows, packDot(nil, weight, bias, in, out), None, NewBuffers(in))
		if !slices.Equal(got, plain) {
			t.Error("differs from plain Go on its own panels")
		}
	})
}

// TestDotRowsAreIndependent: the bits of a row do not depend on the rows around it.
func TestDotRowsAreIndependent(t *testing.T) {
	rng := rand.New(rand.NewPCG(53, 1))
	const in, out, rows = 816, 48, 205
	weight, bias, a := random(rng, in*out, 1), random(rng, out, 1), random(rng, rows*in, 1)
	eachTier(t, func(t *testing.T, s *Set) {
		w, whole := packDot(s, weight, bias, in, out), make([]float32, rows*out)
		s.MatMul(whole, out, a, in, rows, w, GELU, NewBuffers(in))
		for range 40 {
			low := rng.IntN(rows)
			n := 1 + rng.IntN(min(rows-low, 20))
			part := make([]float32, n*out)
			s.MatMul(part, out, a[low*in:], in, n, w, GELU, NewBuffers(in))
			if !slices.Equal(part, whole[low*out:(low+n)*out]) {
				t.Fatalf("rows %d to %d alone differ from the same rows among %d", low, low+n, rows)
			}
		}
	})
}

// hostile are numbers that a kernel may treat in a way of its own: infinite, none, zero of both
// signs, subnormal, the largest and the smallest, and some halfway between two of bfloat16.
var hostile = func() (all []float32) {
	for _, bits := range []uint32{
		0, 1, 0x7fffff, 0x800000, 0x807fff, 0x808000, 0x3f800000, 0x3f808000, 0x3f818000, 0x3f808001, 0x3f7f8000, 0x3f7fffff,
		0x7f7f7fff, 0x7f7f8000, 0x7f7fffff, 0x7f800000, 0x7f800001, 0x7fc00000, 0x7fffffff, 0x0d800000, 0x30800000,
	} {
		all = append(all, math.Float32frombits(bits), math.Float32frombits(bits|1<<31))
	}
	return all
}()

// alike compares bits, but not those of numbers that are none.
func alike(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

// TestGuardRoundPairs compares the rounding of rows with plain Go's, bit for bit.
func TestGuardRoundPairs(t *testing.T) {
	rng := rand.New(rand.NewPCG(54, 1))
	g := newGuarded(t, 2, 4*largestGuarded)
	eachTier(t, func(t *testing.T, s *Set) {
		if s.roundPairs == nil {
			t.Skip("this tier rounds in plain Go")
		}
		for _, n := range guardSizes(Width, Width) {
			src, want := random(rng, n, 1), make([]uint16, n)
			for i := range src {
				if rng.IntN(3) == 0 {
					src[i] = hostile[rng.IntN(len(hostile))]
				}
			}
			roundPairsGeneric(&want[0], &src[0], n)
			g.everywhere(t, func() error {
				got := place(g, make([]uint16, n))
				s.roundPairs(&got[0], &place(g, src)[0], n)
				for i, v := range src {
					if flush(v) == 0 {
						got[i] &= 1 << 15 // it may be subnormal, as which a product does not take it
					}
				}
				return same(got, want)
			}, "n %d", n)
		}
	})
}

// TestRoundSwapped: tiers without instructions for pairs round as the others do.
func TestRoundSwapped(t *testing.T) {
	want, got := make([]uint16, len(hostile)), make([]float32, len(hostile))
	roundPairsGeneric(&want[0], &hostile[0], len(hostile))
	roundSwapped(got, hostile)
	for i, v := range hostile {
		if bits := math.Float32bits(got[i^1]); bits != uint32(want[i])<<16 {
			t.Errorf("%x is rounded to %x, want %x", math.Float32bits(v), bits, uint32(want[i])<<16)
		}
	}
}

// TestGuardDotTiles is [TestGuardTiles] for pairs, bit for bit and with hostile numbers.
func TestGuardDotTiles(t *testing.T) {
	rng := rand.New(rand.NewPCG(55, 1))
	g := newGuarded(t, 4, 4*largestGuarded*2*Width)
	eachTier(t, func(t *testing.T, s *Set) {
		if s.dot.tile == nil {
			t.Skip("this tier has no product of pairs")
		}
		for _, k := range []int{0, 1, 2, 3, 4, 5, 8, 9, 14, 15, 16, 31, 64, 131, 384, 521} {
			if s.Tier == cpu.NEONBF16 && (k == 0 || k%2 == 1) {
				continue // its tiles take pairs by two
			}
			for r, tile := range s.dot.tile {
				g.dotProduct(t, rng, r+1, k, Width, k*Width, tile, s.Plain().dot.tile[r])
			}
			for r, pair := range s.dot.pair {
				apart := k*Width + k%3
				at := func(p microkernelPair) microkernel {
					return func(k int, a *float32, lda int, b, init *float32, ldi int, c *float32, ldc int, next *float32, lines int) {
						p(k, a, lda, b, apart, init, ldi, c, ldc, next, lines)
					}
				}
				g.dotProduct(t, rng, r+1, k, 2*Width, apart+k*Width, at(pair), at(dotPair(r+1)))
			}
		}
	})
}

func (g *guarded) dotProduct(t *testing.T, rng *rand.Rand, rows, k, width, weights int, kernel, plain microkernel) {
	t.Helper()
	lda, ldc := k+k%3, width+k%2
	numbers := func(pairs int, wild bool) []float32 {
		x := random(rng, 2*pairs, 1)
		if wild {
			for range 1 + len(x)/8 {
				x[rng.IntN(len(x))] = hostile[rng.IntN(len(hostile))]
			}
		}
		narrow := make([]uint16, len(x))
		half.BF16.Narrow(narrow, x)
		return pairsOf(narrow)
	}
	for _, wild := range []bool{false, k > 0} {
		a, b, c := numbers((rows-1)*lda+k, wild), numbers(weights, wild), random(rng, (rows-1)*ldc+width, 1)
		want := slices.Clone(c)
		plain(k, first(a), lda, first(b), &c[0], ldc, &want[0], ldc, nil, 1)
		g.everywhere(t, func() error {
			got := place(g, c)
			pa, pb := first(place(g, a)), first(place(g, b))
			kernel(k, pa, lda, pb, &got[0], ldc, &got[0], ldc, &got[0], 1<<(k%3))
			for i := range want {
				if !alike(got[i], want[i]) {
					return fmt.Errorf("element %d is %g, the plain version gives %g", i, got[i], want[i])
				}
			}
			return nil
		}, "k %d, %d rows, width %d, hostile %t", k, rows, width, wild)
	}
}

// TestGuardDotBlock tests products of blocks of pairs, bit for bit.
func TestGuardDotBlock(t *testing.T) {
	rng := rand.New(rand.NewPCG(56, 1))
	g := newGuarded(t, 4, 4*(rowBlock+1)*largestGuarded)
	eachTier(t, func(t *testing.T, s *Set) {
		if s.dotBlock == nil {
			t.Skip("this tier has no product of blocks of pairs")
		}
		for _, c := range []struct{ rows, inputs, panels int }{
			{1, 32, 1}, {1, 64, 3}, {2, 96, 2}, {3, 32, 16}, {15, 64, 1}, {16, 384, 2}, {17, 32, 3}, {31, 64, 2}, {32, 32, 1},
			{33, 96, 5}, {48, 32, 2}, {95, 32, 1}, {96, 64, 4},
		} {
			k, lda, ldc := c.inputs/2, c.inputs+2*(c.rows%3), c.panels*Width+c.rows%2
			numbers := func(n int) []uint16 {
				x, bits := random(rng, n, 1), make([]uint16, n)
				for range n / 16 {
					x[rng.IntN(n)] = hostile[rng.IntN(len(hostile))]
				}
				half.BF16.Narrow(bits, x)
				return bits
			}
			a, b, bias := numbers((c.rows-1)*lda+c.inputs), numbers(c.panels*c.inputs*Width), random(rng, c.panels*Width, 1)
			want := random(rng, (c.rows-1)*ldc+c.panels*Width, 1)
			from := slices.Clone(want)
			dotBlockGeneric(k, &a[0], lda, c.rows, &b[0], c.panels, &bias[0], &want[0], ldc)
			g.everywhere(t, func() error {
				got := place(g, from)
				s.dotBlock(k, &place(g, a)[0], lda, c.rows, &place(g, b)[0], c.panels, &place(g, bias)[0], &got[0], ldc)
				for i := range want {
					if !alike(got[i], want[i]) {
						return fmt.Errorf("element %d is %g, the plain version gives %g", i, got[i], want[i])
					}
				}
				return nil
			}, "%+v", c)
		}
	})
}

// BenchmarkTileDot is [BenchmarkTile] for pairs: both in turns, so that what else the machine does
// touches both alike.
func BenchmarkTileDot(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	eachTierBench(b, func(b *testing.B, s *Set) {
		if s.dot.pair == nil {
			b.Skip("this tier has no pairs of panels of pairs")
		}
		const k, rows = 128, 12
		w, a, c := random(rng, k*16, 1), random(rng, rows*k, 1), make([]float32, rows*32)
		narrow := make([]uint16, 2*len(w))
		roundTo(narrow, random(rng, len(narrow), 1))
		pairs := pairsOf(narrow)
		b.Run("weights=fp32", func(b *testing.B) {
			for b.Loop() {
				s.pair[rows-1](k, &a[0], k, &w[0], 0, &c[0], 0, &c[0], 32, &w[0], 1)
			}
			report(b, 2*rows*2*16*k)
		})
		b.Run("weights=pairs", func(b *testing.B) {
			for b.Loop() {
				s.dot.pair[rows-1](k, &pairs[0], k, &pairs[0], 0, &c[0], 0, &c[0], 32, &pairs[0], 1)
			}
			report(b, 2*rows*2*16*2*k)
		})
	})
}

// BenchmarkDot compares products of the shapes of MiniLM-L-6 with those in other precisions.
func BenchmarkDot(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, shape := range []struct{ in, out int }{{384, 1152}, {384, 1536}, {1536, 384}, {1024, 3072}} {
		weight, bias := random(rng, shape.in*shape.out, 1), make([]float32, shape.out)
		for _, rows := range []int{1, 4, 16, 80, 256} {
			a, c, buf := random(rng, rows*shape.in, 1), make([]float32, rows*shape.out), NewBuffers(shape.in)
			eachTierBench(b, func(b *testing.B, s *Set) {
				if s == generic {
					b.Skip("plain Go")
				}
				p := NewPacker(s)
				for _, w := range []struct {
					name   string
					panels *Panels
				}{
					{"fp32", p.Pack(Matrix{shape.in, weight}, bias, shape.in, shape.out)},
					{"bf16", p.PackHalf(Matrix{shape.in, weight}, bias, shape.in, shape.out, half.BF16)},
					{"bf16-dot", p.PackDot(Matrix{shape.in, weight}, bias, shape.in, shape.out)},
					{"int8", p.Pack8Full(Matrix{shape.in, weight}, bias, shape.in, shape.out)},
				} {
					b.Run(fmt.Sprintf("in=%d/out=%d/rows=%d/weights=%s", shape.in, shape.out, rows, w.name), func(b *testing.B) {
						for b.Loop() {
							s.MatMul(c, shape.out, a, shape.in, rows, w.panels, None, buf)
						}
						report(b, 2*rows*shape.in*shape.out)
					})
				}
			})
		}
	}
}
