package kernel

import (
	"math"
	"math/cmplx"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestRotaryOrder: every element has a place of its own within the padded head.
func TestRotaryOrder(t *testing.T) {
	for size := 1; size <= 70; size++ {
		for pairs := 1; 2*pairs <= size; pairs++ {
			order := RotaryOrder(size, pairs)
			slices.Sort(order)
			if unique := slices.Compact(order); len(unique) != size || unique[0] < 0 || unique[size-1] >= Pad(size) {
				t.Errorf("size %d, %d pairs: places %v", size, pairs, unique)
			}
		}
	}
}

// TestRotate compares the kernel with the definition by complex numbers: element k and element k +
// pairs of a head turn by position · frequency, the others stay.
func TestRotate(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 1))
	eachTier(t, func(t *testing.T, s *Set) {
		for _, c := range []struct{ size, pairs, heads, rows int }{
			{2, 1, 1, 1}, {8, 4, 3, 5}, {16, 8, 2, 7}, {64, 32, 3, 300}, {7, 3, 2, 4}, {20, 5, 2, 9}, {5, 1, 1, 3}, {40, 20, 1, 2},
		} {
			frequencies := make([]float64, c.pairs)
			for i := range frequencies {
				frequencies[i] = math.Pow(1000, -float64(i)/float64(c.pairs))
			}
			order, table := RotaryOrder(c.size, c.pairs), RotaryTable(c.rows, c.size, frequencies)
			width := c.heads * Pad(c.size)
			ld := width + 3
			x, original := make([]float32, c.rows*ld), random(rng, c.rows*c.heads*c.size, 1)
			for i, v := range original {
				x[i/(c.heads*c.size)*ld+i/c.size%c.heads*Pad(c.size)+order[i%c.size]] = v
			}
			for r := range c.rows {
				copy(x[r*ld+width:], []float32{7, 7, 7})
			}
			s.Rotate(x, ld, c.rows, c.heads, Pad(c.size), table)
			for i, v := range original {
				position, d := i/(c.heads*c.size), i%c.size
				want := float64(v)
				switch {
				case d < c.pairs:
					turned := complex(want, float64(original[i+c.pairs])) * cmplx.Rect(1, float64(position)*frequencies[d])
					want = real(turned)
				case d < 2*c.pairs:
					turned := complex(float64(original[i-c.pairs]), want) * cmplx.Rect(1, float64(position)*frequencies[d-c.pairs])
					want = imag(turned)
				}
				got := x[position*ld+i/c.size%c.heads*Pad(c.size)+order[d]]
				if math.Abs(float64(got)-want) > 1e-6 {
					t.Fatalf("size %d, %d pairs: position %d element %d = %g, want %g", c.size, c.pairs, position, d, got, want)
				}
			}
			for r := range c.rows {
				if !slices.Equal(x[r*ld+width:(r+1)*ld], []float32{7, 7, 7}) {
					t.Fatalf("size %d: wrote beside the heads of row %d", c.size, r)
				}
			}
		}
	})
}

// TestRotateIsExact: every tier has the bits of the plain version.
func TestRotateIsExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 2))
	g := newGuarded(t, 2, 4*8*64)
	eachTier(t, func(t *testing.T, s *Set) {
		for _, size := range []int{16, 32, 48, 64, 128} {
			for _, heads := range []int{1, 3} {
				x, table := random(rng, heads*size, 1), random(rng, size, 1)
				x[rng.IntN(len(x))] = float32(math.Inf(1))
				want := slices.Clone(x)
				rotateGeneric(&want[0], heads, size, &table[0])
				g.everywhere(t, func() error {
					got := place(g, x)
					s.rotate(&got[0], heads, size, &place(g, table)[0])
					return near(got, want, func(i int) float64 {
						if want[i] != want[i] {
							return math.Inf(1)
						}
						return 0
					})
				}, "%d heads of %d", heads, size)
			}
		}
	})
}
