package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"github.com/crossrank/crossrank/internal/guard"
)

// These tests run every kernel of every tier on operands that end and begin at inaccessible pages,
// with exactly the memory that its contract states, and compare its results with the plain
// version's.

// guarded has memory for each of a kernel's operands.
type guarded struct {
	memories []*guard.Memory
	next     int // the operand placed next
	at       guard.Edge
	shift    int // elements between operands and the edge
}

// newGuarded makes memory for a number of operands of up to size bytes.
func newGuarded(t *testing.T, operands, size int) *guarded {
	g := &guarded{}
	for range operands {
		g.memories = append(g.memories, guard.New(t, size))
	}
	return g
}

// place puts a copy of x at the current edge.
func place[T any](g *guarded, x []T) []T {
	g.next++
	return guard.Place(g.memories[g.next-1], g.at, g.shift, x)
}

// everywhere runs a test with its operands at either edge, and some elements away from it, which
// spoils their alignment.
func (g *guarded) everywhere(t *testing.T, test func() error, format string, args ...any) {
	t.Helper()
	for _, g.at = range []guard.Edge{guard.End, guard.Begin} {
		away := 1 + (g.shift+4)%7 // another number each time
		for _, g.shift = range []int{0, away} {
			g.next = 0
			var wrong error
			fault := guard.Faults(func() { wrong = test() })
			switch {
			case fault != nil:
				wrong = fmt.Errorf("it touched memory outside its operands: %w", fault)
			case wrong == nil && slices.ContainsFunc(g.memories[:g.next], func(m *guard.Memory) bool { return !m.Intact() }):
				wrong = fmt.Errorf("it wrote beside an operand")
			}
			if wrong != nil {
				t.Fatalf("%s, operands %d elements from the %s: %v", fmt.Sprintf(format, args...), g.shift, g.at, wrong)
			}
		}
	}
}

// guardSizes are all from low to 257 and some primes up to 4,099, rounded up to multiples of unit.
func guardSizes(low, unit int) []int {
	sizes := append(sequence(low, 257), 263, 521, 1031, 2053, 4099)
	if testing.Short() { // of those over 70, which are the most work, a part with every remainder
		sizes = slices.DeleteFunc(sizes, func(n int) bool { return n > 70 && n < 257 && n%5 != 0 })
	}
	for i, n := range sizes {
		sizes[i] = (n + unit - 1) / unit * unit
	}
	return slices.Compact(sizes)
}

// largestGuarded is the most elements of an operand's row.
const largestGuarded = 4112

// near compares a kernel's results with the plain version's.
func near(got, want []float32, bound func(i int) float64) error {
	for i := range want {
		if e := math.Abs(float64(got[i]) - float64(want[i])); !(e <= bound(i)) && got[i] != want[i] {
			return fmt.Errorf("element %d is %g, the plain version gives %g", i, got[i], want[i])
		}
	}
	return nil
}

func same[T comparable](got, want []T) error {
	for i := range want {
		if got[i] != want[i] {
			return fmt.Errorf("element %d is %v, the plain version gives %v", i, got[i], want[i])
		}
	}
	return nil
}

func abs(x []float32) []float32 {
	x = slices.Clone(x)
	for i, v := range x {
		x[i] = max(v, -v)
	}
	return x
}

// first is the address of the first element, or where it would be.
func first[T any](x []T) *T { return unsafe.SliceData(x) }

// TestGuardCatchesKernels: a product one element longer than its operands is caught in every tier.
func TestGuardCatchesKernels(t *testing.T) {
	g := newGuarded(t, 3, 4096)
	eachTier(t, func(t *testing.T, s *Set) {
		const k = 9
		for _, g.at = range []guard.Edge{guard.End, guard.Begin} {
			g.next, g.shift = 0, 0
			a, b, c := place(g, make([]float32, k)), place(g, make([]float32, k*Width)), place(g, make([]float32, Width))
			from, n := &a[0], k+1
			if g.at == guard.Begin {
				from, n = skip(from, -1), k
			}
			if guard.Faults(func() { s.tile[0](n, from, k, &b[0], &zeros[0], 0, &c[0], Width, &b[0], 1) }) == nil {
				t.Errorf("reading beyond the %s was not caught", g.at)
			}
		}
	})
}

func TestGuardTiles(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 1))
	g := newGuarded(t, 4, 4*largestGuarded*Width)
	eachTier(t, func(t *testing.T, s *Set) {
		for _, k := range guardSizes(0, 1) {
			heights := sequence(1, len(s.tile))
			switch largest := len(s.tile); { // the plain version takes long
			case k > 257:
				heights = []int{1, largest}
			case k > 32 && largest > 6:
				heights = []int{1, largest - 1, largest}
			}
			for _, rows := range heights {
				g.product(t, rng, rows, k, Width, k*Width, s.tile[rows-1], generic.tile[rows-1])
			}
		}
	})
}

