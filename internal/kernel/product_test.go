package kernel

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestMatMulGated: each element is that of MatMul, multiplied by the gate's, in every precision.
func TestMatMulGated(t *testing.T) {
	rng := rand.New(rand.NewPCG(22, 1))
	eachTier(t, func(t *testing.T, s *Set) {
		for _, c := range []struct{ rows, in, out int }{{1, 16, 1}, {5, 48, 17}, {97, 20, 40}, {200, 400, 33}} {
			weight, bias := random(rng, c.in*c.out, 1), random(rng, c.out, 1)
			lda, ldc, ldg := Pad(c.in)+16, Pad(c.out)+16, Pad(c.out)+32
			a := padded(rng, random(rng, c.rows*c.in, 1), c.rows, c.in, 16)
			gate := random(rng, c.rows*ldg, 1)
			gate = gate[:(c.rows-1)*ldg+Pad(c.out)]
			for name, w := range map[string]*Panels{
				"fp32": pack(weight, bias, c.in, c.out), "int8": pack8(weight, bias, c.in, c.out, 150), "int16": pack16(weight, bias, c.in, c.out),
				"int8 and rows of two digits": pack8Wide(weight, bias, c.in, c.out),
			} {
				want, got := make([]float32, c.rows*ldc), make([]float32, c.rows*ldc)
				s.MatMul(want, ldc, a, lda, c.rows, w, None, NewBuffers(c.in))
				for r := range c.rows {
					for o := range Pad(c.out) {
						want[r*ldc+o] *= gate[r*ldg+o]
					}
				}
				s.MatMulGated(got, ldc, a, lda, c.rows, w, gate, ldg, NewBuffers(c.in))
				if !slices.Equal(got, want) {
					t.Errorf("%s, %d rows, %d to %d: not the product of MatMul and the gate", name, c.rows, c.in, c.out)
				}
			}
		}
	})
}

// TestAddAndMultiplyAreExact: every tier has the bits of the plain version, within its operands.
func TestAddAndMultiplyAreExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(22, 2))
	g := newGuarded(t, 2, 4*40*48)
	eachTier(t, func(t *testing.T, s *Set) {
		for n := Width; n <= 320; n += Width {
			x, y := random(rng, n, 1), random(rng, n, 1)
			want := slices.Clone(x)
			addGeneric(&want[0], &y[0], n)
			g.everywhere(t, func() error {
				got := place(g, x)
				s.add(&got[0], &place(g, y)[0], n)
				return same(got, want)
			}, "sum of %d", n)
		}
		for _, c := range []struct{ rows, ldx, ldy int }{{1, 16, 16}, {2, 16, 32}, {7, 33, 17}, {40, 48, 16}} {
			x, y := random(rng, (c.rows-1)*c.ldx+Width, 1), random(rng, (c.rows-1)*c.ldy+Width, 1)
			want := slices.Clone(x)
			multiplyGeneric(&want[0], c.ldx, &y[0], c.ldy, c.rows)
			g.everywhere(t, func() error {
				got := place(g, x)
				s.multiply(&got[0], c.ldx, &place(g, y)[0], c.ldy, c.rows)
				return same(got, want)
			}, "product of %d rows, %d and %d apart", c.rows, c.ldx, c.ldy)
		}
	})
}