// TestGuardPairs does so for two panels that lie apart; noise is between them.
func TestGuardPairs(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 1))
	g := newGuarded(t, 4, 4*2*largestGuarded*Width)
	eachTier(t, func(t *testing.T, s *Set) {
		for _, k := range guardSizes(0, 1) {
			heights := sequence(1, len(s.pair))
			if k > 32 {
				heights = heights[max(0, len(heights)-2):] // the plain version takes long
			}
			for _, rows := range heights {
				apart := k*Width + k%5
				at := func(pair microkernelPair) microkernel {
					return func(k int, a *float32, lda int, b, init *float32, ldi int, c *float32, ldc int, next *float32, lines int) {
						pair(k, a, lda, b, apart, init, ldi, c, ldc, next, lines)
					}
				}
				g.product(t, rng, rows, k, 2*Width, apart+k*Width, at(s.pair[rows-1]), at(gemmPair(rows)))
			}
		}
	})
}

// product tests a microkernel for some rows of A and panels of size elements, which makes width
// columns: with init apart from C, and in place.
func (g *guarded) product(t *testing.T, rng *rand.Rand, rows, k, width, size int, kernel, plain microkernel) {
	t.Helper()
	lda, ldc := k+k%3, width+k%2
	a, b := random(rng, (rows-1)*lda+k, 1), random(rng, size, 1)
	c := random(rng, (rows-1)*ldc+width, 1)
	for _, inPlace := range []bool{false, true} {
		init, ldi := c[:width], 0
		if inPlace {
			init, ldi = c, ldc
		}
		want, sums := slices.Clone(c), slices.Clone(c)
		plain(k, first(a), lda, first(b), &init[0], ldi, &want[0], ldc, nil, 1)
		plain(k, first(abs(a)), lda, first(abs(b)), &abs(init)[0], ldi, &sums[0], ldc, nil, 1)
		g.everywhere(t, func() error {
			got := place(g, c)
			from := got
			if !inPlace {
				from = place(g, init)
			}
			pa, pb := first(place(g, a)), first(place(g, b)) // fetching beyond pb must do no harm
			kernel(k, pa, lda, pb, &from[0], ldi, &got[0], ldc, pb, 1<<(k%3))
			return near(got, want, func(i int) float64 { return float64(2*k+4) * 0x1p-24 * float64(sums[i]) })
		}, "k %d, %d rows, in place %t", k, rows, inPlace)
	}
}

func TestGuardTiles8(t *testing.T) {
	rng := rand.New(rand.NewPCG(12, 1))
	g := newGuarded(t, 5, largestGuarded*Width)
	eachTier(t, func(t *testing.T, s *Set) {
		for _, k := range guardSizes(8, 8) {
			for rows := 1; rows <= len(s.tile8); rows++ {
				lda, ldc := k+k%3, Width+k%5
				a, b := make([]uint8, (rows-1)*lda+k), make([]int8, k*Width)
				for i := range a {
					a[i] = uint8(rng.IntN(quantMax + 1))
				}
				for i := range b { // four of them times quantMax stay within 16 bits
					b[i] = int8(rng.IntN(91) - 45)
				}
				perRow, perColumn := random(rng, 2*rows, 1), random(rng, columnParams, 1)
				for j := range Width { // the sums of columns go with their bytes
					sum := 0
					for i := range k {
						sum += int(b[i/4*4*Width+j*4+i%4])
					}
					perColumn[3*Width+j] = math.Float32frombits(uint32(int32(sum)))
				}
				c := random(rng, (rows-1)*ldc+Width, 1)
				want := slices.Clone(c)
				generic.tile8[rows-1](k, &a[0], lda, &b[0], &perRow[0], &perColumn[0], &want[0], ldc)
				g.everywhere(t, func() error {
					got := place(g, c)
					s.tile8[rows-1](k, &place(g, a)[0], lda, &place(g, b)[0], &place(g, perRow)[0], &place(g, perColumn)[0], &got[0], ldc)
					return same(got, want)
				}, "k %d, %d rows", k, rows)
			}
		}
	})
}

func TestGuardQuantize(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 1))
	g := newGuarded(t, 3, 4*largestGuarded)
	eachTier(t, func(t *testing.T, s *Set) {
		for _, n := range guardSizes(1, Width) {
			src, want, wantParam := random(rng, n, 2), make([]uint8, n), make([]float32, 2)
			generic.quantize(&want[0], &src[0], n, quantMax, &wantParam[0])
			g.everywhere(t, func() error {
				got, param := place(g, make([]uint8, n)), place(g, make([]float32, 2))
				s.quantize(&got[0], &place(g, src)[0], n, quantMax, &param[0])
				if err := same(param, wantParam); err != nil {
					return fmt.Errorf("parameters: %w", err)
				}
				return same(got, want)
			}, "n %d", n)
		}
	})
}

func TestGuardActivations(t *testing.T) {
	rng := rand.New(rand.NewPCG(14, 1))
	g := newGuarded(t, 1, 4*largestGuarded*(Width+1))
	bounds := map[Act]float64{GELU: 3e-7, GELUTanh: 5e-7, ReLU: 0, SiLU: 5e-7}
	x := random(rng, largestGuarded*(Width+1), 3)
	type key struct {
		act Act
		ld  int
	}
	truth := map[key][]float32{} // of all rows: those of fewer are its beginning
	for act := range bounds {
		for _, ld := range []int{Width, Width + 1} {
			want := slices.Clone(x)
			generic.activate(&want[0], largestGuarded, ld, act)
			truth[key{act, ld}] = want
		}
	}
	eachTier(t, func(t *testing.T, s *Set) {
		for _, rows := range guardSizes(1, 1) {
			ld := Width + rows%2
			x := x[:(rows-1)*ld+Width]
			for act, bound := range bounds {
				g.everywhere(t, func() error {
					got := place(g, x)
					s.activate(&got[0], rows, ld, act)
					return near(got, truth[key{act, ld}][:len(x)], func(i int) float64 {
						return bound * max(1, math.Abs(float64(x[i])))
					})
				}, "%d rows, act %d", rows, act)
			}
		}
	})
}

func TestGuardSoftmax(t *testing.T) {
	rng := rand.New(rand.NewPCG(15, 1))
	g := newGuarded(t, 1, 4*3*(largestGuarded+Width))
	eachTier(t, func(t *testing.T, s *Set) {
		for _, n := range guardSizes(1, 1) {
			const scale = 0.25
			rows, ld := 1+n%3, Pad(n)+n%5
			x := random(rng, (rows-1)*ld+Pad(n), 5)
			want, top := slices.Clone(x), float64(slices.Max(abs(x)))
			generic.softmax(&want[0], rows, ld, n, scale)
			g.everywhere(t, func() error {
				got := place(g, x)
				s.softmax(&got[0], rows, ld, n, scale)
				return near(got, want, func(i int) float64 {
					return float64(want[i])*(6e-7+scale*2*top*0x1p-23) + 1e-37
				})
			}, "n %d, %d rows", n, rows)
		}
	})
}

func TestGuardLayerNorm(t *testing.T) {
	rng := rand.New(rand.NewPCG(16, 1))
	g := newGuarded(t, 5, 4*largestGuarded)
	eachTier(t, func(t *testing.T, s *Set) {
		for _, n := range guardSizes(1, 1) {
			const eps = 1e-12
			operand := func() []float32 { return padded(rng, random(rng, n, 1), 1, n, 0) }
			x, residual, gain, bias := operand(), operand(), operand(), operand()
			want := make([]float32, Pad(n))
			generic.layerNorm(&want[0], &x[0], &residual[0], &gain[0], &bias[0], n, eps)
			bound := func(i int) float64 {
				return 5e-6*max(1, math.Abs(float64(gain[i]))) + 1e-6*math.Abs(float64(want[i]))
			}
			g.everywhere(t, func() error {
				from, dst := place(g, x), place(g, random(rng, Pad(n), 1))
				b, c, d := place(g, residual), place(g, gain), place(g, bias)
				s.layerNorm(&dst[0], &from[0], &b[0], &c[0], &d[0], n, eps)
				if err := near(dst, want, bound); err != nil {
					return err
				}
				s.layerNorm(&from[0], &from[0], &b[0], &c[0], &d[0], n, eps)
				return near(from, want, bound)
			}, "n %d", n)
		}
	})
}

func TestGuardRMSNorm(t *testing.T) {
	rng := rand.New(rand.NewPCG(16, 2))
	g := newGuarded(t, 3, 4*largestGuarded)
	eachTier(t, func(t *testing.T, s *Set) {
		for _, n := range guardSizes(1, 1) {
			const eps = 1e-6
			operand := func() []float32 { return padded(rng, random(rng, n, 1), 1, n, 0) }
			x, gain, want := operand(), operand(), make([]float32, Pad(n))
			generic.rmsNorm(&want[0], &x[0], &gain[0], n, eps)
			bound := func(i int) float64 { return 5e-6 * math.Abs(float64(want[i])) }
			g.everywhere(t, func() error {
				from, dst, b := place(g, x), place(g, random(rng, Pad(n), 1)), place(g, gain)
				s.rmsNorm(&dst[0], &from[0], &b[0], n, eps)
				if err := near(dst, want, bound); err != nil {
					return err
				}
				s.rmsNorm(&from[0], &from[0], &b[0], n, eps)
				return near(from, want, bound)
			}, "n %d", n)
		}
	})
}

func TestGuardPackRows(t *testing.T) {
	rng := rand.New(rand.NewPCG(17, 1))
	g := newGuarded(t, 2, 4*largestGuarded*(Width+1))
	eachTier(t, func(t *testing.T, s *Set) {
		for _, k := range guardSizes(8, 8) {
			ld := k + k/8%2*5
			src, want := random(rng, (Width-1)*ld+k, 1), make([]float32, k*Width)
			generic.packRows(&want[0], &src[0], ld, k)
			g.everywhere(t, func() error {
				got := place(g, make([]float32, k*Width))
				s.packRows(&got[0], &place(g, src)[0], ld, k)
				return same(got, want)
			}, "k %d", k)
		}
	})
}

// TestGuardAttention gives attention just the memory that its contract asks for.
func TestGuardAttention(t *testing.T) {
	rng := rand.New(rand.NewPCG(18, 1))
	h := Heads{Count: 2, Size: 32, Scale: 0.2}
	ld := h.Count * h.Size
	g := newGuarded(t, 5, 4*512*(ld+512))
	eachTier(t, func(t *testing.T, s *Set) {
		for _, keys := range append(sequence(1, 66), 127, 257) {
			queries := min(keys, 1+keys%60)
			q, v := random(rng, queries*ld, 1), random(rng, keys*ld, 1)
			k, scratch := random(rng, Pad(keys)*ld, 1), make([]float32, AttentionScratch(keys, h))
			want := make([]float32, queries*ld)
			generic.Attention(want, ld, q, ld, k, v, ld, queries, keys, h, slices.Clone(scratch))
			g.everywhere(t, func() error {
				got := place(g, make([]float32, queries*ld))
				s.Attention(got, ld, place(g, q), ld, place(g, k), place(g, v), ld, queries, keys, h, place(g, scratch))
				return near(got, want, func(int) float64 { return 1e-5 })
			}, "%d keys, %d queries", keys, queries)
		}
	})
}

// TestGuardAttentionWindow does so within windows, whose keys need no memory beyond the last.
func TestGuardAttentionWindow(t *testing.T) {
	rng := rand.New(rand.NewPCG(18, 2))
	h := Heads{Count: 2, Size: 32, Scale: 0.2}
	ld := h.Count * h.Size
	g := newGuarded(t, 5, 4*512*(ld+512))
	eachTier(t, func(t *testing.T, s *Set) {
		for keys := 1; keys <= 120; keys += 7 {
			for _, window := range []int{1, 8, 33} {
				queries := min(keys, 1+keys%60)
				first := keys - queries
				q, k, v := random(rng, queries*ld, 1), random(rng, keys*ld, 1), random(rng, keys*ld, 1)
				scratch := make([]float32, AttentionScratch(WindowKeys(queries, keys, window), h))
				want := make([]float32, queries*ld)
				generic.AttentionWindow(want, ld, q, ld, k, v, ld, queries, first, keys, window, h, slices.Clone(scratch))
				g.everywhere(t, func() error {
					got := place(g, make([]float32, queries*ld))
					s.AttentionWindow(got, ld, place(g, q), ld, place(g, k), place(g, v), ld, queries, first, keys, window, h, place(g, scratch))
					return near(got, want, func(int) float64 { return 1e-5 })
				}, "%d keys, %d queries, window %d", keys, queries, window)
			}
		}
	})
}

// TestGuardAttentionFew does so with few queries.
func TestGuardAttentionFew(t *testing.T) {
	rng := rand.New(rand.NewPCG(18, 3))
	const size = 48
	g := newGuarded(t, 4, 4*1024*size)
	eachTier(t, func(t *testing.T, s *Set) {
		for _, keys := range []int{1, 15, 16, 17, 100, depthBlock, depthBlock + 1, 2 * depthBlock} {
			const queries = 3
			q, x, scratch := random(rng, queries*size, 1), random(rng, Pad(keys)*size, 1), make([]float32, FewScratch(queries, keys, size))
			want := make([]float32, queries*size)
			generic.AttentionFew(want, size, q, size, x, x, size, queries, keys, size, 0.1, slices.Clone(scratch))
			g.everywhere(t, func() error {
				got, x := place(g, make([]float32, queries*size)), place(g, x)
				s.AttentionFew(got, size, place(g, q), size, x, x, size, queries, keys, size, 0.1, place(g, scratch))
				return near(got, want, func(int) float64 { return 1e-5 })
			}, "%d keys", keys)
		}
	})
}
